"""A bot on a webhook and an API key: it answers what visitors write. `python bot.py`, with four variables set:

VERBATIM_URL    where Verbatim is, such as http://127.0.0.1:8000
VERBATIM_KEY    an API key with the scopes webhooks:manage, conversations:read and conversations:write
BOT_URL         where Verbatim finds this bot, such as https://bot.example.org/hook
BOT_PORT        the port to listen on

Needs httpx and standardwebhooks. It keeps nothing: asked under the same Idempotency-Key, Verbatim repeats the
answer that holds the webhook's secret.
"""

from __future__ import annotations

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from standardwebhooks import Webhook, WebhookVerificationError

URL, PORT = os.environ["BOT_URL"], int(os.environ["BOT_PORT"])
LARGEST = 256 * 1024
verbatim = httpx.Client(
    base_url=os.environ["VERBATIM_URL"],
    headers={"Authorization": f"Bearer {os.environ['VERBATIM_KEY']}"},
    timeout=10,
)


def subscribe() -> Webhook:
    """Our webhook: made the first time, the same one afterwards."""
    answer = verbatim.post(
        "/api/v1/webhooks",
        json={"url": URL, "events": ["message:new"], "description": "The bot of the docs"},
        headers={"Idempotency-Key": f"bot {URL}"},
    )
    answer.raise_for_status()
    return Webhook(answer.json()["secret"])


def answer_to(text: str) -> str:
    """The clever part."""
    return f"You wrote {len(text.split())} words. A colleague will read them soon."


def is_with_a_human(conversation: str, seq: int) -> bool:
    """As it stands after this event at the earliest: the position says what the answer must have seen."""
    answer = verbatim.get(conversation, headers={"X-Min-Position": str(seq)})
    answer.raise_for_status()
    return answer.json()["handledBy"] == "agent"


def reply(conversation: str, event_id: str, text: str) -> None:
    """Once, however often the event comes: its id is the key."""
    answer = verbatim.post(
        f"{conversation}/messages", json={"text": text}, headers={"Idempotency-Key": f"bot {event_id}"}
    )
    if answer.status_code != 409:  # it has ended in the meantime
        answer.raise_for_status()


def hear(event: dict[str, Any]) -> None:
    """Our own words come back too, by an integration; a colleague's by an agent. Only visitors are answered."""
    if event["type"] != "message:new" or event["by"]["kind"] != "visitor" or not event["data"]["text"]:
        return
    conversation = f"/api/v1/chat/conversations/{event['data']['conversationId']}"
    if not is_with_a_human(conversation, event["seq"]):
        reply(conversation, event["eventId"], answer_to(event["data"]["text"]))


class Hook(BaseHTTPRequestHandler):
    """200 once the reply is durable; anything else, and Verbatim comes again."""

    webhook: Webhook

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        if length > LARGEST:
            self.send_error(413)
            return
        try:
            event = self.webhook.verify(self.rfile.read(length), dict(self.headers))
        except WebhookVerificationError:
            self.send_error(401)
            return
        hear(event)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


if __name__ == "__main__":
    Hook.webhook = subscribe()
    print("listening", flush=True)
    ThreadingHTTPServer(("", PORT), Hook).serve_forever()
