"""What every aggregate keeps: versions without holes, time that never runs backwards."""

from __future__ import annotations

from uuid import UUID

from domain.tenant import Tenant, TenantOpened
from tests.support.stamps import stamp


def opened() -> Tenant:
    tenant = Tenant(UUID(int=1))
    tenant.open(stamp(hours=2), 7, "Shop")
    return tenant


def test_versions_count_up_from_one() -> None:
    tenant = opened()
    tenant.rename(stamp(hours=3), "Store")
    assert [event.originator_version for event in tenant.collect_events()] == [1, 2]
    assert tenant.version == 2


def test_time_never_runs_backwards_within_a_stream() -> None:
    tenant = opened()
    tenant.rename(stamp(hours=1), "Store")
    assert [event.at for event in tenant.collect_events()] == [stamp(hours=2).at] * 2


def test_every_event_says_who_and_why() -> None:
    [event] = opened().collect_events()
    assert (event.by, event.cause) == (stamp().by, stamp().cause)


def test_collecting_twice_gives_nothing_twice() -> None:
    tenant = opened()
    assert len(tenant.collect_events()) == 1
    assert tenant.collect_events() == []


def test_a_later_event_without_its_first_makes_no_aggregate() -> None:
    tenant = opened()
    tenant.rename(stamp(), "Store")
    [first, second] = tenant.collect_events()
    assert isinstance(first, TenantOpened)
    assert second.mutate(None) is None
