"""Notices by mail over a real server: what is sent, what is refused, and what cannot be smuggled in."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from application.notice_ports import Notice, NoticeNotSent
from infrastructure.breaker import Breaker
from infrastructure.notices.log_only import LogOnly
from infrastructure.notices.server import MailServer, mail_server
from infrastructure.notices.smtp import SmtpNotices
from infrastructure.settings import SettingRefused, Settings
from interfaces.continuity import open_notices
from tests.support.mail_receiver import MailReceiver, mail_receiver

NOTICE = Notice(
    id=UUID(int=0xABC),
    tenant_id=7,
    address="vera@visitor.test",
    sender="Möbel & Co",
    subject="Möbel & Co: You have an unread reply",
    text="While you were away we wrote:\n\nTeam:\nYes, in blue.\n.\nTwo of them.\n",
    replies=1,
)
SENDER = "chat@shop.test"


@pytest.fixture
async def receiver() -> AsyncIterator[MailReceiver]:
    async with mail_receiver() as found:
        yield found


def notices(receiver: MailReceiver, deadline: float = 5.0, **more: object) -> SmtpNotices:
    return SmtpNotices(mail_server(receiver.url), SENDER, deadline, **more)  # pyright: ignore[reportArgumentType]


async def refused(sending: SmtpNotices, notice: Notice = NOTICE) -> tuple[str, bool]:
    with pytest.raises(NoticeNotSent) as caught:
        await sending.send(notice)
    return caught.value.reason, caught.value.is_final


async def test_a_notice_is_a_plain_mail_with_an_id_that_stays(receiver: MailReceiver) -> None:
    sending = notices(receiver)
    await sending.send(NOTICE)
    await sending.send(NOTICE)
    first, second = receiver.mails
    assert (first.sender, first.recipients) == (SENDER, ("vera@visitor.test",))
    message = first.message
    assert message["From"] == "Möbel & Co <chat@shop.test>"
    assert message["To"] == "vera@visitor.test"
    assert message["Subject"] == NOTICE.subject
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "text/plain"
    assert message.get_content().replace("\r\n", "\n") == NOTICE.text
    assert message["Message-ID"] == second.message["Message-ID"] == f"<ntc_{'0' * 29}abc@shop.test>"


async def test_no_name_or_subject_adds_a_header_and_no_address_becomes_two(receiver: MailReceiver) -> None:
    evil = msgspec.structs.replace(
        NOTICE, sender="Shop\r\nBcc: a@b.test\u2028", subject="Hi\nX-Evil: 1\r\n\r\nbody"
    )
    await notices(receiver).send(evil)
    (mail,) = receiver.mails
    assert mail.recipients == ("vera@visitor.test",)
    assert (mail.message["Bcc"], mail.message["X-Evil"]) == (None, None)
    assert mail.message["Subject"] == "Hi X-Evil: 1 body"
    for address in ("a@b.test,c@d.test", "<a@b.test>", "a@b.test\r\nDATA", "a@b\x0bc", "é@b.test", "a", "@", "a@"):
        crooked = msgspec.structs.replace(NOTICE, address=address)
        assert await refused(notices(receiver), crooked) == ("address_refused", True)
    assert len(receiver.mails) == 1


@pytest.mark.parametrize(
    ("verb", "said", "expected"),
    [
        ("RCPT", "550 no such mailbox", ("address_refused", True)),
        ("RCPT", "450 try later", ("unavailable", False)),
        ("END", "554 spam", ("content_refused", True)),
        ("DATA", "451 full", ("unavailable", False)),
        ("MAIL", "553 not you", ("server_refused", False)),
        ("CONNECT", "554 go away", ("server_refused", False)),
        ("CONNECT", "421 busy", ("unavailable", False)),
        ("CONNECT", "nonsense", ("unavailable", False)),
    ],
)
async def test_a_refusal_says_whose_fault_it_is_and_whether_to_try_again(
    receiver: MailReceiver, verb: str, said: str, expected: tuple[str, bool]
) -> None:
    receiver.answers[verb] = said
    assert await refused(notices(receiver)) == expected
    assert receiver.mails == []


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "END"])
async def test_a_silent_server_costs_the_deadline_and_no_more(receiver: MailReceiver, verb: str) -> None:
    receiver.silent = verb
    assert await refused(notices(receiver, deadline=0.2)) == ("timeout", False)


async def test_a_server_that_is_not_there_is_asked_no_more_after_a_few_failures(receiver: MailReceiver) -> None:
    receiver.answers["MAIL"] = "451 later"
    sending = notices(receiver, breaker=Breaker(failures=2, rest=60))
    for _ in range(4):
        assert await refused(sending) == ("unavailable", False)
    assert receiver.greetings == 2
    nobody = SmtpNotices(MailServer("127.0.0.1", 1), SENDER)
    assert await refused(nobody) == ("unavailable", False)


async def test_an_address_that_is_refused_says_nothing_against_the_server(receiver: MailReceiver) -> None:
    receiver.answers["RCPT"] = "550 no such mailbox"
    sending = notices(receiver, breaker=Breaker(failures=2, rest=60))
    for _ in range(4):
        await refused(sending)
    assert receiver.greetings == 4


async def test_a_password_goes_over_tls_only_to_a_server_that_is_vouched_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with mail_receiver(certificate(tmp_path), {"us": "p@ss"}) as receiver:
        server = mail_server(f"smtp://us:p%40ss@localhost:{receiver.port}")
        assert await refused(SmtpNotices(server, SENDER)) == ("unavailable", False)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        await SmtpNotices(server, SENDER).send(NOTICE)
        assert [mail.was_sealed for mail in receiver.mails] == [True]
        wrong = mail_server(f"smtp://us:no@localhost:{receiver.port}")
        assert await refused(SmtpNotices(wrong, SENDER)) == ("server_refused", False)
    async with mail_receiver(users={"us": "p@ss"}) as receiver:
        openly = mail_server(f"smtp://us:p%40ss@localhost:{receiver.port}")
        assert await refused(SmtpNotices(openly, SENDER)) == ("server_refused", False)
        assert receiver.mails == []


async def test_without_a_server_a_line_without_text_or_address_is_all(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "verbatim.notices"):
        await LogOnly().send(NOTICE)
    (line,) = caplog.messages
    assert "ntc_" in line
    assert "vera" not in line
    assert "blue" not in line


def test_settings_say_which_and_half_of_them_is_refused() -> None:
    both = Settings(database_url="x", nats_url="x", secret="s" * 32)
    assert open_notices(both).via == "log"
    with_url = msgspec.structs.replace(both, smtp_url="smtps://mail.test")
    with pytest.raises(SettingRefused):
        open_notices(with_url)
    assert open_notices(msgspec.structs.replace(with_url, smtp_sender=SENDER)).via == "email"
    for url in ("http://mail.test", "smtp://", "smtp://a:b", "smtp://a/b"):
        with pytest.raises(SettingRefused):
            open_notices(msgspec.structs.replace(both, smtp_url=url, smtp_sender=SENDER))
    assert mail_server("smtps://mail.test").port == 465


def certificate(directory: Path) -> ssl.SSLContext:
    """For localhost, and vouched for by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert, secret = directory / "cert.pem", directory / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    secret.write_bytes(key.private_bytes(*form))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, secret)
    return context
