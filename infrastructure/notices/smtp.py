"""SmtpNotices: tells absent visitors by mail, through the installation's mail server."""

from __future__ import annotations

import asyncio
import logging
from email.message import EmailMessage

from application.notice_ports import Notice, NoticeNotSent
from domain.continuity import Via
from domain.ids import wire
from infrastructure.breaker import Breaker
from infrastructure.notices.delivery import MailDelivery
from infrastructure.notices.mail import AddressUnusable, mail_of
from infrastructure.notices.server import MailServer

DEADLINE = 20.0
"""Seconds from the first connection to the last answer."""
SLACK = 5.0
"""Seconds after the deadline in which a thread that waits for a connection gives up by itself."""
AT_ONCE = 4
"""Connections to the mail server at a time."""

_log = logging.getLogger("verbatim.notices")


class SmtpNotices:
    """Implements `application.notice_ports.Notices`. A server that keeps failing is left alone for a while."""

    via: Via = "email"

    def __init__(
        self, server: MailServer, sender: str, deadline: float = DEADLINE, breaker: Breaker | None = None
    ) -> None:
        """`sender`: the address that mail comes from."""
        self._server = server
        self._sender = sender
        self._deadline = deadline
        self._breaker = breaker or Breaker()
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def send(self, notice: Notice) -> None:
        """The deadline begins with the connection, of which there are few: others wait for theirs."""
        try:
            message = mail_of(notice, self._sender)
        except AddressUnusable as unusable:
            raise NoticeNotSent("address_refused", is_final=True) from unusable
        async with self._slots:
            if not self._breaker.permits():
                raise NoticeNotSent("unavailable")
            await self._deliver(message, notice)
        _log.info("%s of tenant %s was taken", wire("notice", notice.id), notice.tenant_id)

    async def _deliver(self, message: EmailMessage, notice: Notice) -> None:
        try:
            await self._within_deadline(message, notice.address)
        except NoticeNotSent as refused:
            # Who refuses an address or a text is well.
            self._breaker.succeeded() if refused.is_final else self._breaker.failed()
            _log.warning("%s was not taken: %s", wire("notice", notice.id), refused.reason)
            raise
        except BaseException:
            self._breaker.abandoned()
            raise
        self._breaker.succeeded()

    async def _within_deadline(self, message: EmailMessage, recipient: str) -> None:
        delivery = MailDelivery(self._server, self._deadline + SLACK)
        try:
            async with asyncio.timeout(self._deadline):
                await asyncio.to_thread(delivery.run, message, self._sender, recipient)
        except TimeoutError as late:
            raise NoticeNotSent("timeout") from late
        finally:
            delivery.cut()  # a server that answers a byte at a time would keep the thread
