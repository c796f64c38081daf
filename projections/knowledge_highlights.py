"""Where the words of a question stand in passages that were found."""

from __future__ import annotations

from collections.abc import Sequence

from application.projection import Connection
from projections.snippet import CLOSE, OPEN, Span, spans_of

_MARKED = """
SELECT ts_headline('english', p.text, asked.query,
  'HighlightAll=true, StartSel=' || %(open)s || ', StopSel=' || %(close)s)
FROM unnest(%(texts)s::text[]) WITH ORDINALITY AS p(text, place),
  (SELECT replace(plainto_tsquery('english', %(asked)s)::text, '&', '|')::tsquery AS query) asked
ORDER BY p.place"""


async def highlights(connection: Connection, asked: str, texts: Sequence[str]) -> list[tuple[Span, ...]]:
    """Of each text the words of `asked`, by their stems; none where it was found by meaning or spelt otherwise."""
    if not texts:
        return []
    values = {"open": OPEN, "close": CLOSE, "texts": list(texts), "asked": asked.replace("\x00", " ")}
    marked = await (await connection.execute(_MARKED, values)).fetchall()
    return [spans_of(row[0], text) for row, text in zip(marked, texts, strict=True)]
