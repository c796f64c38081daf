"""The floor: pgbench with one prepared INSERT of a ~600-byte row per transaction, two unique indexes, fsync on."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict

from benchmarks.servers import Servers

TABLE = """
CREATE TABLE pgb (id bigserial PRIMARY KEY, stream_id uuid NOT NULL, version bigint NOT NULL, type text,
                  payload bytea, UNIQUE (stream_id, version))
"""
SCRIPT = """
INSERT INTO pgb (stream_id, version, type, payload)
VALUES (gen_random_uuid(), 1, 'MessagePosted', decode(repeat('ab', 540), 'hex'));
"""
_NAMES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}


class Floor(msgspec.Struct, frozen=True):
    """`rate` in inserts per second, `p50` of one in seconds."""

    rate: float
    p50: float


async def floor(servers: Servers, clients: int, seconds: float) -> Floor:
    """One run on a new database."""
    url = servers.empty_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLE)
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "insert.sql"
        script.write_text(SCRIPT)
        program = await asyncio.create_subprocess_exec(
            servers.postgres.binaries / "pgbench",
            *("-n", "-M", "prepared", "-f", str(script), "-c", str(clients), "-j", "2" if clients > 1 else "1"),
            *("-T", str(max(1, round(seconds))), "-l", f"--log-prefix={folder}/log"),
            env=os.environ | _environment(url),
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await program.communicate()
        latencies = sorted(
            int(line.split()[2]) for file in Path(folder).glob("log*") for line in file.read_text().splitlines()
        )
    rate = next(float(line.split()[2]) for line in output.decode().splitlines() if line.startswith("tps"))
    return Floor(rate, latencies[len(latencies) // 2] / 1e6)


def _environment(url: str) -> dict[str, str]:
    parts = conninfo_to_dict(url)
    return {_NAMES[name]: str(value) for name, value in parts.items() if name in _NAMES and value is not None}
