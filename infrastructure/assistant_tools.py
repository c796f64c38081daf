"""Assistant tools: what a language model may ask for. No tool takes a tenant, a visitor or a conversation.

Whose it is comes from the question. A tool changes nothing by itself: what is to be done is written on the answer
and happens together with the reply, in the conversation that was asked about, or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from application.ports import KnowledgeSearch, Lead, Passage, Question
from domain.answer_text import safe_words
from domain.generation import ToolUse
from domain.persona import ToolName
from domain.values import NAME_LENGTH, UNSTORABLE
from infrastructure.assistant_prompt import sources_text
from infrastructure.completion import ToolCall

MOST_SOURCES = 12
FOUND = 3
MOST_NOTES = 3
NOTE_LENGTH = 2_000
ARGUMENTS_LENGTH = 2_000
REFUSED = '{"error":"no such tool, or not with these arguments"}'

Reason = Literal["visitor_asked", "nothing_found", "needs_account_access", "complaint", "other"]
# A fixed list, not free words: the reason is stored readable, and a model would put names into it.


class HandOver(msgspec.Struct, frozen=True):
    """Pass the conversation on to a human colleague."""

    reason: Reason = "other"


class SearchKnowledge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Look for more sources in the help pages."""

    query: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class QualifyLead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Note that the visitor may become a customer: how to reach them is known, and so is what they want."""

    why: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    score: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None


class CreateNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Leave a private note for the agents; the visitor does not see it."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=NOTE_LENGTH)]


TOOLS: dict[ToolName, type[msgspec.Struct]] = {
    "search_knowledge": SearchKnowledge,
    "qualify_lead": QualifyLead,
    "hand_over": HandOver,
    "create_note": CreateNote,
}


class Toolbox:
    """The tools of one question, and what the model has done with them."""

    def __init__(self, question: Question, knowledge: KnowledgeSearch, passages: Sequence[Passage]) -> None:
        self.passages = list(passages)
        self.hand_over: Reason | None = None
        self.lead: Lead | None = None
        self.notes: list[str] = []
        self.uses: list[ToolUse] = []
        self._question = question
        self._knowledge = knowledge
        self._arguments: list[str] = []

    @property
    def schemas(self) -> list[dict[str, Any]]:
        """As the protocol wants them; a suggestion may only look things up, a summary nothing at all."""
        return [_schema(name, TOOLS[name]) for name in self._allowed()]

    @property
    def arguments(self) -> str | None:
        """JSON of what was asked for, None where nothing was."""
        return msgspec.json.encode(self._arguments).decode() if self._arguments else None

    async def use(self, calls: Sequence[ToolCall]) -> list[dict[str, Any]]:
        """The results, as messages to the model."""
        results: list[dict[str, Any]] = []
        for call in calls:
            content = await self._result(_decoded(call) if call.function.name in self._allowed() else None)
            self.uses.append(ToolUse(_storable(call.function.name)[:NAME_LENGTH], content == REFUSED))
            self._arguments.append(_storable(call.function.arguments)[:ARGUMENTS_LENGTH])
            results.append({"role": "tool", "tool_call_id": call.id, "content": content})
        return results

    async def _result(self, arguments: msgspec.Struct | None) -> str:
        match arguments:
            case SearchKnowledge(query=query):
                return await self._search(query)
            case HandOver(reason=reason):
                self.hand_over = reason
            case QualifyLead(why=why, score=score) if safe_words(why).strip():
                self.lead = Lead(safe_words(why), score)
            case CreateNote(text=text) if safe_words(text).strip() and len(self.notes) < MOST_NOTES:
                self.notes.append(safe_words(text))
            case _:
                return REFUSED
        return '{"ok":true}'

    async def _search(self, query: str) -> str:
        first, known = len(self.passages) + 1, {(one.article_id, one.text) for one in self.passages}
        found = await self._knowledge.search(self._question.tenant_id, query, FOUND)
        new = [one for one in found if (one.article_id, one.text) not in known][: MOST_SOURCES + 1 - first]
        self.passages += new
        return sources_text(new, first) or "Nothing more."

    def _allowed(self) -> tuple[ToolName, ...]:
        tools = self._question.persona.tools
        match self._question.purpose:
            case "reply":
                return tools
            case "suggestion":
                return tuple(name for name in tools if name == "search_knowledge")
            case "summary":
                return ()


def _decoded(call: ToolCall) -> msgspec.Struct | None:
    """None where the arguments are not that tool's. Why a human is wanted matters less than that one is."""
    name = call.function.name
    for known, kind in TOOLS.items():
        if known != name:
            continue
        try:
            return msgspec.json.decode(_storable(call.function.arguments) or "{}", type=kind)
        except (msgspec.DecodeError, RecursionError):
            return HandOver() if kind is HandOver else None
    return None


def _schema(name: str, kind: type[msgspec.Struct]) -> dict[str, Any]:
    (reference,), components = msgspec.json.schema_components([kind])
    schema = components[reference["$ref"].rpartition("/")[2]]
    parameters = {key: value for key, value in schema.items() if key not in ("title", "description")}
    parameters["additionalProperties"] = False
    function = {"name": name, "description": kind.__doc__, "parameters": parameters}
    return {"type": "function", "function": function}


def _storable(text: str) -> str:
    return UNSTORABLE.sub("", text)
