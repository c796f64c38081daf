"""Whenever a visitor writes to a conversation that the assistant has, the assistant answers: at most once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from application.conversation import PostMessage
from application.handling import AcceptConversation, EndConversation, HandOverConversation
from application.log import Recorded
from application.policies.answer_with_assistant import AnswerWithAssistant
from application.ports import Answer, Hear, Question, Turn, unheard
from domain.conversation import AssistantReplied, Citation, ReplyDiscarded
from domain.handling import HandedOver
from domain.kernel import By
from tests.support.house import ASSISTANT, PERSONA, TENANT, VISITOR, House, agent
from tests.support.memory_log import MemoryLog

Meanwhile = Callable[[], Awaitable[object]]


class Thinker:
    """Gives its answers one after the other; `meanwhile` happens while it thinks."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers) or [Answer("Hello.")]
        self.asked: list[Question] = []
        self.meanwhile: list[Meanwhile] = []

    async def answer(self, question: Question, hear: Hear = unheard) -> Answer:
        answer = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append(question)
        if self.meanwhile:
            await self.meanwhile.pop(0)()
        return answer


class Scene:
    """A house, an assistant that thinks, and the policy between them."""

    def __init__(self, *answers: Answer) -> None:
        self.log = MemoryLog()
        self.house = House(self.log)
        self.thinker = Thinker(*answers)
        self.policy = AnswerWithAssistant(self.log, self.house.bus, self.thinker)

    async def begin(self, text: str = "Where is my parcel?") -> UUID:
        await self.house.open()
        return await self.house.chat(text)

    async def react(self, recorded: Recorded | None = None) -> None:
        await self.policy.react(recorded or self.last_message())

    def last_message(self) -> Recorded:
        return [one for one in self.log.recorded if self.policy.concerns(one)][-1]


async def test_a_visitors_message_is_answered_as_the_assistant() -> None:
    scene = Scene(Answer("Soon.", model="m", tokens=9, citations=(Citation(UUID(int=1), "Parcels"),)))
    await scene.begin()
    asked_at = scene.last_message()
    await scene.react()
    reply = scene.log.last()
    assert isinstance(reply, AssistantReplied)
    assert (reply.text, reply.model, reply.tokens, reply.citations[0].title) == ("Soon.", "m", 9, "Parcels")
    assert reply.by == By("assistant", ASSISTANT)
    assert (reply.cause.policy, reply.cause.position) == ("answer_with_assistant", asked_at.position)
    assert reply.asked_version == asked_at.version


async def test_the_assistant_sees_its_persona_and_the_public_turns() -> None:
    scene = Scene()
    chat = await scene.begin("Hello")
    await scene.react()
    await scene.house.do(agent(), PostMessage(conversation_id=chat, text="VIP!", private=True))
    await scene.house.say(chat, "Where is it?")
    await scene.react()
    question = scene.thinker.asked[-1]
    assert (question.tenant_id, question.persona) == (TENANT, PERSONA)
    assert question.turns == (
        Turn("visitor", "Hello"),
        Turn("assistant", "Hello."),
        Turn("visitor", "Where is it?"),
    )


async def test_only_messages_of_visitors_concern_it() -> None:
    scene = Scene()
    chat = await scene.begin()
    await scene.house.do(agent(), PostMessage(conversation_id=chat, text="note", private=True))
    await scene.house.say(chat, "I am here", agent())
    concerned = [one.type for one in scene.log.recorded if scene.policy.concerns(one)]
    assert concerned == ["conversation.message_posted.1"]


async def test_an_answer_that_asks_for_a_human_hands_over_in_the_same_breath() -> None:
    scene = Scene(Answer("A colleague will take over.", hand_over="nothing_found"))
    chat = await scene.begin()
    await scene.react()
    assert scene.log.types(chat)[-2:] == ["conversation.assistant_replied.1", "conversation.handed_over.1"]
    handed = scene.log.last()
    assert isinstance(handed, HandedOver)
    assert (handed.reason, handed.after.handled_by) == ("nothing_found", "queue")


async def test_a_conversation_without_assistant_is_left_to_humans() -> None:
    scene = Scene()
    await scene.house.chat(with_assistant=False)
    await scene.react()
    assert scene.thinker.asked == []


@pytest.mark.parametrize("by_agent", [AcceptConversation, EndConversation, HandOverConversation])
async def test_what_a_human_has_or_has_ended_is_left_alone(by_agent: type) -> None:
    scene = Scene()
    chat = await scene.begin()
    why = {"reason": "mine"} if by_agent is HandOverConversation else {}
    await scene.house.do(agent(), by_agent(conversation_id=chat, **why))
    await scene.react()
    assert scene.thinker.asked == []


async def test_of_two_messages_the_later_one_is_answered_for_both() -> None:
    scene = Scene()
    chat = await scene.begin("Hello")
    first = scene.last_message()
    await scene.house.say(chat, "Where is my parcel?")
    await scene.react(first)
    assert scene.thinker.asked == []
    await scene.react()
    assert scene.log.types(chat).count("conversation.assistant_replied.1") == 1


async def test_it_never_speaks_over_an_agent_who_came_while_it_thought() -> None:
    scene = Scene()
    chat = await scene.begin()
    scene.thinker.meanwhile = [lambda: scene.house.say(chat, "I have it.", agent())]
    await scene.react()
    discarded = scene.log.last()
    assert isinstance(discarded, ReplyDiscarded)
    assert (discarded.text, discarded.reason) == ("Hello.", "handled_by_agent")
    assert "conversation.assistant_replied.1" not in scene.log.types(chat)


async def test_a_message_that_came_while_it_thought_gets_the_one_answer() -> None:
    scene = Scene(Answer("To the first."), Answer("To both."))
    chat = await scene.begin("Hello")
    scene.thinker.meanwhile = [lambda: scene.house.say(chat, "Where is my parcel?")]
    await scene.react()
    await scene.react()
    replies = [one.event for one in scene.log.recorded if isinstance(one.event, AssistantReplied)]
    assert [reply.text for reply in replies] == ["To both."]


async def test_a_note_written_while_it_thought_costs_the_visitor_no_answer() -> None:
    scene = Scene(Answer("Too late."), Answer("Now."))
    chat = await scene.begin()
    note = PostMessage(conversation_id=chat, text="hm", private=True)
    scene.thinker.meanwhile = [lambda: scene.house.do(agent(), note)]
    await scene.react()
    reply = scene.log.last()
    assert isinstance(reply, AssistantReplied)
    assert reply.text == "Now."


async def test_who_cannot_be_answered_in_three_tries_gets_a_human() -> None:
    scene = Scene()
    chat = await scene.begin()
    note = PostMessage(conversation_id=chat, text="hm", private=True)
    scene.thinker.meanwhile = [lambda: scene.house.do(agent(), note)] * 5
    await scene.react()
    assert scene.log.types(chat).count("conversation.reply_discarded.1") == 3
    handed = scene.log.last()
    assert isinstance(handed, HandedOver)
    assert handed.reason == "assistant_failed"


async def test_reacting_twice_answers_once_and_asks_the_model_once() -> None:
    scene = Scene(Answer("One."), Answer("Two."))
    chat = await scene.begin()
    message = scene.last_message()
    await scene.react(message)
    await scene.react(message)
    assert scene.log.types(chat).count("conversation.assistant_replied.1") == 1
    assert len(scene.thinker.asked) == 1


async def test_two_reactors_at_once_answer_once_although_in_other_words() -> None:
    """The key of the reply derives from the message: the second finds it used with another content."""
    scene = Scene(Answer("One."), Answer("Two."))
    chat = await scene.begin()
    message = scene.last_message()
    other = AnswerWithAssistant(scene.log, scene.house.new_bus(), scene.thinker)
    scene.thinker.meanwhile = [lambda: other.react(message)]
    await scene.react(message)
    assert scene.log.types(chat)[2:] == ["conversation.assistant_replied.1"]
    assert len(scene.thinker.asked) == 2


async def test_words_that_were_erased_are_not_answered() -> None:
    scene = Scene()
    await scene.begin()
    message = scene.last_message()
    scene.log.shred(VISITOR)
    await scene.react(message)
    assert scene.thinker.asked == []


async def test_a_clients_key_cannot_take_the_place_of_a_reply() -> None:
    """Somebody who guesses the policy's key and uses it first must not silence the assistant."""
    scene = Scene()
    chat = await scene.begin()
    message = scene.last_message()
    note = PostMessage(conversation_id=chat, text="hm", private=True)
    await scene.house.do(agent(), note, key=f"answer_with_assistant:{message.position}:0")
    await scene.react(message)
    assert isinstance(scene.log.last(), AssistantReplied)
