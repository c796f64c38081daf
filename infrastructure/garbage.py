"""Garbage: how often Python looks for cycles, for a process that serves for long."""

from __future__ import annotations

import gc

THRESHOLDS = (10_000, 10, 10)
"""Python's own (700, 10, 10) interrupts every few commands, for cycles that are hardly ever there."""


def settle() -> None:
    """Once, before anything is served: what is there stays, and no collection looks at it again.

    Without, each full one stops a process for some 50 ms, to look through the 100,000 objects of its modules.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
