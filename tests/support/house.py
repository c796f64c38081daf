"""House: one tenant with an assistant, a widget and two agents, on a log in memory and a clock that tests turn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from application.actor import Actor, ActorRole, assistant, system, visitor
from application.assistant import ConfigureAssistant
from application.bus import CommandBus, Receipt, Request
from application.command import Command
from application.conversation import PostMessage, StartConversation
from application.handlers import HANDLERS
from application.log import EventLog
from application.widget import InstallWidget
from domain.assistant import Persona
from domain.kernel import By
from domain.widget import Look
from tests.support.memory_log import MemoryLog

TENANT = 7
ASSISTANT = UUID(int=0xA)
WIDGET = UUID(int=0xB)
ANNA = UUID(int=0xC1)
BEN = UUID(int=0xC2)
VISITOR = UUID(int=0xD1)
STRANGER = UUID(int=0xD2)
PERSONA = Persona(name="Ada", fallback="A colleague will take over.")


def agent(agent_id: UUID = ANNA, role: ActorRole = "agent", tenant_id: int = TENANT) -> Actor:
    return Actor(tenant_id, By("agent", agent_id), role)


VISITING = visitor(TENANT, VISITOR)
ANSWERING = assistant(TENANT, ASSISTANT)
ADMIN = agent(UUID(int=0xC9), "admin")


class House:
    """`do` gives a command to the bus; ids count up, time stands still until `later`."""

    def __init__(self, log: EventLog | None = None) -> None:
        self.log = log or MemoryLog()
        self.now = datetime(2030, 1, 1, tzinfo=UTC)
        self._ids = 0x1000
        self.bus = self.new_bus()

    def new_bus(self) -> CommandBus:
        """Another process on the same log: its own cache."""
        return CommandBus(self.log, HANDLERS, lambda: self.now, self.new_id)

    def new_id(self) -> UUID:
        self._ids += 1
        return UUID(int=self._ids)

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    async def do(self, actor: Actor, command: Command, key: str | None = None) -> Receipt:
        return await self.bus.execute(actor, command, Request(key))

    async def open(self, persona: Persona = PERSONA) -> None:
        """The assistant, and a widget that it answers."""
        await self.do(system(TENANT), ConfigureAssistant(assistant_id=ASSISTANT, persona=persona))
        look = Look(name="Shop")
        await self.do(system(TENANT), InstallWidget(widget_id=WIDGET, look=look, assistant_id=ASSISTANT))

    async def chat(self, text: str | None = "Hello", *, with_assistant: bool = True) -> UUID:
        """A visitor starts a conversation; its id."""
        chosen = ASSISTANT if with_assistant else None
        command = StartConversation(contact_id=VISITOR, assistant_id=chosen, text=text)
        receipt = await self.do(VISITING, command)
        return receipt.events[-1].originator_id

    async def say(self, conversation_id: UUID, text: str, actor: Actor = VISITING) -> Receipt:
        return await self.do(actor, PostMessage(conversation_id=conversation_id, text=text))
