"""Answers put together: the knowledge base, the language model, and the promise that one of them answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from application.answer_models import AnswerModels
from application.cited_answers import CitedAnswers
from infrastructure.egress import Egress
from infrastructure.embeddings import Embeddings
from infrastructure.language_model import LanguageModel
from infrastructure.postgres import Database
from infrastructure.settings import Settings
from interfaces.knowledge import Knowledge

GRACE = 5.0
"""Seconds beyond the model's own deadline, which comes first."""


@asynccontextmanager
async def open_embeddings(settings: Settings) -> AsyncGenerator[Embeddings | None]:
    """Where a model for them is set. A key goes to the address it is for, and nowhere else."""
    if settings.embedding_model is None:
        yield None
        return
    key = settings.embedding_key
    if key is None and settings.embedding_url in (None, settings.model_url):
        key = settings.model_key
    url = settings.embedding_url or settings.model_url
    embeddings = Embeddings(settings.embedding_model, url, key, settings.model_deadline)
    try:
        yield embeddings
    finally:
        await embeddings.close()


@asynccontextmanager
async def open_answer_models(
    settings: Settings, database: Database, embeddings: Embeddings | None
) -> AsyncGenerator[AnswerModels]:
    """For replies as for suggestions: every question to a model of this process goes through it."""
    knowledge = Knowledge(database, embeddings)
    language_model = LanguageModel(
        knowledge,
        url=settings.model_url,
        key=settings.model_key,
        model=settings.model_name,
        deadline=settings.model_deadline,
        egress=model_egress(settings),
    )
    try:
        yield AnswerModels(CitedAnswers(knowledge), language_model, settings.model_deadline + GRACE)
    finally:
        await language_model.close()


def model_egress(settings: Settings) -> Egress:
    """Where a tenant's assistants may find their models."""
    return Egress(allow_private=settings.private_models)
