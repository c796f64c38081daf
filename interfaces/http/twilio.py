"""What Twilio asks and reports. Its signature is the only credential: who has none learns and changes nothing."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl
from uuid import UUID
from xml.sax.saxutils import quoteattr

import msgspec
from litestar import Response, post
from litestar.params import QueryParameter

from application.actor import system
from application.bus import Request as CommandRequest
from application.call import ReportCall
from domain.ids import parse_tenant
from domain.phone import is_reachable
from domain.refusals import NotFound, Unauthenticated
from domain.voice import VoiceSettings
from infrastructure.voice.twilio import CALLBACKS, callbacks
from infrastructure.voice.twilio_report import TwilioReport, report_of
from infrastructure.voice.twilio_signature import is_signed
from interfaces.http.body import JsonRequest
from interfaces.http.headers import request_id
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.told import folded

MOST_FIELDS = 200
LARGEST_TENANT = 2**31 - 1
RING_SECONDS = 60
REJECTED = "<Response><Reject/></Response>"

Tenant = Annotated[str, QueryParameter(description="`tnt_…`, as in the address that Twilio was given.")]


class SignatureInvalid(Unauthenticated):
    code = "signature_invalid"
    sentence = "The request is not signed with the account's token."


class Signed(msgspec.Struct, frozen=True):
    """A request that is proven to be this tenant's Twilio account's."""

    tenant_id: int
    settings: VoiceSettings
    form: dict[str, str]


@post(
    CALLBACKS + "/incoming",
    status_code=200,
    opt={"audience": "public"},
    summary="Ask what to do with a call (Twilio)",
    operation_id="askAboutTwilioCall",
    tags=["voice"],
    media_type="application/xml",
)
async def ask_about_twilio_call(request: JsonRequest, parts: Parts, tenant: Tenant = "") -> Response[str]:
    """TwiML: rings the team's number, for the call's cap at most; a call nobody expects is rejected unpaid."""
    signed = await _signed(request, parts, tenant)
    report = report_of(signed.form)
    conversation_id = None if report is None else await _call_of(parts, signed, report)
    if report is None or conversation_id is None:
        return _twiml(REJECTED)
    await _carry_out(request, parts, signed, conversation_id, msgspec.structs.replace(report, status="ringing"))
    stream = await parts.reader.stream(signed.tenant_id, conversation_id)
    call = folded([one.event for one in stream]).call
    if call is None or call.is_over:
        return _twiml(REJECTED)
    return _twiml(_dial(parts, signed, call.longest))


@post(
    CALLBACKS + "/events",
    status_code=204,
    opt={"audience": "public"},
    summary="Report on a call (Twilio)",
    operation_id="reportTwilioCall",
    tags=["voice"],
)
async def report_twilio_call(request: JsonRequest, parts: Parts, tenant: Tenant = "") -> Response[None]:
    """Status, recording and transcription callbacks, as forms. One that comes again, or late, changes nothing."""
    signed = await _signed(request, parts, tenant)
    report = report_of(signed.form)
    conversation_id = None if report is None else await _call_of(parts, signed, report)
    if report is None or conversation_id is None:
        raise NotFound
    await _carry_out(request, parts, signed, conversation_id, report)
    return Response(None, status_code=204)


ROUTES = (ask_about_twilio_call, report_twilio_call)


async def _signed(request: JsonRequest, parts: HttpParts, tenant: str) -> Signed:
    """The tenant is in the signed address: a token opens nothing of another tenant. Raises SignatureInvalid."""
    given, tenant_id = request.headers.get("x-twilio-signature", ""), _tenant_id(tenant)
    if not given or tenant_id is None:
        raise SignatureInvalid
    voice = await parts.voice.calling.voice(tenant_id)
    token = None if voice.secret_id is None else await parts.voice.secrets.of(tenant_id, voice.secret_id)
    if token is None:
        raise SignatureInvalid
    form = _form(await request.body())
    url = f"{parts.base_url.rstrip('/')}{request.scope['path']}?{request.scope['query_string'].decode('latin-1')}"
    if not is_signed(token, url, form, given) or dict(form).get("AccountSid") != voice.settings.account:
        raise SignatureInvalid
    return Signed(tenant_id, voice.settings, dict(form))


def _tenant_id(text: str) -> int | None:
    try:
        tenant_id = parse_tenant(text)
    except NotFound:
        return None
    return tenant_id if tenant_id <= LARGEST_TENANT else None


def _form(body: bytes) -> list[tuple[str, str]]:
    """Raises SignatureInvalid for what is no form: then nobody signed it either."""
    try:
        return parse_qsl(
            body.decode(), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError:
        raise SignatureInvalid from None


async def _call_of(parts: HttpParts, signed: Signed, report: TwilioReport) -> UUID | None:
    """None where nobody's call is meant, or the caller is from where none may call."""
    caller = signed.form.get("From", "")
    if report.number is not None and not is_reachable(caller, signed.settings.prefixes):
        return None
    return await parts.voice.numbers.conversation_of(signed.tenant_id, report.call, report.number)


async def _carry_out(
    request: JsonRequest, parts: HttpParts, signed: Signed, conversation_id: UUID, report: TwilioReport
) -> None:
    """Under the report's own key: the same one again is the same command."""
    command = ReportCall(
        conversation_id=conversation_id,
        status=report.status,
        reason=report.reason,
        seconds=report.seconds,
        recording_url=report.recording_url,
        transcript=report.transcript,
    )
    order = CommandRequest(key=f"voice:twilio:{report.key}", id=request_id(request.scope))
    await parts.bus.execute(system(signed.tenant_id), command, order)


def _dial(parts: HttpParts, signed: Signed, longest: int) -> str:
    reports = quoteattr(callbacks(parts.base_url, signed.tenant_id)["StatusCallback"])
    record = f' record="record-from-answer-dual" recordingStatusCallback={reports}'
    return (
        f'<Response><Dial answerOnBridge="true" timeout="{RING_SECONDS}" timeLimit="{longest}"'
        f"{record if signed.settings.record else ''}>"
        f'<Number statusCallback={reports} statusCallbackEvent="ringing answered">{signed.settings.forward_to}'
        "</Number></Dial></Response>"
    )


def _twiml(body: str) -> Response[str]:
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>{body}', media_type="application/xml")
