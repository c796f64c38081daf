"""A secret opens for its tenant, its id and its kind, under the master secret, and for nothing else."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from infrastructure.access.keys import WrongSecret
from infrastructure.sealed_secrets import SealedSecrets

MASTER = b"k" * 32
ID = UUID(int=5)


def test_what_was_sealed_opens_and_is_remembered() -> None:
    secrets = SealedSecrets(MASTER, "voice")
    sealed = secrets.seal(7, ID, "tokén")
    assert "tokén".encode() not in sealed
    assert secrets.find(7, ID) is None
    assert (secrets.open(7, ID, sealed), secrets.find(7, ID), secrets.find(8, ID)) == ("tokén", "tokén", None)


def test_it_opens_for_nothing_else() -> None:
    sealed = SealedSecrets(MASTER, "voice").seal(7, ID, "token")
    for secrets, tenant_id, id in (
        (SealedSecrets(MASTER, "voice"), 8, ID),
        (SealedSecrets(MASTER, "voice"), 7, uuid4()),
        (SealedSecrets(MASTER, "webhook"), 7, ID),
        (SealedSecrets(b"x" * 32, "voice"), 7, ID),
    ):
        with pytest.raises(WrongSecret, match="secret"):
            secrets.open(tenant_id, id, sealed)
        assert secrets.find(tenant_id, id) is None


@pytest.mark.parametrize(
    ("kind", "sealed", "text"),
    [
        ("voice", "8f407066416dec87d6cfc830d6c98c9ec75ac1281229a8469f3179624ac13fd347", "token"),
        ("webhook", "b4b926b1e95cd81c11ca1dc5cf034f1958b367ec84e8b9d1e285a59081cffdd25424fe", "whsec_x"),
    ],
)
def test_what_an_installation_has_sealed_long_ago_opens(kind: str, sealed: str, text: str) -> None:
    assert SealedSecrets(MASTER, kind).open(7, ID, bytes.fromhex(sealed)) == text


def test_only_so_many_are_remembered() -> None:
    secrets = SealedSecrets(MASTER, "voice", size=2)
    ids = [uuid4() for _ in range(3)]
    for id in ids:
        secrets.open(7, id, secrets.seal(7, id, id.hex))
    assert [secrets.find(7, id) for id in ids] == [None, ids[1].hex, ids[2].hex]
