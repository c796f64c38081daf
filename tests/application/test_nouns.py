"""Commands about everything but conversations: each does it, refuses it, stays quiet."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest

from application.actor import Actor, system, visitor
from application.agent import ChangeAgentRole, DeactivateAgent, InviteAgent
from application.article import (
    ChangeArticle,
    PublishArticle,
    RemoveArticle,
    UnpublishArticle,
    WriteArticle,
)
from application.assistant import ConfigureAssistant
from application.canned_response import RemoveCannedResponse, SaveCannedResponse
from application.command import Command
from application.contact import EraseContact, IntroduceContact
from application.file import PurgeFile, UploadFile
from application.tenant import OpenTenant, RenameTenant, SetFileRules
from application.widget import InstallWidget, IssueWidgetToken, RestyleWidget, RevokeWidgetToken
from domain.assistant import Persona
from domain.file import FileRules
from domain.refusals import Forbidden, Invalid, NotFound
from domain.widget import Look
from tests.support.house import ADMIN, STRANGER, TENANT, VISITING, VISITOR, House, agent
from tests.support.memory_log import MemoryLog

ID, TOKEN = UUID(int=1), UUID(int=2)
SYSTEM = system(TENANT)
AGENT = agent()


class Case(msgspec.Struct, frozen=True):
    """`command` by `actor` after `given` brings `event`; `wrong` makes it Invalid; `stranger` is Forbidden."""

    actor: Actor
    command: Command
    event: str
    given: tuple[Command, ...] = ()
    wrong: tuple[tuple[str, object], ...] = ()
    stranger: Actor = AGENT
    on_nothing: bool = True
    """False where the command needs something to be there."""


INTRODUCE = IntroduceContact(contact_id=VISITOR, name="Mia")
INSTALL = InstallWidget(widget_id=ID, look=Look(name="Shop"))
INVITE = InviteAgent(agent_id=ID, name="Anna", email="anna@example.org")
ARTICLE = WriteArticle(article_id=ID, title="Refunds", body="We pay back.")
SAVE = SaveCannedResponse(canned_response_id=ID, shortcut="bye", title="Goodbye", body="Bye.")
OPEN = OpenTenant(name="Shop")
UPLOAD = UploadFile(file_id=ID, name="a.txt", content_type="text/plain", size=1, sha256="00", key="7/1")
ISSUE = IssueWidgetToken(widget_id=ID, token_id=TOKEN)
LONG = "x" * 60_000

CASES = [
    Case(VISITING, INTRODUCE, "contact.introduced.1", wrong=(("name", LONG),), stranger=agent(role="analyst")),
    Case(
        ADMIN,
        EraseContact(contact_id=VISITOR, reason="asked to"),
        "contact.erased.1",
        given=(INTRODUCE,),
        wrong=(("reason", " "),),
        on_nothing=False,
    ),
    Case(ADMIN, INSTALL, "widget.installed.1", wrong=(("look", Look(name="")),)),
    Case(
        ADMIN,
        RestyleWidget(widget_id=ID, look=Look(name="Store")),
        "widget.restyled.1",
        given=(INSTALL,),
        wrong=(("look", Look(name="Store", primary_color="red")),),
        on_nothing=False,
    ),
    Case(ADMIN, ISSUE, "widget.token_issued.1", given=(INSTALL,), on_nothing=False),
    Case(
        ADMIN,
        RevokeWidgetToken(widget_id=ID, token_id=TOKEN),
        "widget.token_revoked.1",
        given=(INSTALL, ISSUE),
        on_nothing=False,
    ),
    Case(
        ADMIN,
        ConfigureAssistant(assistant_id=ID, persona=Persona(name="Ada")),
        "assistant.configured.1",
        wrong=(("persona", Persona(name="")),),
    ),
    Case(ADMIN, INVITE, "agent.invited.1", wrong=(("email", "nobody"),)),
    Case(
        ADMIN,
        ChangeAgentRole(agent_id=ID, role="supervisor"),
        "agent.role_changed.1",
        given=(INVITE,),
        on_nothing=False,
    ),
    Case(ADMIN, DeactivateAgent(agent_id=ID), "agent.deactivated.1", given=(INVITE,), on_nothing=False),
    Case(SYSTEM, OpenTenant(name="Shop"), "tenant.opened.1", wrong=(("name", " "),), stranger=ADMIN),
    Case(
        ADMIN,
        RenameTenant(name="Store"),
        "tenant.renamed.1",
        given=(OpenTenant(name="Shop"),),
        wrong=(("name", LONG),),
        on_nothing=False,
    ),
    Case(
        ADMIN,
        SetFileRules(rules=FileRules(max_size=5)),
        "tenant.file_rules_set.1",
        given=(OPEN,),
        wrong=(("rules", FileRules(max_size=0)),),
        on_nothing=False,
    ),
    Case(
        VISITING,
        UPLOAD,
        "file.uploaded.1",
        given=(OPEN,),
        wrong=(("name", LONG),),
        stranger=agent(role="analyst"),
        on_nothing=False,
    ),
    Case(
        ADMIN,
        PurgeFile(file_id=ID, reason="deleted"),
        "file.purged.1",
        given=(OPEN, UPLOAD),
        wrong=(("reason", " "),),
        on_nothing=False,
    ),
    Case(ADMIN, ARTICLE, "article.written.1", wrong=(("body", LONG),)),
    Case(
        ADMIN,
        ChangeArticle(article_id=ID, body="We do not."),
        "article.written.1",
        given=(ARTICLE,),
        wrong=(("body", LONG),),
        on_nothing=False,
    ),
    Case(ADMIN, UnpublishArticle(article_id=ID), "article.unpublished.1", given=(ARTICLE,), on_nothing=False),
    Case(
        ADMIN,
        PublishArticle(article_id=ID),
        "article.published.1",
        given=(ARTICLE, UnpublishArticle(article_id=ID)),
        on_nothing=False,
    ),
    Case(ADMIN, RemoveArticle(article_id=ID), "article.removed.1", given=(ARTICLE,), on_nothing=False),
    Case(ADMIN, SAVE, "canned_response.saved.1", wrong=(("shortcut", LONG),)),
    Case(
        ADMIN,
        RemoveCannedResponse(canned_response_id=ID),
        "canned_response.removed.1",
        given=(SAVE,),
        on_nothing=False,
    ),
]


def named(case: Case) -> str:
    return type(case.command).__name__


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def house(log: MemoryLog) -> House:
    return House(log)


async def prepare(house: House, case: Case) -> None:
    for command in case.given:
        await house.do(SYSTEM, command)


@pytest.mark.parametrize("case", CASES, ids=named)
async def test_it_is_done(house: House, case: Case) -> None:
    await prepare(house, case)
    receipt = await house.do(case.actor, case.command)
    assert case.event in [event.TYPE for event in receipt.events]
    assert receipt.events[-1].by == case.actor.by


@pytest.mark.parametrize("case", CASES, ids=named)
async def test_again_it_changes_nothing(house: House, log: MemoryLog, case: Case) -> None:
    await prepare(house, case)
    await house.do(case.actor, case.command)
    before = len(log.recorded)
    assert (await house.do(case.actor, case.command)).events == ()
    assert len(log.recorded) == before


@pytest.mark.parametrize("case", CASES, ids=named)
async def test_it_is_refused_to_who_may_not(house: House, log: MemoryLog, case: Case) -> None:
    await prepare(house, case)
    before = len(log.recorded)
    with pytest.raises(Forbidden):
        await house.do(case.stranger, case.command)
    assert len(log.recorded) == before


@pytest.mark.parametrize("case", [case for case in CASES if case.wrong], ids=named)
async def test_it_is_refused_with_facts_that_cannot_be(house: House, log: MemoryLog, case: Case) -> None:
    await prepare(house, case)
    before = len(log.recorded)
    wrong = msgspec.structs.replace(case.command, **dict(case.wrong))
    with pytest.raises(Invalid):
        await house.do(case.actor, wrong)
    assert len(log.recorded) == before


@pytest.mark.parametrize("case", [case for case in CASES if not case.on_nothing], ids=named)
async def test_it_is_refused_where_there_is_nothing_to_do_it_to(house: House, log: MemoryLog, case: Case) -> None:
    with pytest.raises(NotFound):
        await house.do(case.actor, case.command)
    assert log.recorded == []


@pytest.mark.parametrize("case", [case for case in CASES if case.given], ids=named)
async def test_another_tenants_does_not_exist(house: House, log: MemoryLog, case: Case) -> None:
    await prepare(house, case)
    before = len(log.recorded)
    foreign = msgspec.structs.replace(case.actor, tenant_id=TENANT + 1)
    with pytest.raises(NotFound):
        await house.do(foreign, case.command)
    assert len(log.recorded) == before


async def test_a_visitor_introduces_nobody_else(house: House, log: MemoryLog) -> None:
    with pytest.raises(NotFound):
        await house.do(visitor(TENANT, STRANGER), INTRODUCE)
    assert log.recorded == []
