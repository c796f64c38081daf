"""Articles are written, rewritten, removed."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.article import BODY_LENGTH, Article
from domain.refusals import Invalid
from tests.support.stamps import refolded, stamp, types


def written() -> Article:
    article = Article(UUID(int=1))
    article.write(stamp(), 7, "Refunds", "We pay back.")
    return article


def test_writing_sets_title_and_body() -> None:
    article = written()
    assert (article.title, article.body) == ("Refunds", "We pay back.")


def test_the_same_text_again_changes_nothing() -> None:
    article = written()
    article.collect_events()
    article.write(stamp(), 7, " Refunds", "We pay back. ")
    assert types(article) == []


def test_a_new_text_is_a_new_event() -> None:
    article = written()
    article.write(stamp(), 7, "Refunds", "We do not.")
    assert types(article) == ["article.written.1"] * 2


@pytest.mark.parametrize(
    ("title", "body"), [("", "b"), ("t", " "), ("x" * 201, "b"), ("t", "x" * (BODY_LENGTH + 1)), ("t", "\x00")]
)
def test_an_article_without_title_or_body_is_refused(title: str, body: str) -> None:
    with pytest.raises(Invalid):
        Article(UUID(int=1)).write(stamp(), 7, title, body)


def test_removing_twice_changes_nothing() -> None:
    article = written()
    article.collect_events()
    article.remove(stamp())
    article.remove(stamp())
    assert types(article) == ["article.removed.1"]


def test_removing_what_was_never_written_changes_nothing() -> None:
    article = Article(UUID(int=1))
    article.remove(stamp())
    assert types(article) == []


def test_a_removed_article_comes_back_with_the_same_text() -> None:
    article = written()
    article.remove(stamp())
    article.collect_events()
    article.write(stamp(), 7, "Refunds", "We pay back.")
    assert types(article) == ["article.written.1"]
    assert not article.is_removed


def test_its_events_make_it_again() -> None:
    article = written()
    article.remove(stamp())
    again = refolded(list(article.collect_events()))
    assert isinstance(again, Article)
    assert (again.title, again.is_removed) == ("Refunds", True)
