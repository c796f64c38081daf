"""Voice: whether a tenant takes calls, over which numbers, by whose lines, and what a call may cost at most."""

from __future__ import annotations

import re
from typing import Literal
from uuid import UUID

import msgspec

from domain.kernel import Aggregate, Event, Stamp
from domain.phone import PrefixRefused, is_reachable, phone_number, prefix
from domain.refusals import Invalid, NotFound, Unavailable

Provider = Literal["pool", "twilio"]

MOST_NUMBERS = 1_000
MOST_PREFIXES = 100
SHORTEST_CALL, LONGEST_CALL = 60, 14_400
"""Seconds to which a cap may be set; the upper one is Twilio's own for `<Dial timeLimit>`."""

_ACCOUNT = re.compile(r"AC[0-9a-f]{32}")


class VoiceNotEnabled(NotFound):
    code = "voice_not_enabled"
    sentence = "Calls are not enabled here."


class NoNumberFree(Unavailable):
    code = "no_number_free"
    sentence = "All our lines are busy. Try again shortly."
    retry_after = 30


class LineUnavailable(Unavailable):
    code = "line_unavailable"
    sentence = "Calls cannot be taken at the moment. Try again shortly."
    retry_after = 15


class VoiceSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """`numbers` are what visitors dial, each for one call at a time. `prefixes`: who may call, and be called.

    `longest_call` in seconds. Twilio only: `forward_to`, the number that rings for the team, its `account`, and
    whether to `record`.
    """

    enabled: bool = False
    provider: Provider = "pool"
    numbers: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    longest_call: int = 3_600
    forward_to: str | None = None
    account: str | None = None
    record: bool = False


class VoiceConfigured(Event, frozen=True, kw_only=True):
    """`secret_id` names the provider's token, which is elsewhere, sealed."""

    TYPE = "voice.configured.1"

    tenant_id: int
    settings: VoiceSettings
    secret_id: UUID | None = None

    def create(self) -> Aggregate:
        return Voice(self.originator_id)

    def apply(self, aggregate: Voice) -> None:
        aggregate.settings, aggregate.secret_id = self.settings, self.secret_id


class Voice(Aggregate):
    """One per tenant."""

    KIND = "voice"

    settings = VoiceSettings()
    secret_id: UUID | None = None

    def configure(self, stamp: Stamp, tenant_id: int, settings: VoiceSettings, secret_id: UUID | None) -> None:
        """All of it; without `secret_id` the one before stays. The same again changes nothing.

        Raises Invalid, PrefixRefused.
        """
        secret_id = secret_id or self.secret_id
        settings = valid_settings(settings)
        if settings.provider == "twilio" and secret_id is None:
            raise Invalid("authToken is needed for Twilio.")
        if (settings, secret_id) != (self.settings, self.secret_id):
            self.record(VoiceConfigured, stamp, tenant_id=tenant_id, settings=settings, secret_id=secret_id)


def valid_settings(settings: VoiceSettings) -> VoiceSettings:
    """`settings` unchanged. Raises Invalid, PrefixRefused (details: `number`)."""
    if len(settings.numbers) > MOST_NUMBERS or len(settings.prefixes) > MOST_PREFIXES:
        raise Invalid(f"There are at most {MOST_NUMBERS} numbers and {MOST_PREFIXES} prefixes.")
    if len({*settings.numbers}) < len(settings.numbers):
        raise Invalid("numbers holds each number once.")
    if not SHORTEST_CALL <= settings.longest_call <= LONGEST_CALL:
        raise Invalid(f"longestCall is {SHORTEST_CALL} to {LONGEST_CALL} seconds.")
    for one in settings.prefixes:
        prefix(one)
    if settings.account is not None and not _ACCOUNT.fullmatch(settings.account):
        raise Invalid("accountSid is AC and 32 hex digits.")
    if settings.provider == "twilio" and (settings.account is None or settings.forward_to is None):
        raise Invalid("accountSid and forwardTo are needed for Twilio.")
    _refuse_unreachable(settings)
    return settings


def _refuse_unreachable(settings: VoiceSettings) -> None:
    named = [("numbers", one) for one in settings.numbers]
    if settings.forward_to is not None:
        named.append(("forwardTo", settings.forward_to))
    for name, number in named:
        if not is_reachable(phone_number(name, number), settings.prefixes):
            raise PrefixRefused(number=number)


EVENTS: tuple[type[Event], ...] = (VoiceConfigured,)
