"""Why a command may be refused: kinds, then named refusals. A code never changes; a sentence is for people."""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):
    """The one error family of the product. `details` go to the wire as they are."""

    code: ClassVar[str] = "refused"
    sentence: ClassVar[str] = "This is not possible."

    def __init__(self, sentence: str | None = None, **details: object) -> None:
        self.message = sentence or self.sentence
        self.details = details
        super().__init__(self.message)


class Invalid(Refusal):
    code = "invalid_request"
    sentence = "The request is not valid."


class Unauthenticated(Refusal):
    code = "token_invalid"
    sentence = "The credential is not valid."


class Forbidden(Refusal):
    code = "forbidden"
    sentence = "Your role may not do this."


class ScopeMissing(Forbidden):
    """Details: `scope`, the one that an API key would need; without it no scope opens this."""

    code = "scope_missing"
    sentence = "This API key may not do this."


class NotFound(Refusal):
    code = "not_found"
    sentence = "There is no such thing here."


class Conflict(Refusal):
    code = "conflict"
    sentence = "Somebody else changed this at the same time. Look again, then retry."


class AssistantIsDefault(Conflict):
    code = "assistant_is_default"
    sentence = "This is the default assistant. Choose another one as the default first."


class Unavailable(Refusal):
    code = "overloaded"
    sentence = "Too much is going on right now. Try again shortly."
    retry_after: ClassVar[int] = 1


class MissingMessage(Invalid):
    code = "missing_message"
    sentence = "A message needs a text."


class MissingSession(Invalid):
    code = "missing_session"
    sentence = "A sessionId is needed."


class NoAssistant(Invalid):
    code = "no_assistant"
    sentence = "No assistant is configured for this widget."


class TokenMissing(Unauthenticated):
    code = "token_missing"
    sentence = "A credential is needed."


class TokenExpired(Unauthenticated):
    code = "token_expired"
    sentence = "The credential has expired."


class TokenRevoked(Unauthenticated):
    code = "token_revoked"
    sentence = "The credential was revoked."


class WrongLogin(Unauthenticated):
    code = "login_failed"
    sentence = "The e-mail address or the password is wrong."


class AlreadyAccepted(Conflict):
    """Details: `by` (wire id of the agent), `at`."""

    code = "already_accepted"
    sentence = "Another agent has this conversation."


class AtCapacity(Conflict):
    """Details: `capacity`, and `load`, the open conversations the agent has."""

    code = "at_capacity"
    sentence = "This agent has as many open conversations as they may have."


class AgentUnavailable(Conflict):
    code = "agent_unavailable"
    sentence = "This agent is not online."


class OwnerTakesPart(Conflict):
    code = "owner_takes_part"
    sentence = "Who has a conversation takes part in it. Transfer it, or put it back, first."


class ConversationIsEnded(Conflict):
    code = "conversation_ended"
    sentence = "This conversation has ended. Start a new one."


class ConversationChanged(Conflict):
    code = "conversation_changed"
    sentence = "The conversation has moved on since you looked."


class ConversationIsOpen(Conflict):
    code = "conversation_open"
    sentence = "This conversation has not ended yet."


class RatingIsClosed(Conflict):
    code = "rating_closed"
    sentence = "A rating can be changed for 24 hours."


class FileIsAttached(Conflict):
    code = "file_attached"
    sentence = "This file is part of another conversation. Upload it again."


class FileIsPurged(Conflict):
    code = "file_purged"
    sentence = "This file is no longer kept. Upload it again."


class ShortcutTaken(Conflict):
    """Details: `id` (wire id of the canned response that has it)."""

    code = "shortcut_taken"
    sentence = "Another canned response has this shortcut."


class VisitorBlocked(Forbidden):
    """Details: `until`, null where it is for good."""

    code = "visitor_blocked"
    sentence = "You cannot write here at the moment."


class AddressBlocked(Forbidden):
    """Of a widget: by its tenant's rules about addresses."""

    code = "address_blocked"
    sentence = "This chat is not available from your network."


class ContactIsMerged(Conflict):
    """Details: `id` is part of `into`."""

    code = "contact_merged"
    sentence = "This contact is part of another one. Ask for that one, or unmerge first."


class ContactIsErased(Conflict):
    """Details: `id`."""

    code = "contact_erased"
    sentence = "This contact was erased."


class IdempotencyMismatch(Conflict):
    code = "idempotency_mismatch"
    sentence = "This idempotency key was used for another request."


class ProjectionBehind(Unavailable):
    """Details: `at`, the tenant's seq the read model has reached."""

    code = "projection_behind"
    sentence = "The read model has not caught up with that position yet."


class TooLarge(Refusal):
    code = "too_large"
    sentence = "The request is too large."


class UnsupportedFile(Refusal):
    """Details: `accepted`, the content types this tenant takes."""

    code = "unsupported_file"
    sentence = "Files of this kind are not accepted."


class OverLimit(Refusal):
    """Too much of something. `retry_after` in seconds."""

    policy: tuple[str, int, int] | None = None
    """(name, how many, in how many seconds), where it can be said."""
    replayed: bool = False
    """It was said before, to the same request."""

    def __init__(self, retry_after: int, **details: object) -> None:
        super().__init__(None, **details)
        self.retry_after = retry_after


class RateLimited(OverLimit):
    """Nothing was stored."""

    code = "rate_limited"
    sentence = "Too many requests. Try again later."


class UsageLimitExceeded(OverLimit):
    """The tenant's plan has no more of it. Details: `meter`, `limit`, `resetAt`.

    A visitor's message is stored all the same; then `conversationId`, `messageId` and `handoff` are there too.
    """

    code = "usage_limit_exceeded"
    sentence = "The usage limit is reached."
