"""The JSON of what became of a notice to an absent visitor."""

from __future__ import annotations

from datetime import datetime

import msgspec

from domain.continuity import FailReason, Via
from projections.continuity import NoticeStatus, NoticeView


class NoticeBody(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The last mail to the absent visitor, about so many unread replies. `via` "log": no mail server is set.

    `retryAt`: one that failed is tried again then.
    """

    status: NoticeStatus
    replies: int
    at: datetime
    via: Via | None = None
    reason: FailReason | None = None
    retry_at: datetime | None = None


def notice_body(view: NoticeView | None) -> NoticeBody | None:
    return None if view is None else NoticeBody(**msgspec.structs.asdict(view))
