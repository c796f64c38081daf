"""Reading at a position: wait for what the client has seen, and say how far the answer reaches."""

from __future__ import annotations

from typing import Literal

from interfaces.http.headers import Connection, min_position
from interfaces.http.parts import HttpParts

ReadModel = Literal[
    "search",
    "workload",
    "sla",
    "continuity",
    "files",
    "inbox",
    "transcript",
    "directory",
    "permission_sets",
    "canned",
    "automations",
    "automation_runs",
    "macros",
    "views",
    "contacts",
    "campaigns",
    "webhooks",
    "usage",
    "knowledge",
]

PATIENCE = 2.0
"""Seconds a read waits for its read model."""


async def reached(parts: HttpParts, request: Connection, tenant_id: int, model: ReadModel) -> int:
    """The seq this read model has folded, at least `X-Min-Position`. Asked before reading, it never says too much.

    Raises ProjectionBehind after 2 s, Invalid.
    """
    least = min_position(request)
    if least is None:
        return await parts.read_positions.reached(tenant_id, model)
    return await parts.read_positions.wait(tenant_id, model, least, PATIENCE)
