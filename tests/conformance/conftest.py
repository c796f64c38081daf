"""The HTTP of one process for real, with a shop at it, and another one that must never see it."""

from __future__ import annotations

from tests.interfaces.http.conftest import database_url, desk, other_shop, shop

__all__ = ["database_url", "desk", "other_shop", "shop"]
