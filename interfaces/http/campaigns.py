"""Campaigns: what supervisors say of their own accord. docs/campaigns.md says to whom it goes, and when."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET

from application.bus import Receipt
from application.campaign import AboutCampaign, ChangeCampaign, DraftCampaign, RemoveCampaign
from domain.campaign import CampaignContent
from domain.campaign_batch import RecipientStatus
from domain.campaign_life import CampaignStatus
from domain.ids import parse
from domain.refusals import NotFound
from interfaces.campaign_body import (
    CampaignBody,
    CampaignList,
    ProgressBody,
    RecipientList,
    author,
    campaign_body,
    campaign_of_view,
    progress_body,
    recipient_body,
    segment,
    showing,
)
from interfaces.http.audience import Asker, Caller, may
from interfaces.http.body import JsonRequest
from interfaces.http.campaign_requests import CampaignChange, NewCampaign, folded
from interfaces.http.chat import maybe_parse
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command, expected_version
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.position import reached
from interfaces.http.transcript import Limit, PageCursor
from projections.campaigns import CampaignView, read_campaign, read_campaigns, read_recipients

CAMPAIGNS = "/api/v1/campaigns"
ONE = CAMPAIGNS + "/{campaign_id:str}"

OfStatus = Annotated[CampaignStatus | None, QueryParameter(name="status", description="Only those in this state.")]
OfRecipients = Annotated[
    RecipientStatus | None, QueryParameter(name="status", description="Only those who are at this step.")
]


@get(
    CAMPAIGNS,
    opt={"audience": "member", "roles": may(DraftCampaign)},
    summary="List campaigns",
    operation_id="listCampaigns",
    tags=["campaigns"],
)
async def list_campaigns(
    request: JsonRequest,
    caller: Asker,
    parts: Parts,
    status: OfStatus = None,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response[CampaignList]:
    """The newest first, each with its progress."""
    seq = await reached(parts, request, caller.tenant_id, "campaigns")
    async with parts.database.tenant(caller.tenant_id) as connection:
        page = await read_campaigns(connection, caller.tenant_id, status, limit, cursor)
    data = tuple(campaign_of_view(one, seq) for one in page.campaigns)
    return answer(CampaignList(data, page.next_cursor), seq=seq)


@post(
    CAMPAIGNS,
    status_code=201,
    opt={"audience": "member", "roles": may(DraftCampaign)},
    summary="Draft a campaign",
    operation_id="draftCampaign",
    tags=["campaigns"],
)
async def draft_campaign(
    request: JsonRequest, data: JSONBody[NewCampaign], caller: Asker, parts: Parts
) -> Response[CampaignBody]:
    """Nobody sees it before it is launched."""
    actor = caller.actor()
    content = CampaignContent(
        name=data.name,
        texts=data.texts,
        locale=data.locale,
        author=author(data.author),
        widget_id=maybe_parse("widget", data.widget_id),
        segment=segment(data.segment),
        showing=showing(data.showing),
    )
    command = DraftCampaign(kind=data.kind, content=content)
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    body = campaign_body(folded(receipt.events))
    return answer_to_command(body, receipt, 201, body.version)


@get(
    ONE,
    opt={"audience": "member", "roles": may(DraftCampaign)},
    summary="Get a campaign",
    operation_id="getCampaign",
    tags=["campaigns"],
)
async def get_campaign(
    request: JsonRequest, campaign_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[CampaignBody]:
    """With its progress."""
    view, seq = await _known(request, parts, caller, campaign_id)
    return answer(campaign_of_view(view, seq), seq=seq, version=view.version)


@patch(
    ONE,
    opt={"audience": "member", "roles": may(ChangeCampaign)},
    summary="Change a campaign",
    operation_id="changeCampaign",
    tags=["campaigns"],
)
async def change_campaign(
    request: JsonRequest,
    campaign_id: FromPath[str],
    data: JSONBody[CampaignChange],
    caller: Asker,
    parts: Parts,
) -> Response[CampaignBody]:
    """As a draft or while it is paused, else 409 `campaign_state`. `If-Match` carries its version."""
    command = ChangeCampaign(
        campaign_id=parse("campaign", campaign_id),
        name=data.name,
        texts=data.texts,
        locale=data.locale,
        author=UNSET if data.author is UNSET else author(data.author),
        widget_id=UNSET if data.widget_id is UNSET else maybe_parse("widget", data.widget_id),
        segment=UNSET if data.segment is UNSET else segment(data.segment),
        showing=UNSET if data.showing is UNSET else showing(data.showing),
        expected_version=expected_version(request),
    )
    return await changed(request, parts, caller, command)


@delete(
    ONE,
    status_code=204,
    opt={"audience": "member", "roles": may(RemoveCampaign)},
    summary="Remove a campaign",
    operation_id="removeCampaign",
    tags=["campaigns"],
)
async def remove_campaign(
    request: JsonRequest, campaign_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[None]:
    """A draft, or one that is over; else 409. Removing twice changes nothing."""
    command = RemoveCampaign(campaign_id=parse("campaign", campaign_id))
    return answer_to_command(None, await carried_out(request, parts, caller, command), 204)


@get(
    ONE + "/recipients",
    opt={"audience": "member", "roles": may(DraftCampaign)},
    summary="List a campaign's recipients",
    operation_id="listCampaignRecipients",
    tags=["campaigns"],
)
async def list_recipients(
    request: JsonRequest,
    campaign_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    status: OfRecipients = None,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response[RecipientList]:
    """In order of their ids; of an ongoing campaign those who answered it."""
    view, seq = await _known(request, parts, caller, campaign_id)
    async with parts.database.tenant(caller.tenant_id) as connection:
        page = await read_recipients(connection, caller.tenant_id, view.campaign_id, status, limit, cursor)
    data = tuple(recipient_body(one) for one in page.recipients)
    return answer(RecipientList(data, page.next_cursor), seq=seq)


@get(
    ONE + "/progress",
    opt={"audience": "member", "roles": may(DraftCampaign)},
    summary="Get a campaign's progress",
    operation_id="getCampaignProgress",
    tags=["campaigns"],
)
async def get_progress(
    request: JsonRequest, campaign_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[ProgressBody]:
    """The same that the socket frame `campaign:progress` holds, as of now."""
    view, seq = await _known(request, parts, caller, campaign_id)
    return answer(progress_body(view.campaign_id, view.progress(seq), None), seq=seq)


async def carried_out(request: JsonRequest, parts: HttpParts, caller: Caller, command: AboutCampaign) -> Receipt:
    actor = caller.actor()
    return await parts.bus.execute(actor, command, order_of(request, actor, command))


async def changed(
    request: JsonRequest, parts: HttpParts, caller: Caller, command: AboutCampaign
) -> Response[CampaignBody]:
    """Carry it out; the campaign as the log says it is now."""
    receipt = await carried_out(request, parts, caller, command)
    stream = await parts.reader.stream(caller.tenant_id, command.campaign_id)
    body = campaign_body(folded([one.event for one in stream]))
    return answer_to_command(body, receipt, version=body.version)


async def _known(
    request: JsonRequest, parts: HttpParts, caller: Caller, campaign_id: str
) -> tuple[CampaignView, int]:
    """And the seq that the read model holds. Raises NotFound."""
    id: UUID = parse("campaign", campaign_id)
    seq = await reached(parts, request, caller.tenant_id, "campaigns")
    async with parts.database.tenant(caller.tenant_id) as connection:
        view = await read_campaign(connection, caller.tenant_id, id)
    if view is None:
        raise NotFound
    return view, seq


ROUTES = (
    list_campaigns,
    draft_campaign,
    get_campaign,
    change_campaign,
    remove_campaign,
    list_recipients,
    get_progress,
)
