"""Permission sets: drawn up, changed, held, removed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args
from uuid import UUID

import pytest

from domain.api_key import Scope
from domain.kernel import By, Cause, Stamp
from domain.permission_set import READ_BY, Ground, Permission, PermissionSet, PermissionSetInUse
from domain.refusals import Conflict, Invalid, NotFound

STAMP = Stamp(By("agent", UUID(int=1)), datetime(2030, 1, 1, tzinfo=UTC), Cause("Test"))
ANNA, BEN = UUID(int=2), UUID(int=3)


def drawn_up(ground: Ground = "agent", *permissions: Permission) -> PermissionSet:
    made = PermissionSet(UUID(int=9))
    made.draw_up(STAMP, 7, " Webhooks ", ground, permissions or ("webhooks:manage",))
    return made


def types(of: PermissionSet) -> list[str]:
    return [event.TYPE.split(".")[1] for event in of.collect_events()]


def test_a_set_has_a_name_and_holds_each_permission_once() -> None:
    made = drawn_up("agent", "webhooks:manage", "contacts:read", "webhooks:manage")
    assert (made.name, made.permissions) == ("Webhooks", ("contacts:read", "webhooks:manage"))
    made.draw_up(STAMP, 7, "Other", "agent", ("agents:read",))
    assert types(made) == ["created"]


def test_the_same_again_changes_nothing() -> None:
    made = drawn_up()
    made.change(STAMP, "Webhooks", ("webhooks:manage",))
    made.change(STAMP, None, None)
    made.change(STAMP, "Hooks", None, expected_version=1)
    with pytest.raises(Conflict):
        made.change(STAMP, "Late", None, expected_version=1)
    assert (types(made), made.name, made.permissions) == (["created", "changed"], "Hooks", ("webhooks:manage",))


def test_a_set_without_a_permission_or_a_name_is_refused() -> None:
    for name, permissions in (("Webhooks", ()), (" ", ("webhooks:manage",))):
        with pytest.raises(Invalid):
            PermissionSet(UUID(int=9)).draw_up(STAMP, 7, name, "agent", permissions)
    with pytest.raises(Invalid):
        drawn_up().change(STAMP, None, ())


@pytest.mark.parametrize("ground", ["analyst", "auditor"])
def test_over_a_role_that_changes_nothing_a_set_only_reads(ground: Ground) -> None:
    for permission in get_args(Permission):
        if permission in READ_BY[ground]:
            assert permission.endswith(":read")
            drawn_up(ground, permission)
            continue
        with pytest.raises(Invalid):
            drawn_up(ground, permission)
        with pytest.raises(Invalid):
            drawn_up(ground, "reports:read").change(STAMP, None, ("reports:read", permission))


def test_a_set_that_somebody_holds_stays() -> None:
    made = drawn_up()
    for who in (ANNA, BEN, ANNA):
        made.give(STAMP, who)
    made.take(STAMP, ANNA)
    made.take(STAMP, ANNA)
    with pytest.raises(PermissionSetInUse) as refused:
        made.remove(STAMP)
    assert refused.value.details == {"agents": 1}
    made.take(STAMP, BEN)
    made.remove(STAMP)
    made.remove(STAMP)
    assert types(made) == ["created", "given", "given", "taken", "taken", "removed"]


def test_a_removed_set_is_given_and_changed_no_more() -> None:
    made = drawn_up()
    made.remove(STAMP)
    with pytest.raises(NotFound):
        made.give(STAMP, ANNA)
    with pytest.raises(NotFound):
        made.change(STAMP, "Other", None)


def test_keys_and_people_share_one_vocabulary() -> None:
    assert set(get_args(Scope)) < set(get_args(Permission))
