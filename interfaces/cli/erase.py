"""`verbatim erase`: a person forgotten by one command, and the proof that every room has forgotten them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import click
import msgspec

from application.actor import system
from application.contact import EraseContact
from domain.contact import ContactErased
from domain.ids import parse
from domain.refusals import NotFound
from infrastructure.settings import Settings
from interfaces.cli.installation import json_option, with_tenant
from interfaces.cli.progress import progress
from interfaces.erasure_body import ErasedContactBody, ErasureBody, erasure_of
from interfaces.write_side import WriteSide, open_write_side
from projections.registry import PROJECTIONS

REASON = "asked for on the command line"
PAUSE = 0.25
"""Seconds between two looks at what is left."""
ROOMS = 5
"""Beside the read models: the key, files, tokens, drafts and what was tracked."""


class UnknownContact(click.ClickException):
    """Nothing was begun."""

    exit_code = 2


@click.command()
@click.argument("contact")
@with_tenant
@click.option(
    "--reason", default=REASON, show_default=True, help="For the audit; it is kept, so nothing personal."
)
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="Seconds until what is left is told and the exit code is 1.",
)
@json_option
def erase(settings: Settings, tenant_id: int, contact: str, reason: str, wait: float, as_json: bool) -> int:
    """Erase CONTACT (vis_…) and whoever was merged with them; it cannot be taken back.

    The running installation does it. Exit code 0: nothing is left. 1: something is, and it goes on. Giving the
    command again changes nothing and says how far it is.
    """
    erasure = asyncio.run(_erase(settings, tenant_id, contact, reason, wait))
    if as_json:
        click.echo(msgspec.json.encode(erasure).decode())
    else:
        click.echo(_sentence(erasure))
    return 0 if erasure.done else 1


async def _erase(settings: Settings, tenant_id: int, contact: str, reason: str, wait: float) -> ErasureBody:
    async with open_write_side(settings) as side:
        try:
            contact_id = parse("contact", contact)
            command = EraseContact(contact_id=contact_id, reason=reason)
            receipt = await side.bus.execute(system(tenant_id), command)
        except NotFound as error:
            raise UnknownContact(f"There is no contact {contact} here.") from error
        erased = {one.originator_id for one in receipt.events if isinstance(one, ContactErased)}
        erasure = await erasure_of(side.store.database, tenant_id, contact_id, erased)
        with progress("erasing", ROOMS * len(erasure.contacts) + len(PROJECTIONS)) as advance:
            return await _watched(side, tenant_id, erasure, time.monotonic() + wait, advance)


async def _watched(
    side: WriteSide, tenant_id: int, erasure: ErasureBody, deadline: float, advance: Callable[[int], None]
) -> ErasureBody:
    """How it stands once nothing is left, or at the deadline."""
    ids = [parse("contact", one.id) for one in erasure.contacts]
    asked, done = parse("contact", erasure.contact_id), _forgotten(erasure)
    advance(done)
    while not erasure.done and time.monotonic() < deadline:
        await asyncio.sleep(PAUSE)
        erasure = await erasure_of(side.store.database, tenant_id, asked, ids)
        advance(_forgotten(erasure) - done)
        done = _forgotten(erasure)
    return erasure


def _forgotten(erasure: ErasureBody) -> int:
    """Rooms in which nothing is left, of each contact, and read models that know of it."""
    rooms = sum(ROOMS - len(_left(one)) for one in erasure.contacts)
    return rooms + len(PROJECTIONS) - len(erasure.behind)


def _left(one: ErasedContactBody) -> list[str]:
    found = {
        "key": int(not one.key_destroyed),
        "files": one.files_left,
        "tokens": one.tokens_left,
        "drafts": one.drafts_left,
        "tracked events": one.tracked_left,
    }
    return [f"{name} {number}" for name, number in found.items() if number]


def _sentence(erasure: ErasureBody) -> str:
    if erasure.done:
        number = len(erasure.contacts)
        return f"{erasure.contact_id} is erased ({number} contact{'s' * (number > 1)}): nothing is left."
    left = [f"{one.id}: {', '.join(parts)}" for one in erasure.contacts if (parts := _left(one))]
    behind = [f"read models behind: {', '.join(erasure.behind)}"] if erasure.behind else []
    return (
        f"{erasure.contact_id} is erased, but not forgotten everywhere yet. Left: {'; '.join([*left, *behind])}."
    )
