"""The provider of company logins: configured, replaced, removed."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.kernel import By, Cause, Stamp
from domain.login_provider import LoginProvider, LoginTerms, Newcomers
from domain.refusals import Invalid

STAMP = Stamp(By("agent", UUID(int=1)), datetime(2030, 1, 1, tzinfo=UTC), Cause("Test"))
SECRET, OTHER = UUID(int=2), UUID(int=3)
TERMS = LoginTerms("https://login.shop.test", "client")


def configured(terms: LoginTerms = TERMS, secret_id: UUID | None = SECRET) -> LoginProvider:
    made = LoginProvider(UUID(int=9))
    made.configure(STAMP, 7, terms, secret_id)
    return made


def test_the_same_again_changes_nothing() -> None:
    made = configured(LoginTerms(" https://login.shop.test ", "client", (" Shop.TEST", "shop.test")))
    assert made.terms == LoginTerms("https://login.shop.test", "client", ("shop.test",))
    made.configure(STAMP, 7, made.terms, None)
    made.configure(STAMP, 7, made.terms, SECRET)
    made.remove(STAMP)
    made.remove(STAMP)
    types = [event.TYPE for event in made.collect_events()]
    assert types == ["login_provider.configured.1", "login_provider.removed.1"]


def test_a_new_secret_is_a_change() -> None:
    made = configured()
    made.configure(STAMP, 7, TERMS, OTHER)
    assert (made.secret_id, len(made.collect_events())) == (OTHER, 2)


def test_a_secret_never_goes_to_another_issuer_than_it_was_given_for() -> None:
    made = configured()
    with pytest.raises(Invalid):
        made.configure(STAMP, 7, LoginTerms("https://other.shop.test", "client"), None)
    made.remove(STAMP)
    with pytest.raises(Invalid):
        made.configure(STAMP, 7, TERMS, None)


@pytest.mark.parametrize(
    "terms",
    [
        LoginTerms("", "client"),
        LoginTerms("login.shop.test", "client"),
        LoginTerms("ftp://login.shop.test", "client"),
        LoginTerms("https://user@login.shop.test", "client"),
        LoginTerms("https://login.shop.test?x=1", "client"),
        LoginTerms("https://login.shop.test#x", "client"),
        LoginTerms("https://login.shop.test:x", "client"),
        LoginTerms("https://login.shop.test", " "),
        LoginTerms("https://login.shop.test", "client", ("*",)),
        LoginTerms("https://login.shop.test", "client", ("@shop.test",)),
        LoginTerms("https://login.shop.test", "client", ("localhost",)),
        LoginTerms("https://login.shop.test", "client", ("a.test",) * 101),
        LoginTerms("https://login.shop.test", "client", (), Newcomers(role="agent")),
        LoginTerms("https://login.shop.test", "client", ("shop.test",), Newcomers()),
        LoginTerms("https://login.shop.test", "client", ("shop.test",), Newcomers(role="admin")),
        LoginTerms("https://login.shop.test", "client", ("shop.test",), Newcomers(role="owner")),
        LoginTerms("https://login.shop.test", "client", ("shop.test",), Newcomers("agent", SECRET)),
    ],
)
def test_terms_that_let_in_too_many_or_nobody_are_refused(terms: LoginTerms) -> None:
    with pytest.raises(Invalid):
        configured(terms)
