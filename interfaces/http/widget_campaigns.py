"""What a page shows of ongoing campaigns, and what it tells of them: family A."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from domain.ids import parse, wire
from domain.refusals import NotFound
from domain.wording import chosen, wished
from infrastructure.clock import now
from infrastructure.impressions import impression
from interfaces.http.audience import Asker, Caller
from interfaces.http.body import JsonRequest
from interfaces.http.chat import own_widget
from interfaces.http.headers import answer
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.position import reached
from interfaces.http.widget_config import Locale
from projections.audience import read_person
from projections.campaigns import Shown, read_seen, read_shown

CAMPAIGNS = "/api/widgets/{widget_id:str}/campaigns"


MOST = 10
"""Campaigns that one page is told of."""


class SpeakerBody(msgspec.Struct, frozen=True):
    """In whose name; `name` null: the shop itself."""

    kind: Literal["assistant", "agent"] | None
    name: str | None


class ShownCampaignBody(msgspec.Struct, frozen=True, rename="camel"):
    """The page shows it once one of `pages` fits its path (`*`, `?`; none: every page) and `seconds` have passed.

    `everyDays` null: once. Send its id as `campaignId` with the message that answers it.
    """

    id: str
    text: str
    locale: str
    author: SpeakerBody
    pages: tuple[str, ...]
    seconds: int
    every_days: int | None
    ends_at: datetime | None


class ShownCampaigns(msgspec.Struct, frozen=True):
    success: bool
    campaigns: tuple[ShownCampaignBody, ...]


class ImpressionRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Without `consent` it is counted and not known who it was."""

    consent: bool = True


class ImpressionAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """`visitorToken`: for a browser that had none."""

    success: bool = True
    visitor_token: str | msgspec.UnsetType = msgspec.UNSET


@get(
    CAMPAIGNS,
    opt={"audience": "widget"},
    summary="List the campaigns to show",
    operation_id="listShownCampaigns",
    tags=["widgets"],
)
async def list_shown_campaigns(
    request: JsonRequest, widget_id: FromPath[str], caller: Asker, parts: Parts, locale: Locale = None
) -> Response[ShownCampaigns]:
    """Those that are on now, are meant for this visitor, and were not shown to them yet; the newest first."""
    grant = own_widget(widget_id, caller)
    seq = await reached(parts, request, caller.tenant_id, "campaigns")
    async with parts.database.tenant(caller.tenant_id) as connection:
        running = await read_shown(connection, caller.tenant_id, grant.widget_id)
    on = [one for one in running if one.content.showing.is_on(now())]
    meant = await _meant(parts, caller, on)
    wishes = [*([] if locale is None else [locale]), *wished(request.headers.get("accept-language", ""))]
    bodies = tuple(_body(one, wishes) for one in meant[:MOST])
    response = answer(ShownCampaigns(True, bodies), seq=seq)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@post(
    CAMPAIGNS + "/{campaign_id:str}/shown",
    status_code=200,
    opt={"audience": "widget"},
    summary="Tell that a campaign was shown",
    operation_id="tellCampaignShown",
    tags=["widgets"],
)
async def tell_shown(
    widget_id: FromPath[str],
    campaign_id: FromPath[str],
    data: JSONBody[ImpressionRequest],
    caller: Asker,
    parts: Parts,
) -> Response[ImpressionAnswer]:
    """Once per visitor, or again after `everyDays`; a repeat changes nothing."""
    return await _told(parts, caller, widget_id, campaign_id, data, is_opened=False)


@post(
    CAMPAIGNS + "/{campaign_id:str}/opened",
    status_code=200,
    opt={"audience": "widget"},
    summary="Tell that a campaign was opened",
    operation_id="tellCampaignOpened",
    tags=["widgets"],
)
async def tell_opened(
    widget_id: FromPath[str],
    campaign_id: FromPath[str],
    data: JSONBody[ImpressionRequest],
    caller: Asker,
    parts: Parts,
) -> Response[ImpressionAnswer]:
    """The visitor took it up: it was shown, too. A repeat changes nothing."""
    return await _told(parts, caller, widget_id, campaign_id, data, is_opened=True)


async def _meant(parts: HttpParts, caller: Caller, shown: list[Shown]) -> list[Shown]:
    """Those whose segment the visitor belongs to, without those that they have seen."""
    contact_id = caller.contact_id
    if contact_id is None or not shown:
        return [one for one in shown if one.content.segment.includes(None)]
    async with parts.database.tenant(caller.tenant_id) as connection:
        seen = await read_seen(connection, caller.tenant_id, contact_id, [one.campaign_id for one in shown])
        person = await read_person(connection, caller.tenant_id, contact_id)
    left = [one for one in shown if one.campaign_id not in seen]
    return [one for one in left if one.content.segment.includes(person)]


async def _told(
    parts: HttpParts,
    caller: Caller,
    widget_id: str,
    campaign_id: str,
    data: ImpressionRequest,
    *,
    is_opened: bool,
) -> Response[ImpressionAnswer]:
    """Raises NotFound for a campaign that does not run on this widget."""
    grant, id = own_widget(widget_id, caller), parse("campaign", campaign_id)
    async with parts.database.tenant(caller.tenant_id) as connection:
        running = await read_shown(connection, caller.tenant_id, grant.widget_id)
    campaign = next((one for one in running if one.campaign_id == id), None)
    if campaign is None:
        raise NotFound
    visitor_id = (caller.contact_id or uuid4()) if data.consent else None
    days = campaign.content.showing.every_days
    await parts.impressions.note(impression(caller.tenant_id, id, visitor_id, days, is_opened=is_opened))
    return Response(ImpressionAnswer(visitor_token=await _token(parts, caller, visitor_id)))


async def _token(parts: HttpParts, caller: Caller, visitor_id: UUID | None) -> str | msgspec.UnsetType:
    if visitor_id is None or caller.contact_id is not None:
        return msgspec.UNSET
    return await parts.access.new_visitor(caller.tenant_id, visitor_id, caller.widget_id)


def _body(one: Shown, wishes: list[str]) -> ShownCampaignBody:
    content, where = one.content, one.content.showing
    language = chosen(wishes, content.texts, content.locale)
    return ShownCampaignBody(
        id=wire("campaign", one.campaign_id),
        text=content.text_in(language),
        locale=language,
        author=SpeakerBody(None if content.author is None else content.author.kind, one.author),
        pages=where.pages,
        seconds=where.seconds,
        every_days=where.every_days,
        ends_at=where.ends_at,
    )


ROUTES = (list_shown_campaigns, tell_shown, tell_opened)
