"""One client process of `benchmarks.repeats`: posts every message once, to one address and the other in turn.

It says `ready`, waits for a line, and prints one JSON line per message: what was answered, and how often it had to
ask again because another process was faster (409) or there was too much to do (503).
"""

from __future__ import annotations

import hashlib
import http.client
import json
import sys
from urllib.parse import urlsplit

import msgspec

SECONDS = 60.0
ASK_AGAIN = (409, 503)
MOST = 20


class Order(msgspec.Struct, frozen=True):
    """`keys`: one message each, whose text is its key; the `number`-th client."""

    number: int
    urls: tuple[str, ...]
    path: str
    token: str
    keys: tuple[str, ...]


class Answered(msgspec.Struct, frozen=True):
    """`digest`: of the body, the position and the version."""

    key: str
    status: int
    digest: str
    replayed: bool
    asked_again: int


def main() -> None:
    order = msgspec.json.decode(sys.stdin.readline(), type=Order)
    doors = [http.client.HTTPConnection(urlsplit(url).netloc, timeout=SECONDS) for url in order.urls]
    for door in doors:
        door.connect()
    print("ready", flush=True)
    sys.stdin.readline()
    answered = [
        _post(doors[(place + order.number) % len(doors)], order, key) for place, key in enumerate(order.keys)
    ]
    sys.stdout.write("".join(msgspec.json.encode(one).decode() + "\n" for one in answered))


def _post(door: http.client.HTTPConnection, order: Order, key: str) -> Answered:
    headers = {
        "Authorization": f"Bearer {order.token}",
        "Content-Type": "application/json",
        "Idempotency-Key": key,
    }
    body, again = json.dumps({"text": key}), 0
    while True:
        door.request("POST", order.path, body, headers)
        answer = door.getresponse()
        told = [answer.read().decode(), answer.headers["X-Event-Position"], answer.headers["ETag"]]
        if answer.status not in ASK_AGAIN or again == MOST:
            digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()
            replayed = answer.headers["Idempotent-Replayed"] == "true"
            return Answered(key, answer.status, digest, replayed, again)
        again += 1


if __name__ == "__main__":
    main()
