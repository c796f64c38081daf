"""Logging in and out over HTTP."""

from __future__ import annotations

from domain.ids import tenant_wire
from tests.interfaces.http.desk import PASSWORD, Desk, Shop, bearer
from tests.support.cases import cases

LOGIN, REFRESH = "/api/v1/auth/login", "/api/v1/auth/refresh"
LOGOUT, ME = "/api/v1/auth/logout", "/api/v1/auth/me"
ANNA = "anna@shop.test"


async def test_a_login_answers_tokens_and_who_it_is(desk: Desk, shop: Shop) -> None:
    await shop.member("supervisor", ANNA)
    answer = await desk.http.post(LOGIN, json={"email": ANNA, "password": PASSWORD})
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"accessToken", "refreshToken", "expiresIn", "user"}
    assert body["expiresIn"] == 900
    assert body["user"] | {"id": ""} == {
        "id": "",
        "name": "Anna",
        "email": ANNA,
        "role": "supervisor",
        "tenantId": tenant_wire(shop.tenant_id),
    }
    me = await desk.http.get(ME, headers=bearer(body["accessToken"]))
    assert me.json() == {"user": body["user"], "role": "supervisor", "scopes": None, "permissions": None}


async def test_a_wrong_password_and_an_unknown_address_look_the_same(desk: Desk, shop: Shop) -> None:
    await shop.member(email=ANNA)
    bodies = []
    for email, password in ((ANNA, "wrong wrong wrong"), ("nobody@shop.test", PASSWORD), ("", "")):
        answer = await desk.http.post(LOGIN, json={"email": email, "password": password})
        assert answer.status_code == 401
        error = answer.json()["error"]
        bodies.append((error["code"], error["message"]))
    assert set(bodies) == {("login_failed", "The e-mail address or the password is wrong.")}


async def test_a_refresh_token_is_used_once(desk: Desk, shop: Shop) -> None:
    await shop.member(email=ANNA)
    first = (await desk.http.post(LOGIN, json={"email": ANNA, "password": PASSWORD})).json()
    second = (await desk.http.post(REFRESH, json={"refreshToken": first["refreshToken"]})).json()
    third = await desk.http.post(REFRESH, json={"refreshToken": second["refreshToken"]})
    assert third.status_code == 200
    stolen = await desk.http.post(REFRESH, json={"refreshToken": first["refreshToken"]})
    assert (stolen.status_code, stolen.json()["error"]["code"]) == (401, "token_revoked")
    after = await desk.http.get(ME, headers=bearer(third.json()["accessToken"]))
    assert (after.status_code, after.json()["error"]["code"]) == (401, "token_revoked")


async def test_logging_out_ends_the_session(desk: Desk, shop: Shop) -> None:
    await shop.member(email=ANNA)
    body = (await desk.http.post(LOGIN, json={"email": ANNA, "password": PASSWORD})).json()
    headers = bearer(body["accessToken"])
    assert (await desk.http.post(LOGOUT, headers=headers)).status_code == 204
    assert (await desk.http.get(ME, headers=headers)).json()["error"]["code"] == "token_revoked"
    assert (await desk.http.post(REFRESH, json={"refreshToken": body["refreshToken"]})).status_code == 401


@cases("body", [{}, {"email": ANNA}, {"email": 1, "password": "x"}, {"refreshToken": "x", "a": 1}])
async def test_a_body_that_is_no_login_is_refused(desk: Desk, body: dict[str, object]) -> None:
    for path in (LOGIN, REFRESH):
        answer = await desk.http.post(path, json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
        assert answer.json()["error"]["details"]["fields"][0]["name"]


async def test_too_many_failures_say_when_to_come_back(desk: Desk, shop: Shop) -> None:
    await shop.member(email=ANNA)
    answers = []
    for email in (ANNA, "nobody@shop.test"):
        for _ in range(10):
            failed = await desk.http.post(LOGIN, json={"email": email, "password": "wrong wrong wrong"})
            assert failed.status_code == 401
        limited = await desk.http.post(LOGIN, json={"email": email, "password": PASSWORD})
        assert limited.status_code == 429
        assert 890 <= int(limited.headers["Retry-After"]) <= 900
        assert limited.headers["RateLimit-Policy"] == '"login";q=10;w=900'
        assert limited.headers["RateLimit"] == f'"login";r=0;t={limited.headers["Retry-After"]}'
        answers.append((limited.json()["error"]["code"], limited.json()["error"]["message"]))
    assert set(answers) == {("rate_limited", "Too many failed logins. Try again later.")}
