"""What a visitor's few words are taken for."""

from __future__ import annotations

import pytest

from application.visitor_intent import asks_who_answers, is_greeting, is_thanks, wants_human


@pytest.mark.parametrize(
    "text",
    [
        "human",
        "Agent please!",
        "a real person",
        "customer service representative",
        "operator",
        "Can I talk to a human?",
        "can i speak with one of your agents please",
        "I want to talk to somebody about my order",
        "I’d like to chat with a real person",
        "Please put me through to someone",
        "transfer me to an agent",
        "connect me with a representative",
        "get me a manager",
        "I need a human",
        "i want a real person now",
        "Is there anyone here? I'd rather speak to a person",
        "is there a human there",
        "escalate this to your supervisor",
        "How can I reach a human?",
    ],
)
def test_asking_for_a_human_is_understood(text: str) -> None:
    assert wants_human(text)


@pytest.mark.parametrize(
    "text",
    [
        "How do I return a jacket?",
        "What is the policy for people over 65?",
        "I don't want to talk to a human, just tell me the price",
        "My agent code does not work",
        "How many persons fit in the tent?",
        "Can I give my voucher to a friend?",
        "The operator manual is missing",
        "Do you sell human hair wigs?",
        "are you a human?",
        "Hello",
        "",
        "???",
    ],
)
def test_a_question_is_not_taken_for_it(text: str) -> None:
    assert not wants_human(text)


@pytest.mark.parametrize("text", ["Hi", "hello there!", "Good morning", "hey hey", "Good day"])
def test_a_bare_greeting_is_one(text: str) -> None:
    assert is_greeting(text)


@pytest.mark.parametrize("text", ["", "good", "there", "Hi, where is my parcel?", "good refund"])
def test_a_greeting_with_a_question_is_a_question(text: str) -> None:
    assert not is_greeting(text)


@pytest.mark.parametrize(
    "text", ["Thanks!", "thank you very much", "Great, thanks for the help", "Perfect. Cheers"]
)
def test_bare_thanks_are_thanks(text: str) -> None:
    assert is_thanks(text)


@pytest.mark.parametrize("text", ["", "great", "ok", "thanks, and how do I pay?", "It works"])
def test_anything_more_is_not_thanks(text: str) -> None:
    assert not is_thanks(text)


@pytest.mark.parametrize("text", ["Are you a bot?", "are you a real person", "r u human"])
def test_asking_who_answers_is_understood(text: str) -> None:
    assert asks_who_answers(text)
