"""Whether and how the tenant takes calls. The provider's token goes in here and never comes out."""

from __future__ import annotations

import msgspec
from litestar import Response, get, put
from litestar.params import JSONBody
from msgspec import UNSET, UnsetType

from application.voice import ConfigureVoice
from domain.values import required
from domain.voice import Provider, Voice, VoiceSettings
from infrastructure.voice.twilio import callbacks
from interfaces.http.audience import Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command
from interfaces.http.parts import HttpParts, Parts

VOICE = "/api/v1/voice"


class VoiceRequest(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True
):
    """All of it: what is left out is as by default, but for `authToken`, which then stays as it is.

    `numbers`, `forwardTo` in E.164, within `prefixes`; `longestCall` in seconds. `forwardTo`, `accountSid` and
    `authToken` are needed for Twilio.
    """

    enabled: bool = False
    provider: Provider = "pool"
    numbers: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    longest_call: int = 3_600
    forward_to: str | None = None
    account_sid: str | None = None
    record: bool = False
    auth_token: str | UnsetType = UNSET


class VoiceBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`hasAuthToken`: one is kept. `callbackUrl`: where Twilio reports, for what else you let it report on."""

    enabled: bool
    provider: Provider
    numbers: tuple[str, ...]
    prefixes: tuple[str, ...]
    longest_call: int
    forward_to: str | None
    account_sid: str | None
    record: bool
    has_auth_token: bool
    callback_url: str


@get(
    VOICE,
    opt={"audience": "member", "roles": may(ConfigureVoice) | {"auditor"}},
    summary="Get how calls are taken",
    operation_id="getVoice",
    tags=["voice"],
)
async def get_voice(caller: Asker, parts: Parts) -> Response[VoiceBody]:
    """The provider's token is never answered."""
    voice = await parts.voice.calling.voice(caller.tenant_id)
    seq = (await parts.reader.tenant_heads([caller.tenant_id]))[caller.tenant_id]
    return answer(_body(parts, caller.tenant_id, voice), seq=seq)


@put(
    VOICE,
    opt={"audience": "member", "roles": may(ConfigureVoice)},
    summary="Set how calls are taken",
    operation_id="setVoice",
    tags=["voice"],
)
async def set_voice(
    request: JsonRequest, data: JSONBody[VoiceRequest], caller: Asker, parts: Parts
) -> Response[VoiceBody]:
    """For calls that start from now on. 403 `prefix_refused` for a number outside `prefixes`, or premium."""
    secret_id = None
    if data.auth_token is not UNSET:
        secret_id = await parts.voice.secrets.keep(caller.tenant_id, required("authToken", data.auth_token))
    actor, command = caller.actor(), ConfigureVoice(settings=_settings(data), secret_id=secret_id)
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    voice = await parts.voice.calling.voice(caller.tenant_id)
    return answer_to_command(_body(parts, caller.tenant_id, voice), receipt)


ROUTES = (get_voice, set_voice)


def _settings(asked: VoiceRequest) -> VoiceSettings:
    return VoiceSettings(
        enabled=asked.enabled,
        provider=asked.provider,
        numbers=asked.numbers,
        prefixes=asked.prefixes,
        longest_call=asked.longest_call,
        forward_to=asked.forward_to,
        account=asked.account_sid,
        record=asked.record,
    )


def _body(parts: HttpParts, tenant_id: int, voice: Voice) -> VoiceBody:
    settings = voice.settings
    return VoiceBody(
        enabled=settings.enabled,
        provider=settings.provider,
        numbers=settings.numbers,
        prefixes=settings.prefixes,
        longest_call=settings.longest_call,
        forward_to=settings.forward_to,
        account_sid=settings.account,
        record=settings.record,
        has_auth_token=voice.secret_id is not None,
        callback_url=callbacks(parts.base_url, tenant_id)["StatusCallback"],
    )
