"""Mail: a notice as a plain-text message. Its Message-ID is the notice's, so a second copy is known as one."""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from application.notice_ports import Notice
from domain.ids import wire
from infrastructure.clock import now

_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
"""What could end a header, or be taken for its end."""


class AddressUnusable(ValueError):
    """No mail can be sent to it."""


def mail_of(notice: Notice, sender: str) -> EmailMessage:
    """`sender` is the installation's address; the tenant's site is only its name. Raises AddressUnusable."""
    message = EmailMessage(SMTP)
    message["From"] = Address(one_line(notice.sender), addr_spec=sender)
    message["To"] = _recipient(notice.address)
    message["Subject"] = one_line(notice.subject)
    message["Date"] = format_datetime(now())
    message["Message-ID"] = f"<{wire('notice', notice.id)}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's out-of-office answers it
    message.set_content(notice.text, charset="utf-8", cte="quoted-printable")
    return message


def one_line(text: str) -> str:
    """A header's text."""
    return " ".join(_BREAKS.sub(" ", text).split())


def _recipient(address: str) -> Address:
    try:
        # A comma or a bracket would make it several, or another: only what reads as one address is one.
        recipient = Address(addr_spec=address)
    except (HeaderParseError, ValueError, IndexError) as unreadable:
        raise AddressUnusable from unreadable
    if recipient.addr_spec != address or _BREAKS.search(address) or not address.isascii():
        raise AddressUnusable
    return recipient
