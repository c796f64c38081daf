"""What a widget may know of itself."""

from __future__ import annotations

from domain.ids import wire
from interfaces.http.headers import POSITION
from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases

B = "/api/v1/chat/widget/config"


async def test_the_config_is_as_the_seed_prints(desk: Desk, shop: Shop) -> None:
    await desk.fold()
    answer = await desk.http.get(f"/api/widgets/{shop.widget}/config", headers=shop.site)
    assert answer.status_code == 200
    assert shop.assistant_id is not None
    config = answer.json()["config"]
    assert answer.json()["success"] is True
    assert config["name"] == "Your Company"
    assert config["assistantId"] == wire("assistant", shop.assistant_id)
    assert config["widget"] == {
        "primaryColor": "#3B82F6",
        "position": "bottom-right",
        "greeting": "Hello! How can we help?",
        "theme": "auto",
        "launcher": "chat",
    }
    assert config["branding"] == {"logo": "https://shop.test/logo.png"}
    assert answer.headers[POSITION] == str(await shop.head())
    for path in (f"/api/widgets/{shop.tenant}/config", B, f"{B}?widgetId={shop.widget}"):
        assert (await desk.http.get(path, headers=shop.site)).json() == answer.json()


async def test_what_a_browser_has_is_not_sent_again(desk: Desk, shop: Shop) -> None:
    await desk.fold()
    first = await desk.http.get(B, headers=shop.site)
    again = await desk.http.get(B, headers=shop.site | {"If-None-Match": f'W/"x", {first.headers["ETag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    other = await desk.http.get(B, headers=shop.site | {"If-None-Match": '"x"'})
    assert other.status_code == 200


async def test_a_site_that_the_widget_does_not_name_is_refused(desk: Desk) -> None:
    shop = await desk.shop(origins=("https://shop.test",))
    await desk.fold()
    for origin, status in (
        ("https://shop.test", 200),
        ("http://verbatim.test", 200),
        ("https://evil.test", 401),
        ("null", 401),
    ):
        assert (await desk.http.get(B, headers=shop.site | {"Origin": origin})).status_code == status
    assert (await desk.http.get(B, headers=shop.site)).status_code == 200


@cases("path", ["wid_" + "0" * 32, "tnt_999", "nonsense", "tnt_", "wid_"])
async def test_another_widgets_path_is_not_found(desk: Desk, shop: Shop, path: str) -> None:
    answer = await desk.http.get(f"/api/widgets/{path}/config", headers=shop.site)
    assert (answer.status_code, answer.json()["success"]) == (404, False)


async def test_what_a_page_needs_beside_it_is_there_and_nothing_secret(desk: Desk, shop: Shop) -> None:
    await desk.fold()
    answer = await desk.http.get(B, headers=shop.site)
    config = answer.json()["config"]
    assert (config["locale"], config["rating"], config["configVersion"]) == ("en", True, 1)
    assert config["wsUrl"] == "ws://verbatim.test/api/ws/chat"
    assert config["hours"] == {"open": True, "nextOpenAt": None}
    assert config["preChat"] == config["offline"] == {"enabled": False, "intro": "", "fields": []}
    assert config["files"]["maxSize"] == 20 * 1024 * 1024
    assert config["features"]["human"] is True
    assert not [word for word in ("wt_", "token", "secret", "origins", "instructions") if word in answer.text]


async def test_texts_are_in_the_language_the_browser_wants_the_tenants_own_first(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    texts = {"de": {"greeting": "Moin"}, "pt-BR": {"send": "Enviar já"}}
    label = {"en": "Order number", "de": "Bestellnummer"}
    form = {"enabled": True, "fields": [{"name": "order", "type": "text", "label": label}]}
    change = {"texts": texts, "preChat": form, "greeting": "Hi there"}
    path = f"/api/v1/widgets/{shop.widget}"
    assert (await desk.http.patch(path, json=change, headers=admin)).status_code == 200
    await desk.fold()

    async def told(**asked: str) -> tuple[str, str, str, str]:
        query = {"locale": asked.pop("locale")} if "locale" in asked else {}
        headers = shop.site | {"Accept-Language": asked.get("language", "")}
        config = (await desk.http.get(B, params=query, headers=headers)).json()["config"]
        shown = config["preChat"]["fields"][0]["label"]
        return config["locale"], config["texts"]["greeting"], config["texts"]["send"], shown

    assert await told() == ("en", "Hi there", "Send", "Order number")
    assert await told(language="de-AT,de;q=0.9,en;q=0.8") == ("de", "Moin", "Senden", "Bestellnummer")
    assert await told(language="xx, fr;q=0.4") == (
        "fr", "Bonjour ! Comment pouvons-nous vous aider ?", "Envoyer", "Order number"
    )  # fmt: skip
    assert (await told(language="pt"))[::2] == ("pt-BR", "Enviar já")
    assert (await told(locale="de", language="fr"))[0] == "de"
    assert (await told(language="nonsense;;,*;q=2"))[0] == "en"


async def test_it_says_whether_it_is_open_now_and_was_then(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    path = f"/api/v1/widgets/{shop.widget}"
    before = await shop.head()
    days = [{"day": day, "opens": "00:00", "closes": "24:00"} for day in range(7)]
    for openings, is_open in ((days, True), ([], False)):
        change = {"hours": {"timeZone": "UTC", "openings": openings}}
        assert (await desk.http.patch(path, json=change, headers=admin)).status_code == 200
        await desk.fold()
        assert (await desk.http.get(B, headers=shop.site)).json()["config"]["hours"]["open"] is is_open
    assert (await desk.http.get(B, params={"asOf": before + 1}, headers=shop.site)).json()["config"]["hours"] == {
        "open": True, "nextOpenAt": None
    }  # fmt: skip


async def test_a_widget_narrows_what_its_tenant_accepts_and_never_widens_it(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    files = {"maxSize": 5_000, "contentTypes": ["image/png", "application/pdf"]}
    await desk.http.patch(f"/api/v1/widgets/{shop.widget}", json={"files": files}, headers=admin)
    before = await shop.head()
    rules = {"maxSize": 9_000, "contentTypes": ["application/pdf", "text/plain"]}
    await desk.http.put("/api/v1/chat/upload/rules", json=rules, headers=admin)
    await desk.fold()
    shown = (await desk.http.get(B, headers=shop.site)).json()["config"]["files"]
    assert shown == {"maxSize": 5_000, "contentTypes": ["application/pdf"]}
    then = await desk.http.get(B, params={"asOf": before}, headers=shop.site)
    assert then.json()["config"]["files"] == files
