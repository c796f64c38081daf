"""Who a visitor is: a JWT that the tenant's own server signed, and the secrets it is signed with."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4, uuid5

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody

from application.actor import visitor
from application.identity_secret import IssueIdentitySecret, RevokeIdentitySecret
from application.joining import IdentifyContact, known_id
from domain.contact import Contact
from domain.identity_secret import IdentitySecretRevoked
from domain.ids import parse, wire
from domain.personal import readable
from domain.refusals import NotFound
from infrastructure.access.identity import Identity
from interfaces.http.audience import Asker, Caller, may
from interfaces.http.body import JsonRequest
from interfaces.http.chat import own_widget
from interfaces.http.contact_body import contact_in_log
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command, idempotency_key
from interfaces.http.parts import HttpParts, Parts

SECRETS = "/api/v1/identity/secrets"
_SECRET_IDS = UUID("8d6c1f0e-2b7a-5a55-9f0b-3c9e52d9b1c4")


class IdentifyRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """HS256 with an identity secret; `sub` and `exp` (24 h at most) needed, `name`, `email`, `phone` read."""

    jwt: str


class IdentifiedContact(msgspec.Struct, frozen=True):
    """The visitor as their own widget may show them."""

    id: str
    name: str | None
    email: str | None
    phone: str | None
    verified: Literal[True] = True


class IdentifyAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """`linked`: what this browser wrote before belongs to the contact, and its visitor token goes on being good.

    `visitorToken` is there where it is not: use it from now on.
    """

    success: Literal[True]
    contact: IdentifiedContact
    linked: bool
    visitor_token: str | msgspec.UnsetType = msgspec.UNSET


class SecretBody(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    created_at: datetime
    revoked_at: datetime | None


class SecretAnswer(msgspec.Struct, frozen=True):
    """`secret` is shown this once, and again only to a repeat with the same key."""

    id: str
    secret: str


class SecretList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[SecretBody, ...]
    next_cursor: str | None = None


@post(
    "/api/widgets/{widget_id:str}/identify",
    status_code=200,
    opt={"audience": "widget"},
    summary="Identify the visitor",
    operation_id="identifyVisitor",
    tags=["widgets"],
)
async def identify_visitor(
    request: JsonRequest, widget_id: FromPath[str], data: JSONBody[IdentifyRequest], caller: Asker, parts: Parts
) -> Response[IdentifyAnswer]:
    """401 `token_missing`, `token_invalid`, `token_expired` or `token_revoked` for the JWT as for any credential.

    With a visitor token its anonymous history joins the contact; agents can take that apart again.
    """
    own_widget(widget_id, caller)
    identity = await parts.access.identities.read(caller.tenant_id, data.jwt)
    actor = visitor(caller.tenant_id, caller.contact_id or identity.contact_id)
    command = IdentifyContact(
        contact_id=identity.contact_id,
        visitor_id=caller.contact_id,
        external_id=identity.external_id,
        name=identity.name,
        email=identity.email,
        phone=identity.phone,
    )
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    contact = await _known(parts, identity)
    is_linked = await _is_linked(parts, caller, contact.id)
    token = msgspec.UNSET
    if not is_linked:
        token = await parts.access.new_visitor(caller.tenant_id, contact.id, caller.widget_id)
    body = IdentifyAnswer(True, _contact(contact), is_linked, token)
    return answer_to_command(body, receipt)


@post(
    SECRETS + "/rotate",
    status_code=201,
    opt={"audience": "member", "roles": may(IssueIdentitySecret)},
    summary="Issue an identity secret",
    operation_id="rotateIdentitySecret",
    tags=["identity"],
)
async def rotate_identity_secret(request: JsonRequest, caller: Asker, parts: Parts) -> Response[SecretAnswer]:
    """The one before stays good beside it, the one before that is revoked."""
    actor = caller.actor()
    command = IssueIdentitySecret(secret_id=_secret_id(request, caller))
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    secret = await parts.access.identities.issue(caller.tenant_id, command.secret_id)
    pushed_out = [one.secret_id for one in receipt.events if isinstance(one, IdentitySecretRevoked)]
    await parts.access.identities.revoke(caller.tenant_id, pushed_out)
    return answer_to_command(SecretAnswer(wire("identity_secret", command.secret_id), secret), receipt, 201)


@get(
    SECRETS,
    opt={"audience": "member", "roles": may(IssueIdentitySecret)},
    summary="List identity secrets",
    operation_id="listIdentitySecrets",
    tags=["identity"],
)
async def list_identity_secrets(caller: Asker, parts: Parts) -> Response[SecretList]:
    """Those in force and the last revoked ones, newest first; never the secrets themselves. One page holds all."""
    rows = await parts.access.identities.listed(caller.tenant_id)
    seq = (await parts.reader.tenant_heads([caller.tenant_id]))[caller.tenant_id]
    bodies = (SecretBody(wire("identity_secret", row.secret_id), row.at, row.revoked_at) for row in rows)
    return answer(SecretList(tuple(bodies)), seq=seq)


@delete(
    SECRETS + "/{secret_id:str}",
    status_code=204,
    opt={"audience": "member", "roles": may(RevokeIdentitySecret)},
    summary="Revoke an identity secret",
    operation_id="revokeIdentitySecret",
    tags=["identity"],
)
async def revoke_identity_secret(
    request: JsonRequest, secret_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[None]:
    """Within 5 s nothing that it signed is believed any more. Revoking twice changes nothing."""
    actor = caller.actor()
    command = RevokeIdentitySecret(secret_id=parse("identity_secret", secret_id))
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    await parts.access.identities.revoke(caller.tenant_id, [command.secret_id])
    return answer_to_command(None, receipt, 204)


ROUTES = (identify_visitor, rotate_identity_secret, list_identity_secrets, revoke_identity_secret)


def _secret_id(request: JsonRequest, caller: Caller) -> UUID:
    """The same for a repeat, so that it shows the same secret."""
    key = idempotency_key(request, None)
    return uuid4() if key is None else uuid5(_SECRET_IDS, f"{caller.tenant_id}/{caller.agent.agent_id}/{key}")


async def _known(parts: HttpParts, identity: Identity) -> Contact:
    """The contact of an external id now: whoever was erased is not it any more. Raises NotFound."""
    erasures = 0
    while True:
        id = known_id(identity.contact_id, erasures)
        contact = await contact_in_log(parts, identity.tenant_id, id)
        if contact is None:
            raise NotFound
        if not contact.is_erased:
            return contact
        erasures += 1


async def _is_linked(parts: HttpParts, caller: Caller, known: UUID) -> bool:
    """Whether the visitor token of this request speaks for the contact."""
    if caller.contact_id is None or caller.contact_id == known:
        return caller.contact_id == known
    contact = await contact_in_log(parts, caller.tenant_id, caller.contact_id)
    return contact is not None and contact.is_linked and contact.merged_into == known


def _contact(contact: Contact) -> IdentifiedContact:
    known = contact.known
    return IdentifiedContact(
        wire("contact", contact.id), readable(known.name), readable(known.email), readable(known.phone)
    )
