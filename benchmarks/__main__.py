"""`python -m benchmarks`: prints every ratio with its demand; exit code 1 where one is missed."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import uvloop

from benchmarks import append, full_command, growth, idle, live, publish, relay, slow_model, track
from benchmarks.rounds import Demand, Measured, play
from benchmarks.servers import running_servers
from infrastructure.garbage import settle

SUITES = {
    "append": append.SUITE,
    "full_command": full_command.SUITE,
    "idle": idle.SUITE,
    "publish": publish.SUITE,
    "relay": relay.SUITE,
    "live": live.SUITE,
    "growth": growth.SUITE,
    "track": track.SUITE,
    "slow_model": slow_model.SUITE,
}


def main() -> None:
    options = _options()
    settle()  # as the product does
    with tempfile.TemporaryDirectory(prefix="vb-bench-") as folder, running_servers(Path(folder)) as servers:
        names = options.only or list(SUITES)
        suites = [SUITES[name] for name in names]
        measured = uvloop.run(play(suites, servers, options.rounds, options.seconds))
    print(f"\n{'ratio':<52} {'demand':>9} {'median':>8}   rounds")
    for one in measured:
        print(_line(one))
    sys.exit(0 if all(one.holds for one in measured) else 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--only", nargs="*", choices=SUITES, default=[])
    return parser.parse_args()


def _line(one: Measured) -> str:
    demand: Demand = one.demand
    sign = ">=" if demand.at_least else "<="
    rounds = " ".join(f"{ratio:.2f}" for ratio in one.ratios)
    verdict = "" if one.holds else "   MISSED"
    return f"{demand.name:<52} {sign} {demand.bound:>6.2f} {one.median:>8.2f}   {rounds}{verdict}"


if __name__ == "__main__":
    main()
