"""Trusting an identity provider over HTTP, and coming in by its tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.interfaces.http.desk import Desk, Shop, bearer
from tests.support.cases import cases
from tests.support.identity_provider import AUDIENCE, EMAIL, IdentityProvider, identity_provider

ISSUER, ME, AGENTS = "/api/v1/auth/issuer", "/api/v1/auth/me", "/api/v1/agents"


@pytest.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    async with identity_provider() as serving:
        yield serving


def trust_in(provider: IdentityProvider) -> dict[str, str]:
    return {"issuer": provider.issuer, "jwksUrl": provider.jwks_url, "audience": AUDIENCE}


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_a_trusted_providers_people_come_in(desk: Desk, shop: Shop, provider: IdentityProvider) -> None:
    admin = await shop.member("admin")
    token = bearer(provider.token())
    assert code(await desk.http.get(ISSUER, headers=admin)) == (404, "not_found")
    assert code(await desk.http.get(ME, headers=token)) == (401, "token_invalid")
    answer = await desk.http.put(ISSUER, json=trust_in(provider), headers=admin)
    assert answer.status_code == 200, answer.text
    wanted = {"issuer": trust_in(provider) | {"roleClaim": None, "defaultRole": None}}
    assert answer.json() == wanted == (await desk.http.get(ISSUER, headers=admin)).json()
    assert code(await desk.http.get(ME, headers=token)) == (401, "token_revoked")
    await desk.http.post(AGENTS, json={"email": EMAIL, "name": "Anna", "role": "agent"}, headers=admin)
    me = await desk.http.get(ME, headers=token)
    assert (me.json()["role"], me.json()["user"]["email"]) == ("agent", EMAIL)
    assert (await desk.http.delete(ISSUER, headers=admin)).status_code == 204
    assert code(await desk.http.get(ME, headers=token)) == (401, "token_invalid")


async def test_the_same_again_records_nothing(desk: Desk, shop: Shop, provider: IdentityProvider) -> None:
    admin = await shop.member("admin")
    before = await shop.head()
    for _ in range(2):
        await desk.http.put(ISSUER, json=trust_in(provider), headers=admin)
    for _ in range(2):
        await desk.http.delete(ISSUER, headers=admin)
    events = await desk.store.reader.tenant_page(shop.tenant_id, before)
    assert [one.event.TYPE for one in events] == ["issuer.trusted.1", "issuer.distrusted.1"]


async def test_a_provider_belongs_to_one_tenant(desk: Desk, shop: Shop, provider: IdentityProvider) -> None:
    other = await desk.shop(tenant_id=2)
    await desk.http.put(ISSUER, json=trust_in(provider), headers=await other.member("admin"))
    admin = await shop.member("admin")
    before = await shop.head()
    assert code(await desk.http.put(ISSUER, json=trust_in(provider), headers=admin)) == (409, "issuer_taken")
    assert await shop.head() == before


@cases(
    "change",
    [
        {"jwksUrl": "http://192.0.2.1/keys"},
        {"jwksUrl": "ftp://127.0.0.1/keys"},
        {"jwksUrl": "http://127.0.0.1:1/keys"},
        {"audience": ""},
        {"defaultRole": "owner"},
        {"defaultRole": "king"},
        {"extra": 1},
    ],
)
async def test_a_provider_that_cannot_be_used_is_refused(
    desk: Desk, shop: Shop, provider: IdentityProvider, change: dict[str, object]
) -> None:
    admin = await shop.member("admin")
    before = await shop.head()
    answer = await desk.http.put(ISSUER, json=trust_in(provider) | change, headers=admin)
    assert code(answer) == (400, "invalid_request")
    assert await shop.head() == before
    assert code(await desk.http.get(ISSUER, headers=admin)) == (404, "not_found")
