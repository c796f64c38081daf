"""Card numbers and secrets never reach the log; ordinary numbers do."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.masking import LONGEST, LONGEST_PHONE, SHORTEST, is_luhn_valid, mask

SECRETS = {
    "4111111111111111": "card_number",
    "4111 1111 1111 1111": "card_number",
    "5500-0000-0000-0004": "card_number",
    "3400 000000 00009": "card_number",
    "6011 0000 0000 0004": "card_number",
    "4222222222222": "card_number",
    "6304 0000 0000 0000 000": "card_number",
    "4111\u00a01111\u20111111 - 1111": "card_number",
    "sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc": "api_key",
    "AKIA" + "IOSFODNN7EXAMPLE": "api_key",
    "ghp_" + "a" * 36: "api_key",
    "sk-proj-" + "A1b2" * 8: "api_key",
    "vt_" + "x" * 43: "api_key",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----": "private_key",
    "-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA": "private_key",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl": "jwt",
}
ORDINARY = [
    "",
    "Order 4711 of 2026-11-21 10:30, please.",
    "Order id 1000000000000003.",
    "EAN 4006381333931 and 9783161484101",
    "Call +49 151 23456789 or +1 (555) 010-9999",
    "+4915123456788",
    "IBAN DE89 3704 0044 0532 0130 00",
    "1234567890 is too short",
    "My password is not working",
    "password",
    "sk_live_ is how our keys begin",
    "[card-number] and [password]",
    "password: [password]",
    "9f86d081-884c-7d65-9a2f-eaa0c55ad015",
    "4707470525284066ab40ba31371216d3 and 12 4707470525284066AB40BA31371216D3",
    "Seats 12, 13, 14, 15, 16, 17, 18",
]
PIECES = st.sampled_from(
    [
        *SECRETS,
        *ORDINARY,
        "password: ",
        "api_key=",
        "pwd => '",
        '"',
        "'",
        "+",
        "eyJ",
        "eyJabcdef.",
        "AKIA",
        "[card-number]",
        "[password]",
        "]",
        "x",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        " ",
        "-",
        "\n",
    ]
)
TEXTS = st.one_of(
    st.text(max_size=200),
    st.text(alphabet="0123456789 -+ab", max_size=80),
    st.lists(st.one_of(PIECES, st.text(alphabet="0123456789 -", max_size=24)), max_size=8).map("".join),
)


def runs(text: str) -> list[str]:
    """Every 13 to 19 digits in whole groups, by the plain way: all of them, one after the other."""
    found: list[str] = []
    text = re.sub(r"\b(?=\d*[a-f])[\da-f]{24,}\b|\b(?=\d*[A-F])[\dA-F]{24,}\b", "hash", text, flags=re.ASCII)
    for match in re.finditer(r"\d+(?:[ \u00a0\u2009\u202f\u2010-\u2015-]{1,3}\d+)*", text):
        groups = re.findall(r"\d+", match[0])
        if text[: match.start()].endswith("+") and len("".join(groups)) <= LONGEST_PHONE:
            continue
        for start in range(len(groups)):
            for end in range(start, len(groups)):
                found.append("".join(groups[start : end + 1]))
    return [run for run in found if SHORTEST <= len(run) <= LONGEST]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("around", ["{}", "Here it is: {}, thanks", "({})", "a {}\nb"])
def test_a_secret_is_taken_out_and_the_words_around_it_stay(secret: str, around: str) -> None:
    masked = mask(around.format(secret))
    before, _, after = around.partition("{}")
    assert masked.kinds == (SECRETS[secret],)
    assert secret not in masked.text
    assert masked.text.startswith(before)
    if "PRIVATE KEY" not in secret:
        assert masked.text.endswith(after)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("password: hunter2", "password: [password]"),
        ("Password=hunter2 and more", "Password=[password] and more"),
        ('{"password": "my long words"}', '{"password": [password]}'),
        ("PWD => x", "PWD => [password]"),
        ("api_key: 12345", "api_key: [password]"),
        ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI", "AWS_SECRET_ACCESS_KEY=[password]"),
        ("password: 4111 1111 1111 1111", "password: [card-number]"),
    ],
)
def test_what_is_called_a_password_is_taken_out(text: str, masked: str) -> None:
    assert mask(text).text == masked


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_words_and_numbers_stay(text: str) -> None:
    assert (mask(text).text, mask(text).kinds) == (text, ())


def test_a_card_beside_other_numbers_is_found() -> None:
    assert mask("Order 12 4111 1111 1111 1111 of 2026").text == "Order 12 [card-number] of 2026"
    assert mask("4111111111111111 5500000000000004").text == "[card-number] [card-number]"


@given(st.from_regex(r"[1-9][0-9]{12,18}", fullmatch=True))
def test_a_number_is_taken_out_exactly_where_its_check_digit_is_right(digits: str) -> None:
    assert (mask(digits).text == digits) is not is_luhn_valid(digits)


@given(st.from_regex(r"[0-9]{1,12}", fullmatch=True), st.from_regex(r"\+[1-9][0-9]{5,13}", fullmatch=True))
def test_short_order_ids_and_international_phone_numbers_survive(order: str, phone: str) -> None:
    text = f"Order {order}, my number is {phone}."
    assert mask(text).text == text


@given(TEXTS)
@example("4111 1111 1111 1111 1111 1111 1111 1111")
def test_a_masked_text_holds_no_number_that_could_be_a_card(text: str) -> None:
    assert [run for run in runs(mask(text).text) if is_luhn_valid(run)] == []


@given(TEXTS)
@example("4111111111111111AKIAIOSFODNN7EXAMPLE")
@example("password:password: x")
@example("PWD='0'0")
@example('{"password": "x"}')
@example("pwd='a'pwd=b")
def test_masking_twice_changes_nothing(text: str) -> None:
    once = mask(text)
    assert mask(once.text) == type(once)(once.text)


@pytest.mark.parametrize(
    "unit",
    [
        "1 ", "4-", "1", "0", "eyJ", "eyJaaaaa.", "eyJaaaaa.aaaaa", "a.", "-----BEGIN PRIVATE KEY-----", "-----",
        "-----BEGIN ", "password", "password ", "password: ", 'password: "', "pwd:'a", "sk-", "sk_live_", "AKIA",
        "1111111111111a", "a1", "4111111111111111abcdefab ", "xoxb-", " ", "+",
        "[card-number]", "api_key ", "api ", "\u0661",
    ],
)  # fmt: skip
def test_a_hostile_text_takes_no_longer_than_its_length(unit: str) -> None:
    text = (unit * 10_000)[:10_000]
    began = time.perf_counter()
    mask(text)
    assert time.perf_counter() - began < 0.25
