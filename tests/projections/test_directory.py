"""The directory: who works here, which widgets and assistants there are."""

from __future__ import annotations

from uuid import UUID

from application.actor import system
from application.agent import ChangeAgentRole, DeactivateAgent, InviteAgent
from application.assistant import ConfigureAssistant
from application.tenant import OpenTenant, RenameTenant
from application.widget import InstallWidget, RestyleWidget
from domain.assistant import Persona
from domain.widget import Look
from projections.directory import (
    AgentView,
    AssistantView,
    WidgetView,
    read_agents,
    read_assistants,
    read_tenant_name,
    read_widget,
    read_widgets,
)
from tests.projections.conftest import ReadModels
from tests.support.house import ANNA, ASSISTANT, BEN, PERSONA, TENANT, WIDGET, House

SET_UP = system(TENANT)


async def test_a_tenant_has_its_newest_name(house: House, models: ReadModels) -> None:
    async with models.tenant() as connection:
        assert await read_tenant_name(connection, TENANT) is None
    await house.do(SET_UP, OpenTenant(name="Shop"))
    await house.do(SET_UP, RenameTenant(name="Better Shop"))
    await models.fold()
    async with models.tenant() as connection:
        assert await read_tenant_name(connection, TENANT) == "Better Shop"


async def test_agents_keep_their_place_when_they_change(house: House, models: ReadModels) -> None:
    await house.do(SET_UP, InviteAgent(agent_id=BEN, name="Ben", email="ben@example.test"))
    await house.do(SET_UP, InviteAgent(agent_id=ANNA, name="Anna", email="anna@example.test", role="admin"))
    await models.fold()
    await house.do(SET_UP, ChangeAgentRole(agent_id=BEN, role="supervisor"))
    await house.do(SET_UP, DeactivateAgent(agent_id=ANNA))
    await models.fold()
    async with models.tenant() as connection:
        assert await read_agents(connection, TENANT) == (
            AgentView(BEN, "Ben", "ben@example.test", "supervisor", True),
            AgentView(ANNA, "Anna", "anna@example.test", "admin", False),
        )


async def test_the_first_widget_is_the_default_and_a_look_comes_back_whole(
    house: House, models: ReadModels
) -> None:
    await house.open()
    look = Look(name="Blog", primary_color="#112233", origins=("https://blog.example.test",))
    await house.do(SET_UP, InstallWidget(widget_id=UUID(int=1), look=Look(name="Draft")))
    await house.do(SET_UP, RestyleWidget(widget_id=UUID(int=1), look=look))
    await models.fold()
    async with models.tenant() as connection:
        widgets = await read_widgets(connection, TENANT)
        one = await read_widget(connection, TENANT, UUID(int=1))
        none = await read_widget(connection, TENANT, UUID(int=2))
    restyled = WidgetView(UUID(int=1), look, None, config_version=2)
    assert widgets == (WidgetView(WIDGET, Look(name="Shop"), ASSISTANT), restyled)
    assert (one, none) == (widgets[1], None)


async def test_an_assistant_has_its_newest_persona(house: House, models: ReadModels) -> None:
    await house.open()
    await house.do(SET_UP, ConfigureAssistant(assistant_id=UUID(int=1), persona=Persona(name="Bob")))
    renamed = Persona(name="Robert", model="small", base_url="http://127.0.0.1:1")
    await house.do(SET_UP, ConfigureAssistant(assistant_id=UUID(int=1), persona=renamed))
    await models.fold()
    async with models.tenant() as connection:
        found = await read_assistants(connection, TENANT)
    assert found == (AssistantView(ASSISTANT, PERSONA), AssistantView(UUID(int=1), renamed))


async def test_another_tenants_people_do_not_exist(house: House, models: ReadModels) -> None:
    await house.open()
    await house.do(SET_UP, OpenTenant(name="Shop"))
    await house.do(SET_UP, InviteAgent(agent_id=BEN, name="Ben", email="ben@example.test"))
    await models.fold()
    async with models.tenant(TENANT + 1) as connection:
        assert await read_tenant_name(connection, TENANT) is None
        assert await read_agents(connection, TENANT) == ()
        assert await read_widgets(connection, TENANT) == ()
        assert await read_widget(connection, TENANT, WIDGET) is None
        assert await read_assistants(connection, TENANT) == ()
