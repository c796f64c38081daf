"""Logging in with a company's account, against a real provider that behaves, and one that does not."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.agent import Role
from domain.ids import natural_key, wire
from infrastructure.access import company_login
from infrastructure.access.access import open_access
from infrastructure.access.jwks import KeySets
from infrastructure.access.openid import OpenIdProviders
from infrastructure.egress import Egress
from tests.interfaces.http.desk import ORIGIN, SECRET, Desk, Shop, bearer
from tests.interfaces.http.test_agents import code, invited
from tests.support.cases import cases
from tests.support.identity_provider import new_key
from tests.support.openid_provider import CLIENT, OpenIdProvider, openid_provider
from tests.support.openid_provider import SECRET as CLIENT_SECRET

OIDC, AGENTS, ME, SETS = "/api/v1/auth/oidc", "/api/v1/agents", "/api/v1/auth/me", "/api/v1/permission-sets"
ANNA = "anna@shop.test"


@pytest.fixture
async def provider() -> AsyncIterator[OpenIdProvider]:
    async with openid_provider() as serving:
        yield serving


@pytest.fixture
async def admin(shop: Shop) -> dict[str, str]:
    return await shop.member("admin")


def terms(provider: OpenIdProvider, **changes: Any) -> dict[str, Any]:
    usual = {"issuer": provider.issuer, "clientId": CLIENT, "clientSecret": CLIENT_SECRET}
    return usual | {"domains": ["shop.test"], "newcomers": {"role": "agent"}} | changes


async def configured(desk: Desk, by: dict[str, str], provider: OpenIdProvider, **changes: Any) -> dict[str, Any]:
    answer = await desk.http.put(OIDC, json=terms(provider, **changes), headers=by)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def start(desk: Desk, shop: Shop) -> str:
    """Where the browser is sent."""
    answer = await desk.http.get(f"{OIDC}/{shop.tenant}/start")
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


async def at_provider(url: str) -> str:
    """The address that the provider sends the browser back to."""
    async with httpx.AsyncClient(trust_env=False) as browser:
        answer = await browser.get(url)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


async def arrive(desk: Desk, url: str) -> str:
    """Where we send the browser then."""
    answer = await desk.http.get(url)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


async def came_in(desk: Desk, shop: Shop) -> str:
    return await arrive(desk, await at_provider(await start(desk, shop)))


async def session(desk: Desk) -> httpx.Response:
    return await desk.http.post(f"{OIDC}/session")


async def test_a_newcomer_comes_in_and_works(
    desk: Desk, shop: Shop, provider: OpenIdProvider, admin: dict[str, str]
) -> None:
    told = await configured(desk, admin, provider)
    assert told == {
        "issuer": provider.issuer,
        "clientId": CLIENT,
        "domains": ["shop.test"],
        "newcomers": {"role": "agent", "permissionSetId": None},
        "redirectUri": f"{ORIGIN}{OIDC}/callback",
        "loginUrl": f"{ORIGIN}/agent#company={shop.tenant}",
    }
    assert (await desk.http.get(OIDC, headers=admin)).json() == told
    assert await came_in(desk, shop) == "/agent#company-login"
    kept = dict(desk.http.cookies)
    taken = await session(desk)
    assert taken.status_code == 200, taken.text
    user = taken.json()["user"]
    assert (user["email"], user["name"], user["role"]) == (ANNA, "Anna Müller", "agent")
    me = await desk.http.get(ME, headers=bearer(taken.json()["accessToken"]))
    assert me.json()["user"] == user
    again = await desk.http.post("/api/v1/auth/refresh", json={"refreshToken": taken.json()["refreshToken"]})
    assert again.status_code == 200
    assert not desk.http.cookies
    desk.http.cookies.update(kept)  # whoever had copied the cookie
    assert code(await session(desk)) == (401, "company_login_failed")


async def test_who_was_invited_joins_in_the_role_they_were_given(
    desk: Desk, shop: Shop, provider: OpenIdProvider, admin: dict[str, str]
) -> None:
    await configured(desk, admin, provider, newcomers=None)
    assert await came_in(desk, shop) == "/agent#company-login=not_invited"
    invitation = {"email": ANNA, "name": "Anna", "role": "supervisor"}
    await desk.http.post(AGENTS, json=invitation, headers=admin)
    assert await came_in(desk, shop) == "/agent#company-login"
    assert (await session(desk)).json()["user"]["role"] == "supervisor"
    where = f"{AGENTS}/{wire('agent', natural_key(shop.tenant_id, 'agent', ANNA))}"
    assert (await desk.http.get(where, headers=admin)).json()["agent"]["status"] == "active"


async def test_newcomers_may_have_a_permission_set(
    desk: Desk, shop: Shop, provider: OpenIdProvider, admin: dict[str, str]
) -> None:
    body = {"name": "Numbers", "permissions": ["reports:read"], "baseRole": "analyst"}
    held = (await desk.http.post(SETS, json=body, headers=admin)).json()["id"]
    await configured(desk, admin, provider, newcomers={"permissionSetId": held})
    await came_in(desk, shop)
    me = await desk.http.get(ME, headers=bearer((await session(desk)).json()["accessToken"]))
    assert (me.json()["role"], me.json()["permissions"]) == ("analyst", ["reports:read"])


@pytest.mark.parametrize(("role", "reason"), [("owner", "owners_use_passwords"), ("agent", "agent_deactivated")])
async def test_owners_and_deactivated_people_do_not_come_in(
    desk: Desk, shop: Shop, provider: OpenIdProvider, role: Role, reason: str
) -> None:
    owner = await shop.member("owner")
    await configured(desk, owner, provider)
    agent = await invited(desk, owner, role, ANNA)
    if role == "agent":
        await desk.http.post(f"{AGENTS}/{agent['id']}/deactivate", headers=owner)
    assert await came_in(desk, shop) == f"/agent#company-login={reason}"
    assert code(await session(desk)) == (401, "company_login_failed")


def es256_by_another(provider: OpenIdProvider, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, new_key("ES256"), "ES256", {"kid": "one"})  # pyright: ignore[reportArgumentType]


def unsigned(provider: OpenIdProvider, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, None, "none", {"kid": "one"})


def hs256_with_the_public_key(provider: OpenIdProvider, claims: dict[str, Any]) -> str:
    public = provider.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    plain = {name: int(one.timestamp()) if isinstance(one, datetime) else one for name, one in claims.items()}
    parts = [json.dumps(one).encode() for one in ({"alg": "HS256", "typ": "JWT", "kid": "one"}, plain)]
    text = b".".join(urlsafe_b64encode(one).rstrip(b"=") for one in parts)
    mark = hmac.new(public, text, hashlib.sha256).digest()
    return (text + b"." + urlsafe_b64encode(mark).rstrip(b"=")).decode()


def by_an_unknown_key(provider: OpenIdProvider, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, provider.key, "ES256", {"kid": "two"})


def without_a_key_id(provider: OpenIdProvider, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, provider.key, "ES256")


def with_a_key_in_its_header(provider: OpenIdProvider, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, provider.key, "ES256", {"kid": "one", "jku": "http://127.0.0.1:1/keys"})


def nothing_like_a_token(provider: OpenIdProvider, claims: dict[str, Any]) -> str:
    return "x" * 100


PAST = datetime(2020, 1, 1, tzinfo=UTC)
SOON = datetime.now(UTC) + timedelta(hours=2)


@cases(
    ("changes", "reason"),
    [
        ({"nonce": "another"}, "provider_refused"),
        ({"nonce": None}, "provider_refused"),
        ({"nonce": 1}, "provider_refused"),
        ({"aud": "another"}, "provider_refused"),
        ({"aud": None}, "provider_refused"),
        ({"aud": [CLIENT, "another"]}, "provider_refused"),
        ({"aud": [CLIENT, "another"], "azp": "another"}, "provider_refused"),
        ({"azp": "another"}, "provider_refused"),
        ({"iss": "https://other.shop.test"}, "provider_refused"),
        ({"iss": None}, "provider_refused"),
        ({"exp": PAST}, "provider_refused"),
        ({"exp": None}, "provider_refused"),
        ({"iat": SOON}, "provider_refused"),
        ({"nbf": SOON}, "provider_refused"),
        ({"sub": None}, "provider_refused"),
        ({"email": None}, "provider_refused"),
        ({"email": ["anna@shop.test"]}, "provider_refused"),
        ({"email": "anna"}, "provider_refused"),
        ({"email_verified": False}, "email_unverified"),
        ({"email_verified": None}, "provider_refused"),
        ({"email_verified": "no"}, "email_unverified"),
        ({"email_verified": 1}, "email_unverified"),
        ({"email": "anna@evil.test"}, "domain_refused"),
        ({"email": "anna@shop.test.evil.test"}, "domain_refused"),
        ({"email": "anna@sub.shop.test"}, "domain_refused"),
    ],
)
async def test_a_token_that_says_the_wrong_thing_lets_nobody_in(
    desk: Desk, shop: Shop, provider: OpenIdProvider, admin: dict[str, str], changes: dict[str, Any], reason: str
) -> None:
    await configured(desk, admin, provider)
    before, provider.changes = await shop.head(), changes
    assert await came_in(desk, shop) == f"/agent#company-login={reason}"
    assert code(await session(desk)) == (401, "company_login_failed")
    assert await shop.head() == before


@cases(
    "sign",
    [
        es256_by_another,
        unsigned,
        hs256_with_the_public_key,
        by_an_unknown_key,
        without_a_key_id,
        with_a_key_in_its_header,
        nothing_like_a_token,
    ],
)
async def test_a_token_that_is_signed_wrongly_lets_nobody_in(
    desk: Desk,
    shop: Shop,
    provider: OpenIdProvider,
    admin: dict[str, str],
    sign: Callable[[OpenIdProvider, dict[str, Any]], str],
) -> None:
    await configured(desk, admin, provider)
    before, provider.sign = await shop.head(), sign
    assert await came_in(desk, shop) == "/agent#company-login=provider_refused"
    assert code(await session(desk)) == (401, "company_login_failed")
    assert await shop.head() == before


@pytest.mark.parametrize(("path", "reason"), [("/token", "provider_unavailable"), ("/authorize", "")])
async def test_a_provider_that_fails_is_told_of(
    desk: Desk, shop: Shop, provider: OpenIdProvider, admin: dict[str, str], path: str, reason: str
) -> None:
    await configured(desk, admin, provider)
    back = await at_provider(await start(desk, shop))
    provider.statuses[path] = "500 Oops"
    assert await arrive(desk, back) == "/agent#company-login" + (f"={reason}" if reason else "")


async def test_a_provider_that_is_silent_is_waited_for_so_long_and_no_longer(
    desk: Desk,
    shop: Shop,
    provider: OpenIdProvider,
    admin: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await configured(desk, admin, provider)
    back = await at_provider(await start(desk, shop))
    monkeypatch.setattr("infrastructure.access.openid.SECONDS", 0.2)
    provider.silent.add("/token")
    assert await arrive(desk, back) == "/agent#company-login=provider_unavailable"


async def test_a_state_is_good_once(
    desk: Desk, shop: Shop, provider: OpenIdProvider, admin: dict[str, str]
) -> None:
    await configured(desk, admin, provider)
    back = await at_provider(await start(desk, shop))
    assert await arrive(desk, back) == "/agent#company-login"
    asked = len(provider.asked)
    cookies = dict(desk.http.cookies)
    assert await arrive(desk, back) == "/agent#company-login=expired"
    assert len(provider.asked) == asked
    desk.http.cookies.update(cookies)


async def test_a_state_is_good_in_the_browser_that_began(
    desk: Desk, shop: Shop, provider: OpenIdProvider, admin: dict[str, str]
) -> None:
    await configured(desk, admin, provider)
    mine = await at_provider(await start(desk, shop))
    kept = dict(desk.http.cookies)
    desk.http.cookies.clear()
    assert await arrive(desk, mine) == "/agent#company-login=expired"
    await start(desk, shop)
    assert await arrive(desk, mine) == "/agent#company-login=expired"
    desk.http.cookies.clear()
    desk.http.cookies.update({name: value[:-4] + "AAAA" for name, value in kept.items()})
    assert await arrive(desk, mine) == "/agent#company-login=expired"
    desk.http.cookies.update(kept)
    assert await arrive(desk, mine) == "/agent#company-login"


async def test_a_state_expires(
    desk: Desk,
    shop: Shop,
    provider: OpenIdProvider,
    admin: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await configured(desk, admin, provider)
    monkeypatch.setattr(company_login, "LIFETIME", -1)
    back = await at_provider(await start(desk, shop))
    assert await arrive(desk, back) == "/agent#company-login=expired"


async def test_another_state_an_error_and_another_issuer_are_refused(
    desk: Desk, shop: Shop, provider: OpenIdProvider, admin: dict[str, str]
) -> None:
    provider.discovery = {"authorization_response_iss_parameter_supported": True}
    await configured(desk, admin, provider)
    for change, reason in (
        ({"iss": ""}, "provider_refused"),
        ({"state": "x" * 43}, "expired"),
        ({"error": "access_denied"}, "denied"),
        ({"code": ""}, "denied"),
        ({"code": "guessed"}, "provider_refused"),
        ({"iss": "https://other.shop.test"}, "provider_refused"),
    ):
        back = urlsplit(await at_provider(await start(desk, shop)))
        given = {name: values[0] for name, values in parse_qs(back.query).items()} | change
        answer = await desk.http.get(back.path, params=given)
        assert answer.headers["Location"] == f"/agent#company-login={reason}", change


async def test_a_provider_that_was_changed_meanwhile_is_begun_with_anew(
    desk: Desk, shop: Shop, provider: OpenIdProvider, admin: dict[str, str]
) -> None:
    await configured(desk, admin, provider)
    back = await at_provider(await start(desk, shop))
    await configured(desk, admin, provider, domains=["shop.test", "other.test"])
    assert await arrive(desk, back) == "/agent#company-login=expired"
    back = await at_provider(await start(desk, shop))
    for _ in range(2):
        assert (await desk.http.delete(OIDC, headers=admin)).status_code == 204
    assert await arrive(desk, back) == "/agent#company-login=not_configured"


async def test_nobody_is_told_which_tenants_there_are(
    desk: Desk, shop: Shop, other_shop: Shop, provider: OpenIdProvider
) -> None:
    await configured(desk, await other_shop.member("admin"), provider)
    for tenant in (shop.tenant, "tnt_999999", "tnt_x", "x"):
        answer = await desk.http.get(f"{OIDC}/{tenant}/start")
        assert answer.headers["Location"] == "/agent#company-login=not_configured"


async def test_an_address_of_one_tenant_opens_no_other(
    desk: Desk, shop: Shop, other_shop: Shop, provider: OpenIdProvider, admin: dict[str, str]
) -> None:
    """The other tenant's admin runs a provider that says whatever they like."""
    await invited(desk, admin, "admin", ANNA)
    await configured(desk, await other_shop.member("admin"), provider)
    assert await came_in(desk, other_shop) == "/agent#company-login"
    assert (await session(desk)).json()["user"]["tenantId"] == other_shop.tenant


async def test_the_cookie_is_for_this_host_and_no_script(
    desk: Desk, shop: Shop, provider: OpenIdProvider, admin: dict[str, str]
) -> None:
    await configured(desk, admin, provider)
    answer = await desk.http.get(f"{OIDC}/{shop.tenant}/start")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("verbatim-login=")
    for attribute in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=600"):
        assert attribute in cookie, cookie
    assert "Domain" not in cookie
    asked = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["state"][0]) == len(asked["nonce"][0]) == len(asked["code_challenge"][0]) == 43


async def test_no_secret_is_in_an_address_a_log_or_an_answer(
    desk: Desk,
    shop: Shop,
    provider: OpenIdProvider,
    admin: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG, "verbatim")
    answers = [await desk.http.put(OIDC, json=terms(provider), headers=admin)]
    answers.append(await desk.http.get(OIDC, headers=admin))
    leaving = await start(desk, shop)
    back = await at_provider(leaving)
    landed = await arrive(desk, back)
    taken = (await session(desk)).json()
    provider.changes = {"nonce": "another"}
    await came_in(desk, shop)
    events = await desk.http.get("/api/v1/events", headers=admin)
    ours = "".join(record.getMessage() for record in caplog.records if record.name.startswith("verbatim"))
    shown = "".join((*capsys.readouterr(), ours, events.text, *(one.text for one in answers)))
    secrets = (CLIENT_SECRET, taken["accessToken"], taken["refreshToken"])
    for secret in (*secrets, parse_qs(urlsplit(back).query)["code"][0]):
        assert secret not in shown
    for secret in secrets:
        assert not [url for url in (leaving, back, landed) if secret in url]


@cases(
    "change",
    [
        {"clientSecret": ""},
        {"clientId": ""},
        {"issuer": "http://192.0.2.1"},
        {"issuer": "http://127.0.0.1:1"},
        {"issuer": "ftp://127.0.0.1"},
        {"domains": []},
        {"newcomers": {"role": "admin"}},
        {"newcomers": {"role": "owner"}},
        {"newcomers": {}},
        {"extra": 1},
    ],
)
async def test_terms_that_cannot_be_used_are_refused(
    desk: Desk, shop: Shop, provider: OpenIdProvider, admin: dict[str, str], change: dict[str, Any]
) -> None:
    before = await shop.head()
    answer = await desk.http.put(OIDC, json=terms(provider) | change, headers=admin)
    assert code(answer) == (400, "invalid_request")
    assert await shop.head() == before
    assert code(await desk.http.get(OIDC, headers=admin)) == (404, "not_found")


@cases(
    "document",
    [
        {"issuer": "https://other.shop.test"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://user@shop.test/authorize"},
        {"authorization_endpoint": "http://[x/authorize"},
        {"jwks_uri": "http://192.0.2.1/keys"},
        {"token_endpoint": None},
    ],
)
async def test_a_discovery_document_that_leads_astray_is_refused(
    desk: Desk, shop: Shop, provider: OpenIdProvider, admin: dict[str, str], document: dict[str, Any]
) -> None:
    provider.discovery = document
    answer = await desk.http.put(OIDC, json=terms(provider), headers=admin)
    assert code(answer) == (400, "invalid_request")


async def test_a_loopback_provider_is_refused_unless_the_installation_allows_it(
    desk: Desk, shop: Shop, provider: OpenIdProvider, admin: dict[str, str]
) -> None:
    guarded = Egress()
    closed = OpenIdProviders(guarded, KeySets(guarded))
    access = desk.app.state.parts.access
    access.company_logins.providers, open_one = closed, access.company_logins.providers
    answer = await desk.http.put(OIDC, json=terms(provider), headers=admin)
    assert code(answer) == (400, "invalid_request")
    assert provider.asked == []
    access.company_logins.providers = open_one
    await configured(desk, admin, provider)


async def test_a_token_endpoint_within_our_network_is_never_asked(
    desk: Desk, shop: Shop, provider: OpenIdProvider, admin: dict[str, str]
) -> None:
    provider.discovery = {"token_endpoint": "http://192.0.2.1/token"}
    await configured(desk, admin, provider)
    assert await came_in(desk, shop) == "/agent#company-login=provider_unavailable"


async def test_a_client_that_may_not_use_basic_sends_its_secret_in_the_form(
    desk: Desk, shop: Shop, provider: OpenIdProvider, admin: dict[str, str]
) -> None:
    provider.discovery = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    await configured(desk, admin, provider)
    assert await came_in(desk, shop) == "/agent#company-login"


async def test_the_secret_is_kept_sealed_and_only_for_its_issuer(
    desk: Desk, shop: Shop, provider: OpenIdProvider, admin: dict[str, str]
) -> None:
    await configured(desk, admin, provider)
    kept = terms(provider, domains=["shop.test", "b.test"])
    del kept["clientSecret"]
    assert (await desk.http.put(OIDC, json=kept, headers=admin)).status_code == 200
    async with openid_provider() as other:
        stolen = await desk.http.put(OIDC, json=kept | {"issuer": other.issuer}, headers=admin)
    assert code(stolen) == (400, "invalid_request")
    async with desk.store.database.tenant(shop.tenant_id) as connection:
        rows = await (await connection.execute("SELECT sealed::text FROM access.login_secret")).fetchall()
    assert len(rows) == 1
    assert CLIENT_SECRET.encode().hex() not in rows[0][0]


async def test_failed_logins_of_one_address_are_limited_and_good_ones_are_not(
    desk: Desk, shop: Shop, provider: OpenIdProvider, admin: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infrastructure.access.throttle.PER_ADDRESS", 3)
    await configured(desk, admin, provider)
    for _ in range(4):
        assert await came_in(desk, shop) == "/agent#company-login"
    provider.changes = {"nonce": "another"}
    for _ in range(3):
        assert await came_in(desk, shop) == "/agent#company-login=provider_refused"
    assert await came_in(desk, shop) == "/agent#company-login=too_many_tries"


async def test_what_is_over_is_swept(
    desk: Desk, shop: Shop, provider: OpenIdProvider, admin: dict[str, str]
) -> None:
    await configured(desk, admin, provider)
    await came_in(desk, shop)
    async with desk.store.database.worker() as connection:
        await connection.execute("UPDATE access.company_login SET at = now() - interval '2 hours'")
    await (await open_access(desk.store.database, SECRET)).sweep()
    assert code(await session(desk)) == (401, "company_login_failed")
