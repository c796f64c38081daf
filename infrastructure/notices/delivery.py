"""MailDelivery: one message over one connection, in a thread; it can be cut off from outside."""

from __future__ import annotations

import smtplib
import socket
import ssl
from contextlib import closing, suppress
from email.message import EmailMessage

from application.notice_ports import NoticeNotSent
from domain.continuity import Refused
from infrastructure.notices.server import MailServer

PERMANENT = 500
"""SMTP's answers from here on are for ever; those from 400 on are for now."""


class MailDelivery:
    """`run` in a thread: nothing here looks a name up or reads a certificate before. No single step of it takes
    longer than `seconds`; once the server has greeted, it ends when it is `cut`."""

    def __init__(self, server: MailServer, seconds: float) -> None:
        self._server = server
        self._seconds = seconds
        self._client: smtplib.SMTP | None = None

    def run(self, message: EmailMessage, sender: str, recipient: str) -> None:
        """Raises NoticeNotSent."""
        try:
            with closing(self._connect()) as client:
                self._client = client
                self._enter(client)
                _hand_in(client, message, sender, recipient)
        except smtplib.SMTPResponseException as answer:
            raise _refused(answer.smtp_code, "server_refused", is_about_us=True) from answer
        except TimeoutError as slow:
            raise NoticeNotSent("timeout") from slow
        except (smtplib.SMTPException, OSError) as broken:
            raise NoticeNotSent("unavailable") from broken

    def cut(self) -> None:
        """The thread's next read or write fails."""
        connection = None if self._client is None else self._client.sock
        if connection is not None:
            with suppress(OSError):  # it was closed by its own thread just now
                connection.shutdown(socket.SHUT_RDWR)

    def _connect(self) -> smtplib.SMTP:
        place = (self._server.host, self._server.port, socket.gethostname())
        if self._server.is_tls:
            return smtplib.SMTP_SSL(*place, timeout=self._seconds, context=ssl.create_default_context())
        return smtplib.SMTP(*place, timeout=self._seconds)

    def _enter(self, client: smtplib.SMTP) -> None:
        server = self._server
        client.ehlo()
        if not server.is_tls and client.has_extn("starttls"):
            client.starttls(context=ssl.create_default_context())
            client.ehlo()
        elif not server.is_tls and server.user is not None:
            raise NoticeNotSent("server_refused")  # no password goes over an open line
        if server.user is not None:
            client.login(server.user, server.password)


def _hand_in(client: smtplib.SMTP, message: EmailMessage, sender: str, recipient: str) -> None:
    _expect(client.mail(sender), "server_refused", is_about_us=True)
    _expect(client.rcpt(recipient), "address_refused")
    _expect(client.data(message.as_bytes()), "content_refused")
    with suppress(smtplib.SMTPException, OSError):  # it was taken; how it says goodbye changes nothing
        client.quit()


def _expect(answer: tuple[int, bytes], reason: Refused, *, is_about_us: bool = False) -> None:
    code = answer[0]
    if not 200 <= code < 300:
        raise _refused(code, reason, is_about_us=is_about_us)


def _refused(code: int, reason: Refused, *, is_about_us: bool = False) -> NoticeNotSent:
    """What is wrong with us an operator mends; what is wrong with an address stays so."""
    if code < PERMANENT:
        return NoticeNotSent("unavailable")
    return NoticeNotSent(reason, is_final=not is_about_us)
