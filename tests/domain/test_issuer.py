"""The identity provider that a tenant trusts."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest

from domain.issuer import Issuer, Trust
from domain.refusals import Invalid
from tests.support.stamps import stamp, types

TRUST = Trust("https://idp.test", "https://idp.test/keys", "verbatim")


def test_the_same_trust_again_changes_nothing() -> None:
    issuer = Issuer(UUID(int=1))
    issuer.entrust(stamp(), 7, TRUST)
    issuer.entrust(stamp(), 7, TRUST)
    issuer.entrust(stamp(), 7, msgspec.structs.replace(TRUST, role_claim="roles"))
    assert types(issuer) == ["issuer.trusted.1"] * 2


def test_distrust_is_said_once() -> None:
    issuer = Issuer(UUID(int=1))
    issuer.distrust(stamp())
    assert types(issuer) == []
    issuer.entrust(stamp(), 7, TRUST)
    issuer.distrust(stamp())
    issuer.distrust(stamp())
    assert types(issuer) == ["issuer.trusted.1", "issuer.distrusted.1"]


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": " "},
        {"audience": ""},
        {"default_role": "owner"},
        *(
            {"jwks_url": url}
            for url in ("", "idp.test", "file:///etc/passwd", "https://", "https://a:b@idp.test/")
        ),
        {"jwks_url": "https://[::1/keys"},
        {"jwks_url": "https://idp.test:99999/"},
        {"jwks_url": "https://idp.test/#keys"},
    ],
)
def test_what_cannot_be_trusted_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        Issuer(UUID(int=1)).entrust(stamp(), 7, msgspec.structs.replace(TRUST, **change))
