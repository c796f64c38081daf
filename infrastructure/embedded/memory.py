"""How much of the machine's memory PostgreSQL keeps its pages in."""

from __future__ import annotations

import os
from pathlib import Path

LEAST, MOST = 128, 1024
"""Megabytes."""
LIMIT = Path("/sys/fs/cgroup/memory.max")


def shared_buffers(memory: int) -> str:
    """A quarter of `memory` (bytes), as PostgreSQL's manual (19.4.1) advises, within 128 MB and 1 GB.

    With 128 MB what is said in a tenant of two million messages is read from outside again and again.
    """
    return f"{max(LEAST, min(MOST, memory // 2**20 // 4))}MB"


def available_memory(limit: Path = LIMIT) -> int:
    """Bytes: the machine's, or what this process's container may use of it."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    granted = limit.read_text().strip() if limit.exists() else "max"
    return min(machine, int(granted)) if granted.isdigit() else machine
