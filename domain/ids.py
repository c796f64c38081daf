"""Ids: UUIDs inside, `prefix_hex` on the wire, natural keys for what has only one of its name."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID, uuid5

from domain.refusals import NotFound

PREFIXES = {
    "conversation": "cnv",
    "message": "msg",
    "contact": "vis",
    "widget": "wid",
    "assistant": "ast",
    "agent": "agt",
    "team": "tea",
    "tenant": "tnt",
    "plan": "pln",
    "article": "art",
    "chunk": "chk",
    "campaign": "cmp",
    "campaign_batch": "cmb",
    "campaign_progress": "cmr",
    "canned_response": "can",
    "canned_shortcut": "csc",
    "automation": "aut",
    "automation_run": "run",
    "macro": "mac",
    "file": "fil",
    "generation": "gen",
    "identity_secret": "ids",
    "note": "nte",
    "token": "tok",
    "api_key": "key",
    "event": "evt",
    "view": "viw",
    "voice": "voi",
    "webhook": "whk",
    "delivery": "dlv",
    "bulk": "blk",
    "issuer": "iss",
    "login_provider": "lgp",
    "ownership": "own",
    "permission_set": "pst",
    "sla_policy": "slp",
    "sla_clock": "slc",
    "continuity": "cty",
    "notice": "ntc",
    "qualification_rules": "qru",
}
_VERBATIM = UUID("6f2d1c1e-7a0b-5b8e-9f4e-3f1f5c6b7a80")


def wire(noun: str, id: UUID) -> str:
    """`wire("conversation", id)` is `cnv_` and 32 hex digits."""
    return f"{PREFIXES[noun]}_{id.hex}"


def parse(noun: str, text: str) -> UUID:
    """The id behind its wire form. Raises NotFound: a malformed id names nothing."""
    prefix, _, digits = text.partition("_")
    if prefix != PREFIXES[noun] or len(digits) != 32 or not _is_hex(digits):
        raise NotFound
    return UUID(hex=digits)


def tenant_wire(tenant_id: int) -> str:
    """Tenants are numbers (a random 31-bit one, so they cannot be counted)."""
    return f"tnt_{tenant_id}"


def parse_tenant(text: str) -> int:
    """The tenant behind `tnt_<number>`. Raises NotFound."""
    prefix, _, digits = text.partition("_")
    if prefix != "tnt" or not digits.isascii() or not digits.isdigit() or len(digits) > 10:
        raise NotFound
    return int(digits)


def event_wire(stream_id: UUID, version: int) -> str:
    """An event's id says where it stands: its stream and its version there."""
    return f"evt_{stream_id.hex}{version:08x}"


def parse_event(text: str) -> tuple[UUID, int]:
    """The (stream, version) behind an event id. Raises NotFound."""
    prefix, _, digits = text.partition("_")
    if prefix != "evt" or len(digits) != 40 or not _is_hex(digits):
        raise NotFound
    return UUID(hex=digits[:32]), int(digits[32:], 16)


@lru_cache(4096)
def natural_key(tenant_id: int, kind: str, name: str = "") -> UUID:
    """The id of the one `kind` called `name` of a tenant: two creators meet in the same stream."""
    return uuid5(_VERBATIM, f"{tenant_id}/{kind}/{name}")


def _is_hex(text: str) -> bool:
    return all(character in "0123456789abcdef" for character in text)
