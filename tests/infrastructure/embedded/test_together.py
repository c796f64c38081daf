"""Both servers end with the program that started them, however it ends, and lose nothing that was acknowledged."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nats
import psycopg
import pytest

from infrastructure.embedded.datadir import attach_data_directory, open_data_directory
from infrastructure.embedded.nats import NatsServer, attached_nats, running_nats
from infrastructure.embedded.postgres import PostgresServer, attached_postgres, running_postgres
from infrastructure.embedded.process import end_leftovers, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

PROGRAM = """
import sys, time
from pathlib import Path
from infrastructure.embedded.datadir import open_data_directory
from infrastructure.embedded.nats import running_nats
from infrastructure.embedded.postgres import running_postgres
try:
    with open_data_directory(Path(sys.argv[1])) as d, running_postgres(d), running_nats(d):
        print("ready", flush=True)
        time.sleep(60)
except KeyboardInterrupt:
    print("stopped", flush=True)
"""

End = Callable[[subprocess.Popen[str], PostgresServer, NatsServer], None]


@contextmanager
def program(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process of its own that runs both servers until it is ended."""
    command = [sys.executable, "-c", PROGRAM, str(path)]
    process = subprocess.Popen(
        command, cwd=Path.cwd(), stdout=subprocess.PIPE, text=True, start_new_session=True, env=os.environ
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=10)
        end_leftovers("postgres", path / "postgres", signal.SIGINT)
        end_leftovers("nats-server", path / "nats", signal.SIGTERM)


def working_in(path: Path) -> list[int]:
    """Processes whose working directory is in `path`: every server process is such a one."""
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink().is_relative_to(path):
                found.append(int(entry.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


def write(postgres: PostgresServer, broker: NatsServer) -> None:
    with psycopg.connect(postgres.dsn, autocommit=True, connect_timeout=5) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'row' AS what")

    async def publish() -> None:
        client = await nats.connect(broker.url, connect_timeout=2)
        jetstream = client.jetstream(timeout=2)
        await jetstream.add_stream(name="es", subjects=["ev.>"])
        await jetstream.publish("ev.1", b"message")
        await client.close()

    asyncio.run(publish())


def read(postgres: PostgresServer, broker: NatsServer) -> tuple[str, bytes | None]:
    async def fetch() -> bytes | None:
        client = await nats.connect(broker.url, connect_timeout=2)
        message = await client.jetstream(timeout=2).get_msg("es", 1)
        await client.close()
        return message.data

    with psycopg.connect(postgres.dsn, autocommit=True, connect_timeout=5) as connection:
        row = connection.execute("SELECT what FROM kept").fetchone()
    assert row is not None
    return row[0], asyncio.run(fetch())


def kill_the_program(process: subprocess.Popen[str], _: PostgresServer, __: NatsServer) -> None:
    process.kill()


def kill_everything(process: subprocess.Popen[str], postgres: PostgresServer, broker: NatsServer) -> None:
    for pid in (process.pid, postgres.pid, broker.pid):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("end", [kill_the_program, kill_everything])
def test_the_next_start_after_kill_9_has_all_that_was_acknowledged(home: Path, end: End) -> None:
    with program(home) as process:
        directory = attach_data_directory(home)
        postgres, broker = attached_postgres(directory), attached_nats(directory)
        write(postgres, broker)
        end(process, postgres, broker)
        process.wait(10)
        with open_data_directory(home) as again, running_postgres(again) as new, running_nats(again) as feed:
            assert read(new, feed) == ("row", b"message")
            assert {postgres.pid, broker.pid}.isdisjoint(working_in(home))


def test_killing_the_program_ends_both_servers(made: Path) -> None:
    with program(made) as process:
        assert working_in(made)
        process.kill()
        process.wait(10)
        assert wait_until(lambda: not working_in(made), 20)


def test_ctrl_c_stops_both_servers_and_leaves_no_process(made: Path) -> None:
    with program(made) as process:
        assert working_in(made)
        os.killpg(process.pid, signal.SIGINT)
        assert process.communicate(timeout=20)[0] == "stopped\n"
        assert working_in(made) == []
        assert (made / "logs" / "postgres.log").read_text().endswith("database system is shut down\n")
