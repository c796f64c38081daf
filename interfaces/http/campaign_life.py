"""Where a campaign goes: scheduled, launched, paused, resumed, cancelled."""

from __future__ import annotations

from litestar import Response, post
from litestar.params import FromPath, JSONBody

from application.campaign import (
    CancelCampaign,
    LaunchCampaign,
    PauseCampaign,
    ResumeCampaign,
    ScheduleCampaign,
)
from domain.ids import parse
from interfaces.campaign_body import CampaignBody
from interfaces.http.audience import Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.campaign_requests import ScheduleRequest
from interfaces.http.campaigns import ONE, changed
from interfaces.http.parts import Parts


@post(
    ONE + "/schedule",
    status_code=200,
    opt={"audience": "member", "roles": may(ScheduleCampaign)},
    summary="Schedule a campaign",
    operation_id="scheduleCampaign",
    tags=["campaigns"],
)
async def schedule_campaign(
    request: JsonRequest, campaign_id: FromPath[str], data: JSONBody[ScheduleRequest], caller: Asker, parts: Parts
) -> Response[CampaignBody]:
    """It is launched at that second. As a draft or scheduled, else 409 `campaign_state`."""
    return await changed(
        request, parts, caller, ScheduleCampaign(campaign_id=parse("campaign", campaign_id), at=data.at)
    )


@post(
    ONE + "/launch",
    status_code=200,
    opt={"audience": "member", "roles": may(LaunchCampaign)},
    summary="Launch a campaign",
    operation_id="launchCampaign",
    tags=["campaigns"],
)
async def launch_campaign(
    request: JsonRequest, campaign_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[CampaignBody]:
    """At once, and counted: 429 `usage_limit_exceeded` where the plan has no more of them."""
    return await changed(request, parts, caller, LaunchCampaign(campaign_id=parse("campaign", campaign_id)))


@post(
    ONE + "/pause",
    status_code=200,
    opt={"audience": "member", "roles": may(PauseCampaign)},
    summary="Pause a campaign",
    operation_id="pauseCampaign",
    tags=["campaigns"],
)
async def pause_campaign(
    request: JsonRequest, campaign_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[CampaignBody]:
    """Nothing more is sent or shown; what is being sent at this moment is."""
    return await changed(request, parts, caller, PauseCampaign(campaign_id=parse("campaign", campaign_id)))


@post(
    ONE + "/resume",
    status_code=200,
    opt={"audience": "member", "roles": may(ResumeCampaign)},
    summary="Resume a campaign",
    operation_id="resumeCampaign",
    tags=["campaigns"],
)
async def resume_campaign(
    request: JsonRequest, campaign_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[CampaignBody]:
    """It goes on where it was paused."""
    return await changed(request, parts, caller, ResumeCampaign(campaign_id=parse("campaign", campaign_id)))


@post(
    ONE + "/cancel",
    status_code=200,
    opt={"audience": "member", "roles": may(CancelCampaign)},
    summary="Cancel a campaign",
    operation_id="cancelCampaign",
    tags=["campaigns"],
)
async def cancel_campaign(
    request: JsonRequest, campaign_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[CampaignBody]:
    """For good. What was sent stays where it is."""
    return await changed(request, parts, caller, CancelCampaign(campaign_id=parse("campaign", campaign_id)))


ROUTES = (schedule_campaign, launch_campaign, pause_campaign, resume_campaign, cancel_campaign)
