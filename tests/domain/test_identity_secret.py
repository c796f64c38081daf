"""Two identity secrets are in force at most; a new one pushes the oldest out."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.identity_secret import IdentitySecrets
from domain.refusals import NotFound
from tests.support.stamps import stamp, types

ONE, TWO, THREE = (UUID(int=number) for number in (1, 2, 3))


def secrets(*ids: UUID) -> IdentitySecrets:
    found = IdentitySecrets(UUID(int=9))
    for id in ids:
        found.issue(stamp(), 7, id)
    found.collect_events()
    return found


def test_a_third_one_pushes_the_oldest_out() -> None:
    found = secrets(ONE, TWO)
    found.issue(stamp(), 7, THREE)
    assert types(found) == ["identity_secret.issued.1", "identity_secret.revoked.1"]
    assert (found.in_force, found.revoked) == ((TWO, THREE), {ONE})


def test_the_same_again_changes_nothing() -> None:
    found = secrets(ONE, TWO, THREE)
    found.issue(stamp(), 7, TWO)
    found.issue(stamp(), 7, ONE)
    found.revoke(stamp(), ONE)
    assert types(found) == []


def test_what_never_was_cannot_be_revoked() -> None:
    with pytest.raises(NotFound):
        secrets(ONE).revoke(stamp(), TWO)
