"""Calling: a visitor gets a number to dial, and a conversation that the call is part of. One call at a time."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID, uuid4, uuid5

import msgspec

from application.actor import Actor
from application.bus import CommandBus, Receipt, Request
from application.call import StartCall
from application.log import EventLog
from application.ports import Line, LineWish, VoiceLine
from application.voice import voice_key
from application.work import fold
from domain.call import DIAL_SECONDS, GRACE_SECONDS, RING_SECONDS, Call
from domain.conversation import Conversation, ConversationStarted
from domain.refusals import IdempotencyMismatch, Refusal
from domain.voice import NoNumberFree, Provider, Voice, VoiceNotEnabled

TRIES = 3

_CALLS = UUID("0c8f1f1e-9a8f-5f0c-8a76-2f8f6f0a6b51")


class CallWish(msgspec.Struct, frozen=True):
    """What a visitor asks for. `assistant_id` overrides the widget's."""

    widget_id: UUID | None
    assistant_id: UUID | None
    session_id: str


class BegunCall(msgspec.Struct, frozen=True):
    """`receipt` says at which seq; it has no events where the call was there before."""

    conversation: Conversation
    call: Call
    receipt: Receipt


class Calling:
    def __init__(self, log: EventLog, bus: CommandBus, lines: Mapping[Provider, VoiceLine]) -> None:
        self._log = log
        self._bus = bus
        self._lines = lines

    async def voice(self, tenant_id: int) -> Voice:
        """As the log has it; nothing is enabled where it has none."""
        found = fold(await self._log.load(tenant_id, voice_key(tenant_id)))
        return found if isinstance(found, Voice) else Voice(voice_key(tenant_id))

    async def start(self, actor: Actor, wish: CallWish, request: Request) -> BegunCall:
        """The call of a repeat is the first one's, and while one rings or runs it is that one.

        Raises VoiceNotEnabled, NoNumberFree, LineUnavailable, and what StartCall is refused for.
        """
        voice = await self.voice(actor.tenant_id)
        if not voice.settings.enabled:
            raise VoiceNotEnabled
        conversation_id = _call_id(actor, request)
        earlier = await self._begun(actor.tenant_id, conversation_id, is_replayed=True)
        if earlier is not None:
            await self._refuse_another(actor.tenant_id, earlier, wish)
            return earlier
        lines = self._lines[voice.settings.provider]
        for _ in range(TRIES):
            line = await lines.allocate(_line_wish(actor, conversation_id, voice))
            known = await self._begun(actor.tenant_id, line.conversation_id)
            if known is None:
                return await self._start(actor, wish, request, voice, line)
            if not known.call.is_over:
                return known
            await lines.release(actor.tenant_id, line.conversation_id)  # sooner than the policy
        raise NoNumberFree

    async def _start(self, actor: Actor, wish: CallWish, request: Request, voice: Voice, line: Line) -> BegunCall:
        settings = voice.settings
        command = StartCall(
            conversation_id=line.conversation_id,
            contact_id=actor.by.id,
            phone_number=line.number,
            provider=settings.provider,
            longest=settings.longest_call,
            widget_id=wish.widget_id,
            assistant_id=wish.assistant_id,
            session_id=wish.session_id,
        )
        try:
            receipt = await self._bus.execute(actor, command, request)
        except Refusal:
            if await self._begun(actor.tenant_id, line.conversation_id) is None:
                await self._lines[settings.provider].release(actor.tenant_id, line.conversation_id)
            raise
        begun = await self._begun(actor.tenant_id, line.conversation_id)
        assert begun is not None
        return msgspec.structs.replace(begun, receipt=receipt)

    async def _begun(
        self, tenant_id: int, conversation_id: UUID, *, is_replayed: bool = False
    ) -> BegunCall | None:
        """None where there is no such call yet."""
        conversation = fold(await self._log.load(tenant_id, conversation_id))
        if not isinstance(conversation, Conversation) or conversation.call is None:
            return None
        receipt = Receipt(await self._log.head(tenant_id), replayed=is_replayed)
        return BegunCall(conversation, conversation.call, receipt)

    async def _refuse_another(self, tenant_id: int, earlier: BegunCall, wish: CallWish) -> None:
        """Raises IdempotencyMismatch where the key was another request's."""
        stream = await self._log.load(tenant_id, earlier.conversation.id)
        started = next(event for event in stream.events if isinstance(event, ConversationStarted))
        is_named = wish.assistant_id in (None, started.assistant_id)
        if started.session_id != wish.session_id or started.widget_id != wish.widget_id or not is_named:
            raise IdempotencyMismatch


def _call_id(actor: Actor, request: Request) -> UUID:
    """For ever the same for one key of one visitor."""
    if request.key is None:
        return uuid4()
    return uuid5(_CALLS, f"{actor.tenant_id}/{actor.by.id}/{request.key}")


def _line_wish(actor: Actor, conversation_id: UUID, voice: Voice) -> LineWish:
    seconds = DIAL_SECONDS + RING_SECONDS + voice.settings.longest_call + GRACE_SECONDS
    return LineWish(actor.tenant_id, actor.by.id, conversation_id, voice.settings, voice.secret_id, seconds)
