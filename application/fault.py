"""Fault: how an unforeseen exception is written down, without its message: that may quote a visitor."""

from __future__ import annotations

import traceback


def fault(error: BaseException) -> str:
    """Its class and where it was raised, such as `KeyError at inbox.py:41`."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    file = frames[-1].filename.replace("\\", "/").rpartition("/")[2]
    return f"{type(error).__name__} at {file}:{frames[-1].lineno}"
