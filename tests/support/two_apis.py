"""Two api processes of one installation, as an operator starts them, and a tenant that is open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import msgspec

from domain.assistant import Persona
from domain.widget import Look
from infrastructure.settings import settings_from
from interfaces.tenancy import Login, NewTenant, TenantPlan, open_tenant
from interfaces.write_side import open_write_side
from tests.support.processes import Verbatim, running

SECRET = "a secret of thirty-two characters and more"
TENANT = 4711
OWNER = Login("owner@shop.test", "a password of some length")


class TwoApis(msgspec.Struct, frozen=True):
    urls: tuple[str, str]
    tenant: NewTenant
    processes: tuple[Verbatim, Verbatim]

    @property
    def site(self) -> dict[str, str]:
        """What the embedding site sends."""
        return {"Authorization": f"Bearer {self.tenant.widget_token}"}


@asynccontextmanager
async def two_apis(
    database_url: str, nats_url: str, folder: Path, tenant: int = TENANT, **settings: str
) -> AsyncGenerator[TwoApis]:
    """`database_url` has read models; `settings` are those of both processes."""
    needed = {"database_url": database_url, "nats_url": nats_url, "secret": SECRET}
    plan = TenantPlan(tenant, "Shop", OWNER, Persona(name="Ada"), Look(name="Shop"))
    async with open_write_side(settings_from({}, **needed)) as side:
        opened = await open_tenant(side, plan)
    arguments = ("serve", "--role", "api", "--port", "0")
    with ExitStack() as stack:
        one, other = (
            stack.enter_context(running(folder / f"api-{number}.log", *arguments, **needed, **settings))
            for number in (1, 2)
        )
        yield TwoApis((await asyncio.to_thread(one.url), await asyncio.to_thread(other.url)), opened, (one, other))
