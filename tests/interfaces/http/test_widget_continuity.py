"""Continuity over HTTP: switching it on, and the whole way from an unread reply to a mail and its history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from application.actor import system
from application.bus import CommandBus
from application.continuity import LookForVisitor
from application.handlers import HANDLERS
from domain.continuity import continuity_of
from domain.ids import parse
from domain.widget import WidgetConfigured
from infrastructure.clock import now, uuid7
from infrastructure.notices.log_only import LogOnly
from infrastructure.notices.server import mail_server
from infrastructure.notices.smtp import SmtpNotices
from interfaces.continuity import notify_absent_visitors
from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases
from tests.support.mail_receiver import mail_receiver

CHAT = "/api/v1/chat/conversations"
OFF = {"enabled": False, "afterMinutes": 10, "url": None, "verifiedOnly": False}
ON = {"enabled": True, "afterMinutes": 5, "url": "https://shop.test/help", "verifiedOnly": False}


def path(shop: Shop) -> str:
    return f"/api/v1/widgets/{shop.widget}/continuity"


async def react(desk: Desk, notices: LogOnly | SmtpNotices) -> None:
    """What a reactor does, through the whole log."""
    await desk.fold()
    policy = notify_absent_visitors(desk.store, notices)
    for recorded in await desk.store.reader.page(0, 1_000):
        if policy.concerns(recorded):
            await policy.react(recorded)
    await desk.fold()


async def ring(desk: Desk, shop: Shop, id: str) -> None:
    """What a timer does an hour from now."""
    bus = CommandBus(desk.store, HANDLERS, lambda: now() + timedelta(hours=1), uuid7)
    command = LookForVisitor(continuity_id=continuity_of(parse("conversation", id)))
    await bus.execute(system(shop.tenant_id), command)


async def asked(desk: Desk, shop: Shop) -> tuple[str, dict[str, str]]:
    """A visitor who left an address."""
    body = {"text": "Do you have it?", "email": "vera@visitor.test"}
    answer = await desk.http.post(CHAT, json=body, headers=shop.site)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    return told["conversation"]["id"], {"Authorization": f"Bearer {told['visitorToken']}"}


async def test_it_is_off_until_it_is_switched_on_and_the_same_again_changes_nothing(
    desk: Desk, shop: Shop
) -> None:
    admin, agent = await shop.member("admin"), await shop.member()
    await desk.fold()
    before = await desk.http.get(path(shop), headers=agent)
    assert (before.status_code, before.json(), before.headers["etag"]) == (200, OFF, '"1"')
    set_on = await desk.http.put(path(shop), json=ON, headers=admin | {"If-Match": '"1"'})
    assert (set_on.status_code, set_on.json()) == (200, ON)
    head = await shop.head()
    assert (await desk.http.put(path(shop), json=ON, headers=admin)).json() == ON
    assert await shop.head() == head
    stale = await desk.http.put(path(shop), json=OFF, headers=admin | {"If-Match": '"1"'})
    assert stale.status_code == 409
    await desk.fold()
    after = await desk.http.get(path(shop), headers=agent)
    assert (after.json(), after.headers["etag"]) == (ON, set_on.headers["etag"])
    changed = (await desk.store.reader.stream(shop.tenant_id, shop.widget_id))[-1].event
    assert isinstance(changed, WidgetConfigured)
    assert changed.changed == ("continuity",)
    renamed = await desk.http.patch(f"/api/v1/widgets/{shop.widget}", json={"name": "Blog"}, headers=admin)
    assert renamed.status_code == 200
    await desk.fold()
    assert (await desk.http.get(path(shop), headers=agent)).json() == ON


async def test_what_is_left_out_is_as_by_default(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    await desk.http.put(path(shop), json=ON, headers=admin)
    assert (await desk.http.put(path(shop), json={"enabled": True}, headers=admin)).json() == OFF | {
        "enabled": True
    }


async def test_a_repeat_under_its_key_says_the_same(desk: Desk, shop: Shop) -> None:
    key = await shop.member("admin") | {"Idempotency-Key": "k"}
    first = await desk.http.put(path(shop), json=ON, headers=key)
    again = await desk.http.put(path(shop), json=ON, headers=key)
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")


async def test_admins_set_it_the_team_reads_it_and_nobody_else_knows_of_it(
    desk: Desk, shop: Shop, other_shop: Shop
) -> None:
    await desk.fold()
    for role in ("supervisor", "agent", "auditor"):
        headers = await shop.member(role)
        assert (await desk.http.put(path(shop), json=ON, headers=headers)).status_code == 403
        assert (await desk.http.get(path(shop), headers=headers)).status_code == 200
    stranger = await other_shop.member("owner")
    absent = await desk.http.get(f"/api/v1/widgets/wid_{'0' * 32}/continuity", headers=stranger)
    foreign = await desk.http.get(path(shop), headers=stranger)
    assert absent.status_code == foreign.status_code == 404
    assert absent.json()["error"]["message"] == foreign.json()["error"]["message"]
    assert (await desk.http.put(path(shop), json=ON, headers=stranger)).status_code == 404
    config = await desk.http.get(f"/api/widgets/{shop.widget}/config", headers=shop.site)
    assert "continuity" not in config.text


@cases(
    "wrong",
    [
        {},
        {"enabled": True, "afterMinutes": 0},
        {"enabled": True, "afterMinutes": 1441},
        {"enabled": True, "afterMinutes": "10"},
        {"enabled": True, "url": "javascript:alert(1)"},
        {"enabled": True, "url": "https://shop.test/a b"},
        {"enabled": True, "url": "https://shop.test/" + "a" * 2048},
        {"enabled": True, "more": 1},
    ],
)
async def test_what_makes_no_sense_is_refused(desk: Desk, shop: Shop, wrong: dict[str, Any]) -> None:
    refused = await desk.http.put(path(shop), json=wrong, headers=await shop.member("admin"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_request")


async def test_an_unread_reply_becomes_a_mail_and_the_history_says_so(desk: Desk, shop: Shop) -> None:
    admin, agent = await shop.member("owner"), await shop.member()
    await desk.http.put(path(shop), json=ON, headers=admin)
    id, _ = await asked(desk, shop)
    for text in ("Yes, in blue.", "My card is 4111 1111 1111 1111"):
        posted = await desk.http.post(f"{CHAT}/{id}/messages", json={"text": text}, headers=agent)
        assert posted.status_code == 201
    note = {"text": "a secret note", "private": True}
    await desk.http.post(f"{CHAT}/{id}/messages", json=note, headers=agent)
    async with mail_receiver() as receiver:
        notices = SmtpNotices(mail_server(receiver.url), "chat@shop.test")
        await react(desk, notices)
        await ring(desk, shop, id)
        await react(desk, notices)
        await react(desk, notices)
        (mail,) = receiver.mails
    text = mail.message.get_content()
    assert (mail.recipients, mail.message["From"]) == (("vera@visitor.test",), "Your Company <chat@shop.test>")
    assert "Yes, in blue." in text
    assert "https://shop.test/help" in text
    assert "secret" not in text
    assert "4111 1111" not in text
    await desk.fold()
    shown = await desk.http.get(f"{CHAT}/{id}", headers=agent)
    notice = shown.json()["notice"]
    assert (notice["status"], notice["replies"], notice["via"]) == ("sent", 2, "email")
    seq = await shop.head()
    then = await desk.http.get(f"{CHAT}/{id}", params={"asOf": seq - 1}, headers=agent)
    assert then.json()["notice"] is None
    now_so = await desk.http.get(f"{CHAT}/{id}", params={"asOf": seq}, headers=agent)
    assert now_so.json()["notice"] == notice
    history = (await desk.http.get(f"/api/v1/audit/conversations/{id}", headers=admin)).json()
    said = [line["what"] for line in history["data"] if line["type"].startswith("continuity.")]
    assert history["intact"]
    assert said[1:] == [
        "found the visitor away from 2 unread replies",
        "notified the visitor by e-mail of 2 unread replies",
    ]


async def test_without_a_mail_server_the_history_does_not_claim_a_mail(desk: Desk, shop: Shop) -> None:
    admin, agent = await shop.member("owner"), await shop.member()
    await desk.http.put(path(shop), json=ON, headers=admin)
    id, visitor = await asked(desk, shop)
    await desk.http.post(f"{CHAT}/{id}/messages", json={"text": "Yes"}, headers=agent)
    await react(desk, LogOnly())
    await ring(desk, shop, id)
    await react(desk, LogOnly())
    history = (await desk.http.get(f"/api/v1/audit/conversations/{id}", headers=admin)).json()
    assert history["data"][-1]["what"] == (
        "would have notified the visitor of 1 unread reply: no mail server is set"
    )
    shown = await desk.http.get(f"{CHAT}/{id}", headers=visitor)
    assert "notice" not in shown.text
