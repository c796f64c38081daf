"""Quiet: since when nobody said anything in a conversation or took it; marks and receipts do not count."""

from __future__ import annotations

from domain.kernel import Aggregate


class Quiet(Aggregate):
    """The part of a conversation that knows whether an answer still fits what it was asked about."""

    quiet_from = quiet_to = 0
    """The versions of the last quiet events that followed one another, the first and the last."""

    def stayed_quiet(self, version: int) -> None:
        """Through the event at this version of the stream."""
        if self.quiet_to != version - 1:
            self.quiet_from = version
        self.quiet_to = version

    def is_quiet_since(self, version: int) -> bool:
        """Nothing but quiet events came after it."""
        return version == self.version or (self.quiet_to == self.version and self.quiet_from <= version + 1)
