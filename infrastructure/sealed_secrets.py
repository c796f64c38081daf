"""SealedSecrets: secrets of tenants, sealed at rest under a key of their kind, remembered once they are open."""

from __future__ import annotations

from collections import OrderedDict
from uuid import UUID

from infrastructure.access.keys import WrongSecret, derived
from infrastructure.eventstore.sealing import Tampered, unwrap, wrap

REMEMBERED = 10_000


class SealedSecrets:
    """A secret never changes under its id, so what was opened once is kept in memory, the newest of them."""

    def __init__(self, secrets: bytes, kind: str, size: int = REMEMBERED) -> None:
        """`secrets` is the master secret; `kind`, what they are for, is part of every key and of every seal."""
        self._kind = kind
        self._key = derived(secrets, kind)
        self._size = size
        self._opened: OrderedDict[tuple[int, UUID], str] = OrderedDict()

    def seal(self, tenant_id: int, secret_id: UUID, text: str) -> bytes:
        """Opens for this tenant and this id alone."""
        return wrap(self._key, text.encode(), self._owner(tenant_id, secret_id))

    def find(self, tenant_id: int, secret_id: UUID) -> str | None:
        """One that was opened here; None where it has to be looked up."""
        return self._opened.get((tenant_id, secret_id))

    def open(self, tenant_id: int, secret_id: UUID, sealed: bytes) -> str:
        """Remembers it. Raises WrongSecret."""
        try:
            opened = unwrap(self._key, bytes(sealed), self._owner(tenant_id, secret_id)).decode()
        except Tampered:
            raise WrongSecret(f"{self._kind} secret {secret_id} does not open") from None
        self._opened[tenant_id, secret_id] = opened
        if len(self._opened) > self._size:
            self._opened.popitem(last=False)
        return opened

    def _owner(self, tenant_id: int, secret_id: UUID) -> str:
        return f"{self._kind} secret {tenant_id} {secret_id.hex}"
