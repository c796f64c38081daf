"""`python -m benchmarks.repeats`: ten processes send the same thousand messages; each is stored once.

Every client process posts all keys as one visitor to one conversation, over two api processes in turn. Exit code 1
where a message is lost or doubled, or where two answers of a key differ. tests/faults/test_repeated_sends.py runs
it with fewer keys.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import psycopg

from benchmarks.repeat_client import Answered, Order
from benchmarks.servers import running_servers
from infrastructure.postgres import Database
from infrastructure.projector.builds import install_builds
from projections.registry import PROJECTIONS
from tests.support.two_apis import TwoApis, two_apis

ROOT = Path(__file__).parents[1]
CLIENT = (sys.executable, "-m", "benchmarks.repeat_client")
MESSAGES = "SELECT count(*) FROM es.event WHERE type = 'conversation.message_posted.1'"


class Sends(msgspec.Struct, frozen=True):
    """What `processes` x `keys` sends left behind. `alike`: keys all of whose answers are the same 201.

    `first`: answers that did not say they were a repeat; `again`: 409 or 503, after which a client asked again.
    """

    processes: int
    keys: int
    answers: int
    stored: int
    alike: int
    first: int
    again: int
    seconds: float

    @property
    def holds(self) -> bool:
        return (self.answers, self.stored, self.alike, self.first) == (
            self.processes * self.keys,
            self.keys,
            self.keys,
            self.keys,
        )


async def send_repeatedly(apis: TwoApis, database_url: str, processes: int, keys: int) -> Sends:
    """On an installation without messages."""
    async with httpx.AsyncClient(timeout=30) as http:
        begun = await http.post(f"{apis.urls[0]}/api/v1/chat/conversations", headers=apis.site, json={})
        begun.raise_for_status()
    path = f"/api/v1/chat/conversations/{begun.json()['conversation']['id']}/messages"
    named = tuple(f"key-{number}" for number in range(keys))
    orders = [Order(number, apis.urls, path, begun.json()["visitorToken"], named) for number in range(processes)]
    answers, seconds = await asyncio.to_thread(_send, orders)
    with psycopg.connect(database_url) as connection:
        (stored,) = connection.execute(MESSAGES).fetchone() or (0,)
    return Sends(
        processes,
        keys,
        len(answers),
        stored,
        _alike(answers, processes),
        sum(not one.replayed for one in answers),
        sum(one.asked_again for one in answers),
        seconds,
    )


def _alike(answers: Sequence[Answered], processes: int) -> int:
    told = Counter((one.key, one.digest) for one in answers if one.status == 201)
    return sum(count == processes for count in told.values())


def _send(orders: Sequence[Order]) -> tuple[list[Answered], float]:
    """All begin at once. Raises RuntimeError where a client did not end well."""
    with _clients(orders) as clients:
        begin = time.perf_counter()
        for client in clients:
            assert client.stdin is not None
            client.stdin.write(b"go\n")
            client.stdin.flush()
        told = [client.communicate(timeout=600)[0] for client in clients]
        seconds = time.perf_counter() - begin
        if any(client.returncode for client in clients):
            raise RuntimeError("A client process failed.")
    return [msgspec.json.decode(line, type=Answered) for lines in told for line in lines.splitlines()], seconds


@contextmanager
def _clients(orders: Sequence[Order]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Those that are ready."""
    pipe = subprocess.PIPE
    clients = [subprocess.Popen(CLIENT, stdin=pipe, stdout=pipe, cwd=ROOT) for _ in orders]
    try:
        for client, order in zip(clients, orders, strict=True):
            assert client.stdin is not None
            client.stdin.write(msgspec.json.encode(order) + b"\n")
            client.stdin.flush()
        for client in clients:
            assert client.stdout is not None
            if client.stdout.readline() != b"ready\n":
                raise RuntimeError("A client process did not begin.")
        yield clients
    finally:
        for client in clients:
            client.kill()
            client.wait()


async def _measure(database_url: str, nats_url: str, folder: Path, processes: int, keys: int) -> Sends:
    database = Database(database_url)
    await database.open()
    async with database.worker() as connection:
        await install_builds(connection, PROJECTIONS)
    await database.close()
    async with two_apis(database_url, nats_url, folder, visitor_rate="off") as apis:
        return await send_repeatedly(apis, database_url, processes, keys)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.repeats", description=__doc__)
    parser.add_argument("--processes", type=int, default=10)
    parser.add_argument("--keys", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vb-bench-") as name, running_servers(Path(name)) as servers:
        url = servers.migrated_database()
        sends = asyncio.run(_measure(url, servers.nats.url, Path(name), options.processes, options.keys))
    print(
        f"{sends.processes} processes x {sends.keys} keys through 2 api processes in {sends.seconds:.1f} s: "
        f"{sends.answers} answers, {sends.stored} messages stored, {sends.alike} keys with {sends.processes} "
        f"answers alike, {sends.first} first answers, {sends.again} asked again after 409 or 503"
    )
    sys.exit(0 if sends.holds else 1)


if __name__ == "__main__":
    main()
