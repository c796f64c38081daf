"""LogOnly: where no mail server is set, a notice is a line of the log: ids and numbers, no text and no address."""

from __future__ import annotations

import logging

from application.notice_ports import Notice
from domain.continuity import Via
from domain.ids import wire

_log = logging.getLogger("verbatim.notices")


class LogOnly:
    """Implements `application.notice_ports.Notices`. Nobody is told, and the event says so (`via` "log")."""

    via: Via = "log"

    async def send(self, notice: Notice) -> None:
        _log.info(
            "%s of tenant %s, %s replies: not sent, VERBATIM_SMTP_URL is not set",
            wire("notice", notice.id),
            notice.tenant_id,
            notice.replies,
        )
