"""Family B: an agent's draft in a conversation: theirs alone, and never an event."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import Response, delete, get, put
from litestar.params import FromPath, JSONBody

from domain.ids import parse
from domain.refusals import Forbidden
from domain.values import message_text
from infrastructure.drafts import Draft, DraftOwner
from interfaces.http.audience import STAFF, Asker, Caller
from interfaces.http.parts import Parts

DRAFT = "/api/v1/chat/conversations/{conversation_id:str}/draft"


class DraftRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """1 to 10,000 characters; to clear it, delete it."""

    text: str


class DraftBody(msgspec.Struct, frozen=True, rename="camel"):
    conversation_id: str
    text: str
    updated_at: datetime


@put(
    DRAFT,
    status_code=200,
    opt={"audience": "member", "roles": STAFF},
    summary="Keep a draft",
    operation_id="putDraft",
    tags=["chat"],
)
async def put_draft(
    conversation_id: FromPath[str], data: JSONBody[DraftRequest], caller: Asker, parts: Parts
) -> Response[DraftBody]:
    """In place of the caller's one before. It is sealed, and gone when the person it is about is erased."""
    owner = _owner(caller, conversation_id)
    return _answer(conversation_id, await parts.drafts.write(owner, message_text(data.text)))


@get(
    DRAFT,
    opt={"audience": "member", "roles": STAFF},
    summary="Get the draft",
    operation_id="getDraft",
    tags=["chat"],
)
async def get_draft(conversation_id: FromPath[str], caller: Asker, parts: Parts) -> Response[DraftBody]:
    """The caller's own; 404 where they have none."""
    return _answer(conversation_id, await parts.drafts.read(_owner(caller, conversation_id)))


@delete(
    DRAFT,
    status_code=204,
    opt={"audience": "member", "roles": STAFF},
    summary="Discard the draft",
    operation_id="deleteDraft",
    tags=["chat"],
)
async def delete_draft(conversation_id: FromPath[str], caller: Asker, parts: Parts) -> None:
    """Discarding twice changes nothing."""
    await parts.drafts.discard(_owner(caller, conversation_id))


ROUTES = (put_draft, get_draft, delete_draft)


def _owner(caller: Caller, conversation_id: str) -> DraftOwner:
    if caller.agent.is_key:
        raise Forbidden
    return DraftOwner(caller.tenant_id, parse("conversation", conversation_id), caller.agent.agent_id)


def _answer(conversation_id: str, draft: Draft) -> Response[DraftBody]:
    """Nothing was appended, so there is no position to tell; and no cache may keep what somebody types."""
    body = DraftBody(conversation_id, draft.text, draft.at)
    return Response(body, headers={"Cache-Control": "no-store"})
