"""`python -m tests.golden.add`: samples of event types and fields that have none yet. Look at them, commit them.

After a type got a successor, give its old samples `becomes` by hand: what the upcast must make of them.
"""

from __future__ import annotations

import sys

import msgspec

from domain.catalog import EVENT_TYPES
from tests.golden.samples import FILE, made_up, read_samples, unsampled


def main() -> None:
    missing = unsampled(EVENT_TYPES, read_samples())
    lines = {msgspec.json.encode(sample) + b"\n" for name in missing for sample in made_up(EVENT_TYPES[name])}
    lines -= set(FILE.read_bytes().splitlines(keepends=True))
    with FILE.open("ab") as file:
        file.writelines(sorted(lines))
    sys.stdout.write(f"{len(lines)} samples added for {', '.join(missing) or 'nothing'}\n")


if __name__ == "__main__":
    main()
