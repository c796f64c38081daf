"""What a widget's settings ask of its visitors, looked up (so up to 5 s old) when something is done."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import msgspec

from application.masking import masked_values
from application.work import Work
from domain.attributes import AttributeValue
from domain.form import Form, answered
from domain.refusals import Conflict, Invalid
from domain.widget import Widget
from domain.widget_settings import WidgetSettings

Answers = Mapping[str, AttributeValue]
Introduction = tuple[str | None, str | None, str | None]

NO_FORM = Form()


class AttachmentsAreOff(Conflict):
    code = "attachments_off"
    sentence = "This chat takes no files."


class HumanIsOff(Conflict):
    code = "human_off"
    sentence = "This chat does not offer a person on request."


class TranscriptIsOff(Conflict):
    code = "transcript_off"
    sentence = "This chat does not offer its transcript."


class RatingIsOff(Conflict):
    code = "rating_off"
    sentence = "This chat is not rated."


async def settings_of(work: Work, widget_id: UUID | None) -> WidgetSettings:
    """The defaults where there is no widget. Raises NotFound for one that this tenant does not have."""
    return WidgetSettings() if widget_id is None else (await work.look_up(Widget, widget_id)).settings


async def form_answers(work: Work, widget_id: UUID | None, given: str | None) -> dict[str, AttributeValue]:
    """What a visitor answered to the form that is asked now; agents fill in none. Raises FormRefused, Invalid.

    Texts are masked like everything that people write.
    """
    if work.actor.role != "visitor":
        return {}
    settings = await settings_of(work, widget_id)
    name, form = settings.form_at(work.stamp.at) or ("preChat", NO_FORM)
    answers = answered(form, name, _decoded(given))
    return await masked_values(work, answers)


def introduction(answers: Answers, name: str | None, email: str | None) -> Introduction:
    """Name, e-mail and telephone number of who starts: as said, else as answered."""
    return name or _text(answers, "name"), email or _text(answers, "email"), _text(answers, "phone")


def _decoded(given: str | None) -> Answers:
    if given is None:
        return {}
    try:
        return msgspec.json.decode(given, type=dict[str, AttributeValue])
    except (msgspec.DecodeError, RecursionError):
        raise Invalid("preChat is an object of texts, numbers and booleans.") from None


def _text(answers: Answers, name: str) -> str | None:
    answer = answers.get(name)
    return answer if isinstance(answer, str) else None
