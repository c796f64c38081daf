"""A signed identity: nothing but HS256 with a secret in force, for a day at most."""

from __future__ import annotations

import base64
import json
import time
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.refusals import Invalid, Refusal, TokenExpired, TokenMissing, TokenRevoked, Unauthenticated
from tests.infrastructure.access.conftest import Door
from tests.support.cases import cases


def signed(secret: str, **changes: Any) -> str:
    facts = {"sub": "customer-1", "exp": int(time.time()) + 3600, "name": "Mia"} | changes
    return jwt.encode(
        {name: value for name, value in facts.items() if value is not None}, secret, algorithm="HS256"
    )


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


async def test_a_signed_identity_is_read(door: Door) -> None:
    secret = await door.access.identities.issue(1, uuid4())
    found = await door.access.identities.read(1, signed(secret, email="mia@example.org", phone=None))
    assert (found.external_id, found.name, found.email, found.phone) == (
        "customer-1",
        "Mia",
        "mia@example.org",
        None,
    )
    again = await (await door.another_process()).identities.read(1, signed(secret, name="Other"))
    assert again.contact_id == found.contact_id


async def test_the_same_customer_of_another_tenant_is_another_contact(door: Door) -> None:
    ids = [
        (await door.access.identities.read(tenant, signed(await door.access.identities.issue(tenant, uuid4()))))
        for tenant in (1, 2)
    ]
    assert ids[0].contact_id != ids[1].contact_id


async def test_the_same_secret_is_shown_for_the_same_id_and_nobody_elses(door: Door) -> None:
    id = uuid4()
    secret = await door.access.identities.issue(1, id)
    assert await door.access.identities.issue(1, id) == secret
    assert secret.startswith("is_")
    async with door.store.database.worker() as connection:
        cursor = await connection.execute("SELECT sealed FROM access.identity_secret")
        [[sealed]] = await cursor.fetchall()
    assert secret.encode() not in bytes(sealed)


async def test_two_secrets_are_good_at_once_and_a_revoked_one_says_so(door: Door) -> None:
    old, new = uuid4(), uuid4()
    identities = door.access.identities
    first, second = await identities.issue(1, old), await identities.issue(1, new)
    for secret in (first, second):
        assert (await identities.read(1, signed(secret))).external_id == "customer-1"
    await identities.revoke(1, [old])
    with pytest.raises(TokenRevoked):
        await identities.read(1, signed(first))
    await identities.read(1, signed(second))
    assert [row.revoked_at is None for row in await identities.listed(1)] == [True, False]


async def test_a_foreign_tenants_secret_signs_nothing_here(door: Door) -> None:
    foreign = await door.access.identities.issue(2, uuid4())
    await door.access.identities.issue(1, uuid4())
    with pytest.raises(Unauthenticated):
        await door.access.identities.read(1, signed(foreign))
    await door.access.identities.revoke(1, [row.secret_id for row in await door.access.identities.listed(2)])
    await door.access.identities.read(2, signed(foreign))


@cases(
    ("changes", "refusal"),
    [
        ({"exp": None}, Unauthenticated),
        ({"exp": int(time.time()) - 60}, TokenExpired),
        ({"exp": int(time.time()) + 90_000}, Unauthenticated),
        ({"exp": int(time.time()) + 80_000, "iat": int(time.time()) - 20_000}, Unauthenticated),
        ({"exp": str(int(time.time()) + 90_000)}, Unauthenticated),
        ({"exp": 10**30}, Unauthenticated),
        ({"exp": float("inf")}, Unauthenticated),
        ({"exp": "soon"}, Unauthenticated),
        ({"exp": [1]}, Unauthenticated),
        ({"nbf": int(time.time()) + 3000}, Unauthenticated),
        ({"iat": "x"}, Unauthenticated),
        ({"sub": None}, Unauthenticated),
        ({"sub": 7}, Unauthenticated),
        ({"sub": ""}, Invalid),
        ({"sub": "x" * 201}, Invalid),
        ({"name": 7}, Invalid),
    ],
)
async def test_facts_that_cannot_be_are_refused(
    door: Door, changes: dict[str, Any], refusal: type[Refusal]
) -> None:
    secret = await door.access.identities.issue(1, uuid4())
    with pytest.raises(refusal):
        await door.access.identities.read(1, signed(secret, **changes))


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
async def test_an_algorithm_of_the_tokens_choice_is_refused(door: Door) -> None:
    secret = await door.access.identities.issue(1, uuid4())
    facts = {"sub": "customer-1", "exp": int(time.time()) + 3600}
    key = Ed25519PrivateKey.generate()
    forged = [
        jwt.encode(facts, "", algorithm="none"),
        f"{encoded({'alg': 'none'})}.{encoded(facts)}.",
        f"{encoded({'alg': 'NONE'})}.{encoded(facts)}.x",
        jwt.encode(facts, secret, algorithm="HS384"),
        jwt.encode(facts, secret, algorithm="HS512"),
        jwt.encode(facts, key, algorithm="EdDSA"),
        f"{encoded({'alg': 'EdDSA'})}.{encoded(facts)}.{signed(secret).rpartition('.')[2]}",
        jwt.encode(facts, "another secret of a good length", algorithm="HS256"),
        f"{encoded({'alg': 'HS256'})}.{encoded(facts)}.",
        signed(secret)[:-4] + "AAAA",
        "x",
        "a.b.c",
        "x" * 5000,
        "\x00",
        "ä.ö.ü",
    ]
    for token in forged:
        with pytest.raises(Unauthenticated):
            await door.access.identities.read(1, token)
    with pytest.raises(TokenMissing):
        await door.access.identities.read(1, "")


async def test_without_a_secret_nobody_is_known(door: Door) -> None:
    with pytest.raises(Unauthenticated):
        await door.access.identities.read(1, signed("is_" + "x" * 43))
