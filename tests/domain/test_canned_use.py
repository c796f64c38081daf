"""One message is one use of a canned response."""

from __future__ import annotations

from uuid import UUID

from domain.canned_use import CannedUse
from tests.support.stamps import refolded, stamp, types

FACTS = {"canned_response_id": UUID(int=1), "conversation_id": UUID(int=2), "message_id": UUID(int=3)}


def test_telling_of_it_twice_changes_nothing() -> None:
    use = CannedUse(UUID(int=9))
    use.record_use(stamp("agent", 4), 7, response_version=2, **FACTS)
    use.record_use(stamp("agent", 4), 7, response_version=3, **FACTS)
    assert types(use) == ["canned_response.used.1"]


def test_its_event_makes_it_again() -> None:
    use = CannedUse(UUID(int=9))
    use.record_use(stamp("agent", 4), 7, response_version=2, **FACTS)
    again = refolded(list(use.collect_events()))
    assert isinstance(again, CannedUse)
    assert again.exists
