"""The demo tenant: a small shop with a widget, an assistant, people and something to know."""

from __future__ import annotations

from pathlib import Path

import msgspec

from application.actor import system
from application.article import WriteArticle
from application.canned_response import SaveCannedResponse
from domain.agent import Role
from domain.assistant import Persona
from domain.ids import natural_key
from domain.widget import Look
from infrastructure.embedded.datadir import DataDirectory, write_private
from infrastructure.settings import Settings
from interfaces.tenancy import Login, NewTenant, TenantPlan, add_user, new_tenant_number, open_tenant
from interfaces.write_side import WriteSide


class DemoUser(msgspec.Struct, frozen=True):
    role: Role
    email: str
    password: str


class Demo(msgspec.Struct, frozen=True, rename="camel"):
    """The demo's ids and logins; kept in the data directory, so every start prints the same."""

    number: int
    tenant: NewTenant
    users: tuple[DemoUser, ...]


KEPT = "demo.json"

PEOPLE: tuple[tuple[Role, str, str], ...] = (
    ("owner", "Olive Owner", "owner@larchandloom.example"),
    ("agent", "Ada Agent", "ada@larchandloom.example"),
    ("agent", "Ben Agent", "ben@larchandloom.example"),
    ("analyst", "Ana Analyst", "analyst@larchandloom.example"),
    ("auditor", "Aurel Auditor", "auditor@larchandloom.example"),
)

ARTICLES = (
    (
        "Shipping times and costs",
        "Orders that reach us before 2 pm on a working day leave our workshop the same day. Delivery takes 2 to 4 "
        "working days within the country and 5 to 8 abroad.\n\nShipping costs 4.90; orders over 80 ship for free. "
        "Express delivery by the next working day costs 12.50.",
    ),
    (
        "Returns and refunds",
        "You can return anything unused within 30 days of delivery. Print the return label from your account under "
        "Orders, or write to us and we send you one.\n\nWe refund the full price to the card or account you paid "
        "with within 5 working days after the parcel has reached us. Return shipping is free.",
    ),
    (
        "Tracking your order",
        "As soon as your parcel is with the carrier you receive an e-mail with a tracking number. You also find it "
        "in your account under Orders. It can take a day until the first scan shows.",
    ),
    (
        "Changing or cancelling an order",
        "You can change the address or cancel an order until it is packed: open it under Orders and choose Change. "
        "Once it is packed we cannot stop it; please send it back to us for free.",
    ),
    (
        "Payment methods",
        "We take credit and debit cards, bank transfer, and gift cards. We charge a card when the parcel leaves us. "
        "Gift cards are valid for three years and can be used in parts.",
    ),
    (
        "Care of wool blankets",
        "Air a wool blanket rather than washing it. If you must, wash it by hand in cold water with wool detergent "
        "and dry it flat. Never use a dryer: the wool would felt.",
    ),
    (
        "Warranty and repairs",
        "Our furniture and blankets carry a warranty of five years against faults of material and making. Send us "
        "a photo of the fault and the order number; we repair or replace within two weeks.",
    ),
    (
        "Opening hours of the workshop",
        "The workshop in Linden Street is open Tuesday to Friday from 10 am to 6 pm and Saturday from 10 am to "
        "2 pm. We are closed on Sunday and Monday.",
    ),
)

CANNED = (
    ("hi", "Greeting", "Hello, thank you for writing to Larch & Loom. How can I help you?"),
    ("order", "Ask for the order number", "Could you tell me your order number, please? It begins with LL."),
    (
        "label",
        "Return label",
        "I have just sent a return label to your e-mail address. The return is free for you.",
    ),
    ("wait", "One moment", "One moment please, I am looking into it."),
    ("bye", "Goodbye", "Glad I could help. Have a good day!"),
)


async def ensure_demo(side: WriteSide, directory: DataDirectory, settings: Settings) -> Demo:
    """The demo tenant of this data directory, made on its first start. Safe to repeat after a crash."""
    file = directory.path / KEPT
    kept = kept_demo(directory.path)
    if kept is not None:
        return kept
    number = new_tenant_number()
    people = tuple(DemoUser(role, email, directory.secret(f"demo-{email}")) for role, _, email in PEOPLE)
    tenant = await open_tenant(side, _plan(number, people[0], settings))
    for (role, name, _), user in zip(PEOPLE[1:], people[1:], strict=True):
        await add_user(side, number, Login(user.email, user.password), name, role)
    await _teach(side, number)
    demo = Demo(number, tenant, people)
    write_private(file, msgspec.json.format(msgspec.json.encode(demo)))
    return demo


def kept_demo(data_dir: Path) -> Demo | None:
    """The demo of this data directory, once it was made."""
    file = data_dir / KEPT
    return msgspec.json.decode(file.read_bytes(), type=Demo) if file.exists() else None


def _plan(number: int, owner: DemoUser, settings: Settings) -> TenantPlan:
    persona = Persona(
        name="Loomis",
        instructions="You help the customers of Larch & Loom, a shop for wooden furniture and wool blankets.",
        model=settings.model_name if settings.model_key else None,
        base_url=settings.model_url,
    )
    look = Look(
        name="Larch & Loom",
        primary_color="#2F5D50",
        greeting="Hello! I am Loomis. Ask me about orders, shipping or returns.",
    )
    return TenantPlan(number, "Larch & Loom", Login(owner.email, owner.password), persona, look)


async def _teach(side: WriteSide, number: int) -> None:
    actor = system(number)
    for title, body in ARTICLES:
        article_id = natural_key(number, "article", title)
        await side.bus.execute(actor, WriteArticle(article_id=article_id, title=title, body=body))
    for shortcut, title, body in CANNED:
        command = SaveCannedResponse(
            canned_response_id=natural_key(number, "canned_response", shortcut),
            shortcut=shortcut,
            title=title,
            body=body,
        )
        await side.bus.execute(actor, command)
