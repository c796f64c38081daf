"""Tokens of other issuers, whose keys are read from a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt
import msgspec
import pytest

from application.actor import system
from application.agent import ChangeAgentRole, DeactivateAgent, InviteAgent
from domain.agent import Role
from domain.ids import natural_key
from domain.issuer import Trust
from domain.refusals import Invalid, TokenExpired, TokenRevoked, Unauthenticated, Unavailable
from infrastructure.access.access import Access, open_access
from infrastructure.access.issuers import IssuerTaken
from infrastructure.egress import Egress
from tests.infrastructure.access.conftest import SECRET, Door
from tests.support.cases import cases
from tests.support.identity_provider import AUDIENCE, EMAIL, IdentityProvider, identity_provider, new_key

TENANT = 7
ANNA = natural_key(TENANT, "agent", EMAIL)


@pytest.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    async with identity_provider() as serving:
        yield serving


async def opened(door: Door) -> Access:
    """One more process; it may ask this machine."""
    return await open_access(door.store.database, SECRET, Egress(allow_private=True))


async def invite(door: Door, email: str = EMAIL, role: Role = "agent", tenant_id: int = TENANT) -> UUID:
    agent_id = natural_key(tenant_id, "agent", email)
    command = InviteAgent(agent_id=agent_id, name="Anna", email=email, role=role)
    await door.bus.execute(system(tenant_id), command)
    return agent_id


def trust_in(provider: IdentityProvider, **more: str) -> Trust:
    return msgspec.convert(
        {"issuer": provider.issuer, "jwks_url": provider.jwks_url, "audience": AUDIENCE} | more, Trust
    )


@pytest.fixture
async def access(door: Door, provider: IdentityProvider) -> Access:
    """Anna is an agent of tenant 7, which trusts the provider."""
    access = await opened(door)
    await invite(door)
    await access.issuers.put(TENANT, trust_in(provider))
    return access


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_a_verified_address_of_the_tenant_comes_in(
    access: Access, provider: IdentityProvider, algorithm: str
) -> None:
    provider.rotate("one", algorithm)
    member = await access.member(provider.token(email="Anna@Shop.test"))
    assert (member.tenant_id, member.agent_id, member.role) == (TENANT, ANNA, "agent")
    assert member.scopes is None


@cases(
    "changes",
    [
        {"email": "ben@shop.test"},
        {"email": None},
        {"email": ["anna@shop.test"]},
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": 1.5},
        {"iss": "https://elsewhere.test"},
        {"iss": "\x00"},
        {"aud": "another"},
        {"aud": None},
        {"aud": [AUDIENCE, 7]},
        {"exp": None},
        {"exp": "soon"},
        {"iat": None},
        {"iat": datetime.now(UTC) + timedelta(hours=1)},
        {"nbf": datetime.now(UTC) + timedelta(hours=1)},
        {"exp": datetime.now(UTC) + timedelta(days=30)},
        {"sub": None},
    ],
)
async def test_a_claim_that_does_not_hold_is_refused(
    access: Access, provider: IdentityProvider, changes: dict[str, object]
) -> None:
    with pytest.raises(Unauthenticated):
        await access.member(provider.token(**changes))


async def test_an_expired_token_says_so(access: Access, provider: IdentityProvider) -> None:
    past = datetime.now(UTC) - timedelta(hours=1)
    with pytest.raises(TokenExpired):
        await access.member(provider.token(iat=past, exp=past + timedelta(minutes=5)))


async def test_a_token_signed_by_somebody_else_is_refused(access: Access, provider: IdentityProvider) -> None:
    for algorithm in ("ES256", "RS256", "EdDSA"):
        forged = jwt.encode(provider.claims(), new_key(algorithm), algorithm, {"kid": "one"})
        with pytest.raises(Unauthenticated):
            await access.member(forged)


async def test_no_signature_and_no_shared_secret_is_one(access: Access, provider: IdentityProvider) -> None:
    provider.rotate("one", "RS256")
    public = str(provider.public_keys()[0]["n"])
    for algorithm, key in (("none", ""), ("HS256", public), ("HS512", public * 2)):
        forged = jwt.encode(provider.claims(), key, algorithm, {"kid": "one"})
        with pytest.raises(Unauthenticated):
            await access.member(forged)


@pytest.mark.parametrize("headers", [{}, {"kid": ["one"]}, {"kid": "one", "jku": "http://127.0.0.1/"}])
async def test_a_header_that_asks_for_more_is_refused(
    access: Access, provider: IdentityProvider, headers: dict[str, object]
) -> None:
    _, key = provider._keys["one"]
    made = jwt.PyJWS().encode(b'{"iss": "x"}', key, "ES256", {}, sort_headers=True)
    head = msgspec.json.encode({"alg": "ES256"} | headers)
    token = ".".join([jwt.utils.base64url_encode(head).decode(), *made.split(".")[1:]])
    with pytest.raises(Unauthenticated):
        await access.member(token)


async def test_a_shared_secret_in_the_key_set_is_no_key(access: Access, provider: IdentityProvider) -> None:
    secret = "k" * 64
    one = {"kty": "oct", "kid": "one", "k": jwt.utils.base64url_encode(secret.encode()).decode(), "alg": "HS256"}
    provider.body = msgspec.json.encode(
        {"keys": [one, 7, {"kty": "RSA"}, {"kty": "EC", "crv": "P-521", "kid": "x"}]}
    )
    forged = jwt.encode(provider.claims(), secret, "HS256", {"kid": "one"})
    with pytest.raises((Unauthenticated, Unavailable)):
        await access.member(forged)


async def test_the_log_ends_what_a_token_still_allows(
    access: Access, door: Door, provider: IdentityProvider
) -> None:
    token = provider.token()
    assert (await access.member(token)).role == "agent"
    await door.bus.execute(system(TENANT), ChangeAgentRole(agent_id=ANNA, role="supervisor"))
    assert (await (await opened(door)).member(token)).role == "supervisor"
    await door.bus.execute(system(TENANT), DeactivateAgent(agent_id=ANNA))
    with pytest.raises(TokenRevoked):
        await (await opened(door)).member(token)


async def test_a_log_out_ends_this_token_and_no_other(
    access: Access, door: Door, provider: IdentityProvider
) -> None:
    token, other = provider.token(jti="1"), provider.token(jti="2")
    await access.logout(await access.member(token))
    for process in (access, await opened(door)):
        with pytest.raises(TokenRevoked):
            await process.member(token)
        assert (await process.member(other)).agent_id == ANNA


@pytest.mark.parametrize(
    ("claims", "logged", "default", "role"),
    [
        ({"roles": ["viewer", "supervisor", "agent"]}, "agent", None, "supervisor"),
        ({"roles": "analyst"}, "admin", None, "analyst"),
        ({"roles": "owner"}, "agent", None, "agent"),
        ({"roles": ["viewer"]}, "agent", "auditor", "auditor"),
        ({}, "supervisor", None, "supervisor"),
    ],
)
async def test_the_role_is_the_claims_the_default_or_the_logs(
    access: Access,
    door: Door,
    provider: IdentityProvider,
    claims: dict[str, object],
    logged: Role,
    default: str | None,
    role: str,
) -> None:
    more = {"role_claim": "roles"} | ({} if default is None else {"default_role": default})
    await access.issuers.put(TENANT, trust_in(provider, **more))
    if logged != "agent":
        await door.bus.execute(system(TENANT), ChangeAgentRole(agent_id=ANNA, role=logged))
    assert (await access.member(provider.token(**claims))).role == role


async def test_a_role_may_lie_deep_in_the_claims(access: Access, provider: IdentityProvider) -> None:
    await access.issuers.put(TENANT, trust_in(provider, role_claim="realm.access.roles"))
    nested = {"realm": {"access": {"roles": ["admin"]}}}
    assert (await access.member(provider.token(**nested))).role == "admin"
    assert (await access.member(provider.token(**{"realm.access.roles": "analyst"}))).role == "analyst"
    assert (await access.member(provider.token(realm="no"))).role == "agent"


async def test_an_issuer_speaks_for_one_tenant_only(
    access: Access, door: Door, provider: IdentityProvider
) -> None:
    await invite(door, tenant_id=8)
    with pytest.raises(IssuerTaken):
        await access.issuers.expect_usable(8, trust_in(provider))
    with pytest.raises(IssuerTaken):
        await access.issuers.put(8, trust_in(provider))
    assert (await access.member(provider.token())).tenant_id == TENANT
    await access.issuers.put(8, trust_in(provider, audience="eight"))
    assert (await access.member(provider.token(aud="eight"))).tenant_id == 8
    with pytest.raises(Unauthenticated):
        await access.member(provider.token(aud=["eight", AUDIENCE]))


async def test_a_distrusted_issuers_tokens_are_refused(
    access: Access, door: Door, provider: IdentityProvider
) -> None:
    token = provider.token()
    await access.member(token)
    await access.issuers.remove(TENANT)
    for process in (access, await opened(door)):
        with pytest.raises(Unauthenticated):
            await process.member(token)


async def test_what_cannot_be_read_is_not_trusted(door: Door, provider: IdentityProvider) -> None:
    access = await opened(door)
    for body in (b"", b"[]", b'{"keys": []}', b'{"keys": 7}', b"x" * 300_000):
        provider.body = body
        with pytest.raises(Invalid):
            await access.issuers.expect_usable(TENANT, trust_in(provider))
    with pytest.raises(Invalid):
        await door.access.issuers.expect_usable(TENANT, trust_in(provider))


async def test_an_issuer_that_never_answered_is_nobodys_fault(door: Door, provider: IdentityProvider) -> None:
    access = await opened(door)
    await access.issuers.put(TENANT, trust_in(provider))
    provider.status = "500 Oops"
    for _ in range(3):
        with pytest.raises(Unavailable):
            await access.member(provider.token())
    assert provider.asked == 1
