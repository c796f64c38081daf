"""MailReceiver: a mail server that speaks SMTP (RFC 5321) and keeps what it takes; a test says what it refuses."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import cast

import msgspec


class Mail(msgspec.Struct, frozen=True):
    """As it was handed in. `was_sealed`: over TLS."""

    sender: str
    recipients: tuple[str, ...]
    body: bytes
    was_sealed: bool

    @property
    def message(self) -> EmailMessage:
        return cast(EmailMessage, message_from_bytes(self.body, policy=default))


class MailReceiver:
    """`answers`: a verb's answer instead of the usual one. `silent`: the verb after which nothing is said.

    `tls`: STARTTLS is offered. `users`: whose password is asked for.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, users: dict[str, str] | None = None) -> None:
        self.mails: list[Mail] = []
        self.answers: dict[str, str] = {}
        self.silent: str | None = None
        self.greetings = 0
        self.port = 0
        self._tls = tls
        self._users = users or {}
        self._came = asyncio.Condition()
        self._talks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def received(self, count: int = 1) -> list[Mail]:
        """At least so many, within ten seconds."""
        async with asyncio.timeout(10), self._came:
            await self._came.wait_for(lambda: len(self.mails) >= count)
        return self.mails

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = _Talk(self, reader, writer)
        task = asyncio.create_task(talk.run())
        self._talks.add(task)
        try:
            await task
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            pass  # the client is gone
        finally:
            self._talks.discard(task)
            writer.close()

    async def keep(self, mail: Mail) -> None:
        async with self._came:
            self.mails.append(mail)
            self._came.notify_all()

    def stop(self) -> None:
        for task in self._talks:
            task.cancel()

    @property
    def tls(self) -> ssl.SSLContext | None:
        return self._tls

    def knows(self, user: str, password: str) -> bool:
        return self._users.get(user) == password

    @property
    def asks_passwords(self) -> bool:
        return bool(self._users)


class _Talk:
    """One connection."""

    def __init__(self, receiver: MailReceiver, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._receiver, self._reader, self._writer = receiver, reader, writer
        self._is_sealed = False
        self._sender, self._recipients = "", list[str]()

    async def run(self) -> None:
        self._receiver.greetings += 1
        await self._say("CONNECT", "220 mail.test")
        while line := (await self._reader.readline()).decode().rstrip("\r\n"):
            verb, _, rest = line.partition(" ")
            if await self._answer(verb.upper(), rest):
                return

    async def _answer(self, verb: str, rest: str) -> bool:
        """True where that was all."""
        match verb:
            case "EHLO":
                await self._say(verb, self._features())
            case "STARTTLS" if self._receiver.tls is not None:
                await self._say(verb, "220 go on")
                await self._writer.start_tls(self._receiver.tls)
                self._is_sealed = True
            case "AUTH":
                _, user, password = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")
                is_known = self._receiver.knows(user, password)
                await self._say(verb, "235 welcome" if is_known else "535 who are you")
            case "MAIL":
                self._sender = rest[rest.index("<") + 1 : rest.index(">")]
                await self._say(verb, "250 ok")
            case "RCPT":
                self._recipients.append(rest[rest.index("<") + 1 : rest.index(">")])
                await self._say(verb, "250 ok")
            case "DATA":
                await self._take()
            case _:
                await self._say(verb, "221 bye" if verb == "QUIT" else "250 ok")
        return verb == "QUIT"

    async def _take(self) -> None:
        await self._say("DATA", "354 go on")
        body = await self._reader.readuntil(b"\r\n.\r\n")
        if "END" not in self._receiver.answers:
            mail = Mail(
                self._sender, tuple(self._recipients), body[:-3].replace(b"\r\n..", b"\r\n."), self._is_sealed
            )
            await self._receiver.keep(mail)
        await self._say("END", "250 taken")

    def _features(self) -> str:
        offers = ["250-mail.test"]
        if self._receiver.tls is not None and not self._is_sealed:
            offers.append("250-STARTTLS")
        if self._receiver.asks_passwords:
            offers.append("250-AUTH PLAIN")
        return "\r\n".join([*offers, "250 8BITMIME"])

    async def _say(self, verb: str, usual: str) -> None:
        if self._receiver.silent == verb:
            await asyncio.Event().wait()
        self._writer.write(f"{self._receiver.answers.get(verb, usual)}\r\n".encode())
        await self._writer.drain()


@asynccontextmanager
async def mail_receiver(
    tls: ssl.SSLContext | None = None, users: dict[str, str] | None = None
) -> AsyncIterator[MailReceiver]:
    """Listens on a free port of this machine."""
    receiver = MailReceiver(tls, users)
    server = await asyncio.start_server(receiver.talk, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        receiver.stop()
        server.close()
