"""PostgreSQL gets a quarter of the memory that this process may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from infrastructure.embedded.memory import available_memory, shared_buffers


@pytest.mark.parametrize(
    ("gigabytes", "buffers"), [(0.25, "128MB"), (1, "256MB"), (2, "512MB"), (4, "1024MB"), (64, "1024MB")]
)
def test_a_quarter_but_never_under_128_megabytes_nor_over_a_gigabyte(gigabytes: float, buffers: str) -> None:
    assert shared_buffers(int(gigabytes * 2**30)) == buffers


def test_a_container_counts_where_it_grants_less_than_the_machine_has(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    machine = available_memory(limit)
    for granted, counts in (("max", machine), (str(2**26), 2**26), (str(2**60), machine)):
        limit.write_text(f"{granted}\n")
        assert available_memory(limit) == counts
