"""One process, whatever roles it has: what several of them need is there once."""

from __future__ import annotations

from pathlib import Path

from infrastructure.embedded.nats import NatsServer
from infrastructure.settings import Settings
from interfaces.bootstrap import open_app, open_process


async def test_all_roles_ask_the_same_models(built_url: str, nats_server: NatsServer, tmp_path: Path) -> None:
    """So there is one breaker for a model, not one per role."""
    settings = Settings(
        database_url=built_url, nats_url=nats_server.url, secret="s" * 32, blobs=f"file:{tmp_path}/files"
    )
    async with open_process(settings, ()) as process:
        models = await process.answer_models()
        assert await process.answer_models() is models
        async with open_app(process, (), None) as app:
            assert app.state.parts.assistants.copilot._model is models
