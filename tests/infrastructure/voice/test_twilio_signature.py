"""The signature is Twilio's: the example of its own documentation, and nothing that differs from it."""

from __future__ import annotations

from infrastructure.voice.twilio_signature import is_signed, signature

TOKEN = "12345"
URL = "https://example.com/myapp.php?foo=1&bar=2"
FORM = (
    ("Digits", "1234"),
    ("To", "+18005551212"),
    ("From", "+14158675310"),
    ("Caller", "+14158675310"),
    ("CallSid", "CA1234567890ABCDE"),
)
SIGNATURE = "L/OH5YylLD5NRKLltdqwSvS0BnU="


def test_the_documented_example() -> None:
    assert signature(TOKEN, URL, FORM) == SIGNATURE
    assert is_signed(TOKEN, URL, tuple(reversed(FORM)), SIGNATURE)


def test_another_token_address_or_form_is_not_signed() -> None:
    assert not is_signed("12346", URL, FORM, SIGNATURE)
    assert not is_signed(TOKEN, URL + "&x=1", FORM, SIGNATURE)
    assert not is_signed(TOKEN, URL, (*FORM, ("x", "")), SIGNATURE)
    assert not is_signed(TOKEN, URL, FORM[1:], SIGNATURE)
    assert not is_signed(TOKEN, URL, FORM, "")
