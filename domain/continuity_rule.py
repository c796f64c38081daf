"""ContinuityRule: whether a widget's visitors are told by mail of replies that they were not there to read."""

from __future__ import annotations

import re
from datetime import timedelta

import msgspec

from domain.refusals import Invalid
from domain.values import bounded

AFTER_MINUTES = 10
LONGEST_WAIT = 1440
URL_LENGTH = 2_048
PAGE = re.compile(r"https?://[!-~]+")


class ContinuityRule(msgspec.Struct, frozen=True, omit_defaults=True):
    """`after_minutes`: how long a reply is unread before. `url`: the page that a mail leads back to, None: the one
    they were on last, if the widget names its site. `verified_only`: addresses that a signed identity named."""

    enabled: bool = False
    after_minutes: int = AFTER_MINUTES
    url: str | None = None
    verified_only: bool = False

    @property
    def after(self) -> timedelta:
        return timedelta(minutes=self.after_minutes)


def valid_continuity(rule: ContinuityRule) -> ContinuityRule:
    """`rule` unchanged. Raises Invalid."""
    if not 1 <= rule.after_minutes <= LONGEST_WAIT:
        raise Invalid(f"afterMinutes is 1 to {LONGEST_WAIT}.")
    if rule.url is not None and not PAGE.fullmatch(bounded("url", rule.url, URL_LENGTH)):
        raise Invalid("url is an http:// or https:// address in plain ASCII, without spaces.")
    return rule
