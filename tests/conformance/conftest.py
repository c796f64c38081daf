"""The HTTP of one process for real, with a shop at it, and another one that must never see it."""

from __future__ import annotations

from tests.interfaces.http.conftest import desk, other_shop, shop

__all__ = ["desk", "other_shop", "shop"]
