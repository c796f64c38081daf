"""Random bytes by the page: one call of the kernel serves some hundred ids and nonces.

A call costs more than all else that an id is made of, and a command asks for three.
"""

from __future__ import annotations

import os

PAGE = 256
"""Pieces of one call."""


class RandomBytes:
    """Pieces of `length` bytes from the kernel's own generator, each handed out once. Threads may share it.

    A forked child starts with a page of its own: what its parent hands out must not be handed out again.
    """

    def __init__(self, length: int) -> None:
        self._length = length
        self._pieces: list[bytes] = []
        os.register_at_fork(after_in_child=self._pieces.clear)

    def take(self) -> bytes:
        while True:
            try:
                return self._pieces.pop()
            except IndexError:
                page = os.urandom(PAGE * self._length)
                self._pieces.extend(page[at : at + self._length] for at in range(0, len(page), self._length))
