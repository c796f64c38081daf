"""The app: routes, the guard, the error map, the headers. Nothing here decides anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from litestar.types import ControllerRouterHandler
from prometheus_client import CollectorRegistry

from interfaces.http import (
    address_rules,
    agents,
    api_keys,
    assistants,
    auth,
    automations,
    availability,
    bulk,
    call,
    campaign_life,
    campaigns,
    canned_editing,
    company_login,
    contacts,
    conversation,
    copilot,
    downloads,
    drafts,
    erasures,
    errors,
    file_rules,
    handling,
    health,
    identify,
    issuers,
    knowledge_editing,
    knowledge_search,
    login_provider,
    macros,
    marks,
    masking,
    mentions,
    online,
    participants,
    permission_sets,
    qualification,
    qualification_rules,
    sla_policies,
    tallies,
    teams,
    transcript,
    twilio,
    undo,
    usage,
    views,
    visitors,
    voice,
    webhook_deliveries,
    webhooks,
    widget_campaigns,
    widget_continuity,
    widget_tokens,
    widgets,
)
from interfaces.http.audience import authenticate, provide_caller
from interfaces.http.audit import get_conversation_history
from interfaces.http.body import LARGEST, JsonRequest
from interfaces.http.chat import send_chat_message
from interfaces.http.contact_export import export_contact
from interfaces.http.events_feed import list_events
from interfaces.http.inbox import list_inbox
from interfaces.http.metrics import HttpMetrics
from interfaces.http.openapi import ROUTES as OPENAPI_ROUTES
from interfaces.http.openapi import document_of
from interfaces.http.parts import HttpParts, provide_parts
from interfaces.http.policy import HeaderPolicy
from interfaces.http.search import search_chat
from interfaces.http.track import track_widget_event
from interfaces.http.transcript_download import download_transcript
from interfaces.http.typing import tell_typing
from interfaces.http.upload import upload_file
from interfaces.http.voice_start import start_voice_call
from interfaces.http.widget_config import get_chat_widget_config, get_widget_config

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]

ROUTES: tuple[ControllerRouterHandler, ...] = (
    send_chat_message,
    track_widget_event,
    start_voice_call,
    get_widget_config,
    get_chat_widget_config,
    *conversation.ROUTES,
    *handling.ROUTES,
    *marks.ROUTES,
    *participants.ROUTES,
    *qualification.ROUTES,
    *call.ROUTES,
    *qualification_rules.ROUTES,
    *copilot.ROUTES,
    tell_typing,
    *transcript.ROUTES,
    download_transcript,
    *drafts.ROUTES,
    *bulk.ROUTES,
    *mentions.ROUTES,
    *views.ROUTES,
    list_inbox,
    search_chat,
    upload_file,
    *downloads.ROUTES,
    *file_rules.ROUTES,
    *masking.ROUTES,
    *widget_campaigns.ROUTES,
    *widget_continuity.ROUTES,
    *widgets.ROUTES,
    *address_rules.ROUTES,
    *widget_tokens.ROUTES,
    *campaigns.ROUTES,
    *campaign_life.ROUTES,
    *canned_editing.ROUTES,
    *automations.ROUTES,
    *macros.ROUTES,
    *knowledge_editing.ROUTES,
    *knowledge_search.ROUTES,
    *tallies.ROUTES,
    *agents.ROUTES,
    *permission_sets.ROUTES,
    *availability.ROUTES,
    *teams.ROUTES,
    *sla_policies.ROUTES,
    *usage.ROUTES,
    *voice.ROUTES,
    *twilio.ROUTES,
    *assistants.ROUTES,
    *api_keys.ROUTES,
    *issuers.ROUTES,
    *login_provider.ROUTES,
    *company_login.ROUTES,
    *webhooks.ROUTES,
    *webhook_deliveries.ROUTES,
    list_events,
    *undo.ROUTES,
    *contacts.ROUTES,
    export_contact,
    *erasures.ROUTES,
    *visitors.ROUTES,
    online.list_online_visitors,
    *identify.ROUTES,
    get_conversation_history,
    *auth.ROUTES,
    *health.ROUTES,
    *OPENAPI_ROUTES,
)


def build_app(
    parts: HttpParts,
    handlers: Sequence[ControllerRouterHandler] = (),
    lifespan: Sequence[Lifespan] = (),
    own: Sequence[ControllerRouterHandler] = ROUTES,
) -> Litestar:
    """`handlers`: the routes of other rooms (pages, sockets). Each states its audience in `opt`, or is refused.

    `own`: the routes of this room; a process without the role api serves `health.ROUTES` only.
    """
    app = routed_app(parts.base_url, parts.registry, handlers, lifespan, own)
    app.state.parts = parts
    return app


def routed_app(
    base_url: str,
    registry: CollectorRegistry,
    handlers: Sequence[ControllerRouterHandler] = (),
    lifespan: Sequence[Lifespan] = (),
    own: Sequence[ControllerRouterHandler] = ROUTES,
) -> Litestar:
    """Everything but `state.parts`, which whoever serves it puts there: reading all signatures takes 0.4 s."""
    policy = HeaderPolicy(base_url)
    routes = [*own, *handlers]
    dependencies = {
        "parts": Provide(provide_parts, sync_to_thread=False),
        "caller": Provide(provide_caller, sync_to_thread=False),
    }
    app = Litestar(
        route_handlers=routes,
        request_class=JsonRequest,
        request_max_body_size=LARGEST,
        guards=[authenticate],
        dependencies=dependencies,
        exception_handlers=errors.handlers(),
        middleware=[HttpMetrics(registry)],
        before_send=[policy.before_send],
        openapi_config=None,
        state=State({"openapi": document_of(routes, dependencies)}),
        lifespan=list(lifespan),
        debug=False,
        logging_config=None,
    )
    policy.learn(app.routes)
    return app
