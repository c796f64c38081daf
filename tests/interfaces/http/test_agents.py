"""People over HTTP: invited, changed, shown out."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx

from domain.agent import Role
from domain.ids import tenant_wire
from tests.interfaces.http.desk import PASSWORD, Desk, Shop, bearer
from tests.support.cases import cases

AGENTS, LOGIN, ME = "/api/v1/agents", "/api/v1/auth/login", "/api/v1/auth/me"
ACCEPT = "/api/v1/auth/accept-invitation"
BEN = "ben@shop.test"
INVITE = {"email": BEN, "name": "Ben", "role": "supervisor"}


async def accept(desk: Desk, token: str, password: str = PASSWORD) -> httpx.Response:
    return await desk.http.post(ACCEPT, json={"token": token, "password": password})


async def log_in(desk: Desk, email: str = BEN) -> dict[str, Any]:
    answer = await desk.http.post(LOGIN, json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def invited(desk: Desk, by: dict[str, str], role: Role = "agent", email: str = BEN) -> dict[str, Any]:
    """Somebody who followed their link."""
    answer = await desk.http.post(AGENTS, json={"email": email, "name": "Ben", "role": role}, headers=by)
    assert answer.status_code == 201, answer.text
    assert (await accept(desk, answer.json()["invitation"]["token"])).status_code == 200
    return answer.json()["agent"]


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_an_invitation_is_followed_once(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    answer = await desk.http.post(AGENTS, json=INVITE | {"email": " Ben@Shop.test"}, headers=admin)
    assert answer.status_code == 201
    agent, invitation = answer.json()["agent"], answer.json()["invitation"]
    assert agent == {
        "id": agent["id"],
        "name": "Ben",
        "email": BEN,
        "role": "supervisor",
        "isActive": True,
        "status": "invited",
        "invitedUntil": invitation["expiresAt"],
        "permissionSetId": None,
    }
    assert invitation["url"].endswith(f"/agent#invitation={invitation['token']}")
    joined = await accept(desk, invitation["token"])
    assert joined.status_code == 200
    assert joined.json()["user"] | {"id": ""} == {
        "id": "", "name": "Ben", "email": BEN, "role": "supervisor", "tenantId": tenant_wire(shop.tenant_id)
    }  # fmt: skip
    assert (await desk.http.get(ME, headers=bearer(joined.json()["accessToken"]))).status_code == 200
    assert code(await accept(desk, invitation["token"])) == (401, "token_revoked")
    now = (await desk.http.get(f"{AGENTS}/{agent['id']}", headers=admin)).json()["agent"]
    assert (now["status"], now["invitedUntil"]) == ("active", None)


async def test_each_change_is_an_event_of_whoever_made_it(desk: Desk, shop: Shop) -> None:
    owner = await shop.member("owner")
    before = await shop.head()
    agent = await invited(desk, owner)
    path = f"{AGENTS}/{agent['id']}"
    await desk.http.put(f"{path}/role", json={"role": "analyst"}, headers=owner)
    await desk.http.post(f"{path}/deactivate", headers=owner)
    await desk.http.post(f"{path}/reactivate", headers=owner)
    events = await desk.store.reader.tenant_page(shop.tenant_id, before)
    assert [one.event.TYPE for one in events] == [
        "agent.invited.1", "agent.invitation_issued.1", "agent.joined.1", "agent.role_changed.1",
        "agent.deactivated.1", "agent.reactivated.1",
    ]  # fmt: skip
    assert {one.event.by.kind for one in events} == {"agent"}
    assert events[2].event.by.id == events[2].stream_id


async def test_a_password_is_long_and_ones_own(desk: Desk, shop: Shop) -> None:
    answer = await desk.http.post(AGENTS, json=INVITE, headers=await shop.member("admin"))
    token = answer.json()["invitation"]["token"]
    for password in ("short", "passwordpassword", "x" * 129):
        assert code(await accept(desk, token, password)) == (400, "invalid_request")
    assert (await accept(desk, token)).status_code == 200


async def test_a_repeat_answers_the_same_person_and_a_link_that_works(desk: Desk, shop: Shop) -> None:
    headers = await shop.member("admin") | {"Idempotency-Key": "one"}
    first = await desk.http.post(AGENTS, json=INVITE, headers=headers)
    before = await shop.head()
    again = await desk.http.post(AGENTS, json=INVITE, headers=headers)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert (again.json()["agent"], await shop.head()) == (first.json()["agent"], before)
    assert code(await accept(desk, first.json()["invitation"]["token"])) == (401, "token_revoked")
    assert (await accept(desk, again.json()["invitation"]["token"])).status_code == 200


async def test_who_is_here_is_not_invited_twice_but_again(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    first = (await desk.http.post(AGENTS, json=INVITE, headers=admin)).json()
    answer = await desk.http.post(AGENTS, json=INVITE, headers=admin)
    assert code(answer) == (409, "already_invited")
    assert answer.json()["error"]["details"]["id"] == first["agent"]["id"]
    path = f"{AGENTS}/{first['agent']['id']}/invitation"
    again = await desk.http.post(path, headers=admin)
    assert again.status_code == 201
    assert code(await accept(desk, first["invitation"]["token"])) == (401, "token_revoked")
    assert (await accept(desk, again.json()["invitation"]["token"])).status_code == 200
    assert code(await desk.http.post(path, headers=admin)) == (409, "already_joined")


async def test_a_new_role_logs_out(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    agent = await invited(desk, admin)
    session = await log_in(desk)
    role = f"{AGENTS}/{agent['id']}/role"
    answer = await desk.http.put(role, json={"role": "supervisor"}, headers=admin)
    assert (answer.status_code, answer.json()["agent"]["role"]) == (200, "supervisor")
    assert code(await desk.http.get(ME, headers=bearer(session["accessToken"]))) == (401, "token_revoked")
    refresh = await desk.http.post("/api/v1/auth/refresh", json={"refreshToken": session["refreshToken"]})
    assert code(refresh) == (401, "token_revoked")
    session = await log_in(desk)
    assert session["user"]["role"] == "supervisor"
    await desk.http.put(role, json={"role": "supervisor"}, headers=admin)
    assert (await desk.http.get(ME, headers=bearer(session["accessToken"]))).status_code == 200


async def test_a_deactivated_agent_is_out_until_reactivated(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    agent = await invited(desk, admin)
    session = await log_in(desk)
    path = f"{AGENTS}/{agent['id']}"
    gone = await desk.http.post(f"{path}/deactivate", headers=admin)
    assert (gone.status_code, gone.json()["agent"]["status"]) == (200, "deactivated")
    assert code(await desk.http.get(ME, headers=bearer(session["accessToken"]))) == (401, "token_revoked")
    login = await desk.http.post(LOGIN, json={"email": BEN, "password": PASSWORD})
    assert code(login) == (401, "login_failed")
    assert code(await desk.http.post(f"{path}/invitation", headers=admin)) == (409, "agent_deactivated")
    assert (await desk.http.post(f"{path}/deactivate", headers=admin)).status_code == 200
    back = await desk.http.post(f"{path}/reactivate", headers=admin)
    assert back.json()["agent"]["status"] == "active"
    await log_in(desk)


async def test_owners_are_owners_business_and_one_stays(desk: Desk, shop: Shop) -> None:
    owner, admin = await shop.member("owner", "olive@shop.test"), await shop.member("admin")
    await desk.fold()
    listed = (await desk.http.get(AGENTS, headers=admin)).json()["data"]
    olive = next(one["id"] for one in listed if one["role"] == "owner")
    for headers, expected in ((admin, (403, "forbidden")), (owner, (409, "last_owner"))):
        demoted = await desk.http.put(f"{AGENTS}/{olive}/role", json={"role": "admin"}, headers=headers)
        assert code(demoted) == expected
        assert code(await desk.http.post(f"{AGENTS}/{olive}/deactivate", headers=headers)) == expected
    promoted = await desk.http.post(AGENTS, json=INVITE | {"role": "owner"}, headers=admin)
    assert code(promoted) == (403, "forbidden")
    ben = await invited(desk, owner, "owner")
    assert ben["role"] == "owner"
    assert (await desk.http.post(f"{AGENTS}/{olive}/deactivate", headers=owner)).status_code == 200


async def test_pages_hold_everybody_once_in_order_of_invitation(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin", "admin@shop.test")
    for number in range(4):
        body = {"email": f"a{number}@shop.test", "name": "A", "role": "agent"}
        await desk.http.post(AGENTS, json=body, headers=admin)
    await desk.fold()
    emails: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        page = (await desk.http.get(AGENTS, params={"limit": "2"} | cursor, headers=admin)).json()
        emails += [one["email"] for one in page["data"]]
        cursor = {"cursor": page["nextCursor"]}
    assert emails == ["admin@shop.test", *(f"a{number}@shop.test" for number in range(4))]
    assert page["nextCursor"] is None
    assert {one["status"] for one in page["data"]} == {"invited"}
    assert code(await desk.http.get(AGENTS, params={"cursor": "x"}, headers=admin)) == (400, "invalid_request")


async def test_a_stranger_and_nobody_look_the_same(desk: Desk, shop: Shop) -> None:
    other = await desk.shop(tenant_id=2)
    theirs = await invited(desk, await other.member("admin"))
    admin = await shop.member("admin") | {"X-Request-Id": "one"}
    before = await desk.store.reader.head()
    for method, rest, body in (
        ("GET", "", None),
        ("POST", "/invitation", None),
        ("PUT", "/role", {"role": "agent"}),
        ("POST", "/deactivate", None),
        ("POST", "/reactivate", None),
    ):
        bodies = set()
        for id in (theirs["id"], f"agt_{uuid4().hex}", "agt_x", f"vis_{uuid4().hex}"):
            answer = await desk.http.request(method, f"{AGENTS}/{id}{rest}", json=body, headers=admin)
            assert answer.status_code == 404, (method, rest)
            bodies.add(answer.content)
        assert len(bodies) == 1
    assert await desk.store.reader.head() == before


@cases("change", [{"email": "ben"}, {"name": " "}, {"role": "king"}, {"role": "system"}, {"tenantId": "tnt_2"}])
async def test_a_bad_invitation_stores_nothing(desk: Desk, shop: Shop, change: dict[str, str]) -> None:
    admin = await shop.member("admin")
    before = await shop.head()
    assert code(await desk.http.post(AGENTS, json=INVITE | change, headers=admin)) == (400, "invalid_request")
    assert await shop.head() == before
