"""SlowSpeaker: a language model on this machine that says a piece whenever the test lets it; for sync tests."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE = 30.0


class SlowSpeaker:
    """Every answer is `pieces`, in OpenAI's protocol; `go_on` lets it say the next one."""

    def __init__(self, url: str, pieces: tuple[str, ...]) -> None:
        self.url = url
        self.pieces = pieces
        self._may_speak = threading.Semaphore(0)

    def go_on(self, pieces: int = 1) -> None:
        self._may_speak.release(pieces)

    def wait(self) -> None:
        """Until it may go on, or the test has long given up."""
        self._may_speak.acquire(timeout=PATIENCE)


@contextmanager
def running_slow_speaker(*pieces: str) -> Iterator[SlowSpeaker]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answering)
    server.daemon_threads = True
    speaker = SlowSpeaker(f"http://127.0.0.1:{server.server_port}/v1", pieces)
    server.speaker = speaker  # pyright: ignore[reportAttributeAccessIssue]
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield speaker
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


class _Answering(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        speaker: SlowSpeaker = self.server.speaker  # pyright: ignore[reportAttributeAccessIssue]
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for piece in speaker.pieces:
            speaker.wait()
            self._say({"index": 0, "delta": {"content": piece}})
        self._say({"index": 0, "delta": {}, "finish_reason": "stop"})
        self.wfile.write(b"data: [DONE]\n\n")

    def _say(self, choice: dict[str, Any]) -> None:
        self.wfile.write(b"data: " + json.dumps({"model": "slow", "choices": [choice]}).encode() + b"\n\n")
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Tests are quiet."""
