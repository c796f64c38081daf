"""The owner's connection, for looking and for breaking things."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest


@pytest.fixture
def owner(database_url: str) -> Iterator[psycopg.Connection]:
    """A superuser, autocommit, bound by no row-level security."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection
