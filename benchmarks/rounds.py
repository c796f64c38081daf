"""Rounds: every measurement of a suite once per round, ratios taken within a round, medians over the rounds."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from benchmarks.servers import Servers

Rates = dict[str, float]
"""Name of a demand -> its ratio in this round."""


class Demand(msgspec.Struct, frozen=True):
    """One row of eventstore.md §6; a latency has a ceiling, a rate a floor."""

    name: str
    bound: float
    at_least: bool = True


class Suite(msgspec.Struct, frozen=True):
    """`measure(servers, seconds)` runs one round and answers a ratio for every demand."""

    demands: tuple[Demand, ...]
    measure: Callable[[Servers, float], Awaitable[Rates]]
    most_rounds: int | None = None
    """For a suite whose one round takes minutes and is steady in itself."""


class Measured(msgspec.Struct, frozen=True):
    demand: Demand
    ratios: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.ratios)

    @property
    def holds(self) -> bool:
        return self.median >= self.demand.bound if self.demand.at_least else self.median <= self.demand.bound


async def play(suites: Sequence[Suite], servers: Servers, rounds: int, seconds: float) -> list[Measured]:
    """Rounds of one suite follow each other, so its pairs meet the same noise."""
    measured: list[Measured] = []
    for suite in suites:
        results: list[Rates] = []
        for number in range(min(rounds, suite.most_rounds or rounds)):
            results.append(await suite.measure(servers, seconds))
            shown = ", ".join(f"{name} {ratio:.2f}" for name, ratio in results[-1].items())
            print(f"round {number + 1}/{rounds}: {shown}", file=sys.stderr, flush=True)
        for demand in suite.demands:
            measured.append(Measured(demand, tuple(result[demand.name] for result in results)))
    return measured
