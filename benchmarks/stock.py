"""The `eventsourcing` library as it comes: its Application and its PostgreSQL recorder with the table lock."""

from __future__ import annotations

import threading
import time
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from psycopg.conninfo import conninfo_to_dict

TEXT = "x" * 420
STREAMS_PER_THREAD = 4
SHORTEST, LONGEST = 20, 40


class Talk(Aggregate):
    def __init__(self, tenant: int) -> None:
        self.tenant = tenant
        self.last = ""

    @event("Posted")
    def post(self, text: str, author: str, actor: str, correlation_id: str) -> None:
        self.last = text


class Chat(Application[UUID]):
    pass


def stock_rate(url: str, threads: int, seconds: float) -> float:
    """Commands (get, post, save) per second of `threads` threads on streams of their own, 21 to 40 events long."""
    chat = Chat(_environment(url, threads))
    streams = [[_new_talk(chat) for _ in range(STREAMS_PER_THREAD)] for _ in range(threads)]
    stop, done = time.perf_counter() + seconds, [0] * threads

    def work(number: int) -> None:
        mine = streams[number]
        while time.perf_counter() < stop:
            place = done[number] % STREAMS_PER_THREAD
            talk = chat.repository.get(mine[place])
            _post(talk)
            chat.save(talk)
            done[number] += 1
            if talk.version >= LONGEST:
                mine[place] = _new_talk(chat)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    begin = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    took = time.perf_counter() - begin
    chat.close()
    return sum(done) / took


def _new_talk(chat: Chat) -> UUID:
    talk = Talk(tenant=1)
    for _ in range(SHORTEST):
        _post(talk)
    chat.save(talk)
    return talk.id


def _post(talk: Talk) -> None:
    talk.post(text=TEXT, author="u", actor="u-123", correlation_id="c-456")


def _environment(url: str, threads: int) -> dict[str, str]:
    parts = conninfo_to_dict(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(parts["dbname"]),
        "POSTGRES_HOST": str(parts["host"]),
        "POSTGRES_PORT": str(parts.get("port") or 5432),
        "POSTGRES_USER": str(parts["user"]),
        "POSTGRES_PASSWORD": str(parts.get("password") or "-"),
        "POSTGRES_POOL_SIZE": str(threads),
    }
