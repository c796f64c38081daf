"""`python -m benchmarks.recall`: how often the knowledge base finds what answers a customer's question.

The questions and the articles are those of tests/projections/test_recall.py; no embeddings. Exit code 1 where
recall@3 is below the demand, 2 where the shared articles are not here.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from application.actor import system
from application.article import WriteArticle
from application.bus import CommandBus
from application.handlers import HANDLERS
from benchmarks.servers import MASTER_KEY, running_servers
from domain.ids import natural_key
from infrastructure.clock import now, uuid7
from infrastructure.eventstore.store import EventStore, open_event_store
from infrastructure.projector.builds import install_builds
from infrastructure.projector.runner import Projector
from projections.knowledge import LEAST, search_knowledge
from projections.knowledge_fold import Knowledge
from tests.support.guidelines import FILE, read_guidelines, read_questions

TENANT = 1
DEMAND = 0.85


class Recall(msgspec.Struct, frozen=True):
    """Shares of the questions whose article comes first, or among the first three; `missed`: what came instead."""

    at_1: float
    at_3: float
    milliseconds: float
    missed: tuple[str, ...]


async def measure(store: EventStore, least: float) -> Recall:
    """Over the articles that are folded; passages that fit less than `least` are not counted as found."""
    first, three, missed = 0, 0, list[str]()
    questions, begun = read_questions(), time.perf_counter()
    for question, answer in questions:
        async with store.database.tenant(TENANT) as connection:
            found = await search_knowledge(connection, TENANT, question, 12, least=least)
        titles = list(dict.fromkeys(one.title.partition(": ")[2] for one in found))[:3]
        first += titles[:1] == [answer]
        three += answer in titles
        if answer not in titles:
            missed.append(f"{question} [{answer}] -> {', '.join(titles) or 'nothing'}")
    spent = (time.perf_counter() - begun) / len(questions) * 1000
    return Recall(first / len(questions), three / len(questions), spent, tuple(missed))


async def teach(store: EventStore) -> None:
    """The guidelines become articles, and the read model holds them."""
    bus = CommandBus(store, HANDLERS, now, uuid7)
    for page in read_guidelines():
        id = natural_key(TENANT, "article", page.source)
        await bus.execute(system(TENANT), WriteArticle(article_id=id, title=page.title, body=page.body))
    async with store.database.worker() as connection:
        await install_builds(connection, [Knowledge()])
    await Projector(store.database, store.reader, [Knowledge()]).catch_up()


async def _run(url: str) -> tuple[Recall, Recall]:
    async with open_event_store(url, MASTER_KEY) as store:
        await teach(store)
        return await measure(store, 0.0), await measure(store, LEAST)


def main() -> None:
    if not FILE.exists():
        sys.exit(f"the shared articles are not here: {FILE}")
    with tempfile.TemporaryDirectory(prefix="vb-recall-") as folder, running_servers(Path(folder)) as servers:
        every, fitting = asyncio.run(_run(servers.migrated_database()))
    for name, one in (("all passages", every), ("only what fits (as assistants get it)", fitting)):
        print(f"{name:<40} recall@1 {one.at_1:.3f}  recall@3 {one.at_3:.3f}  {one.milliseconds:.1f} ms a question")
    for line in every.missed:
        print(f"  missed: {line}")
    sys.exit(0 if every.at_3 >= DEMAND else 1)


if __name__ == "__main__":
    main()
