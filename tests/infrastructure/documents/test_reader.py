"""Documents are read as a reader sees them; hostile ones end quickly, and harm nobody."""

from __future__ import annotations

from resource import RUSAGE_CHILDREN, getrusage

import pytest

from domain.refusals import Invalid, Unavailable
from infrastructure.documents.confined import CPU_SECONDS
from infrastructure.documents.html_text import html_text
from infrastructure.documents.markdown_text import markdown_text
from infrastructure.documents.reader import DocumentReader


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One <b>bold</b>\n word.</p><p>Two</p>", "One bold word.\n\nTwo"),
        ("<style>x</style><p hidden>no</p><p aria-hidden=true>no</p>yes<!-- no -->", "yes"),
        ("<header>Shop</header><main><h2>A</h2>b</main><footer>c</footer>", "## A\n\nb"),
        ("<ul><li><p>one</p><p>more</p></li><li>two</li></ul>", "- one\n\nmore\n\n- two"),
        ("<table><tr><th>a<th>b<tr><td>1<td>2</table>", "a | b\n\n1 | 2"),
        ("a<br>b", "a\nb"),
        ('<a href="https://x.test/">here</a> <a href="javascript:x">there</a>', "here (https://x.test/) there"),
        ("<title>Page</title><p>Text", "# Page\n\nText"),
        ("&lt;script&gt; &amp; co", "<script> & co"),
        ("", ""),
    ],
)
def test_html_is_read_as_a_visitor_sees_it(html: str, text: str) -> None:
    assert html_text(html) == text


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("One *two* `three`\nfour", "One two three four"),
        ("## A\n\n1. b\n2. c", "## A\n\n1. b\n\n2. c"),
        ("|a|b|\n|-|-|\n|1|2|", "a | b\n\n1 | 2"),
        ("[here](https://x.test) ![picture](p.png)", "here (https://x.test) picture"),
        ("a <b>b</b>\n\n<script>alert(1)</script>", "a b"),
        ("```\ncode\n```", "code"),
    ],
)
def test_markdown_is_read_by_its_tokens(markdown: str, text: str) -> None:
    assert markdown_text(markdown) == text


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("deep.html", b"<div>" * 200_000),  # takes the parser five minutes
        ("emphasis.md", b"*a_" * 300_000),
        ("brackets.md", b"[" * 1_000_000),
    ],
)
async def test_a_document_that_would_take_minutes_is_refused_in_seconds(name: str, body: bytes) -> None:
    before = getrusage(RUSAGE_CHILDREN).ru_utime
    with pytest.raises(Invalid, match="nested"):
        await DocumentReader(deadline=60).read(name, body)
    assert getrusage(RUSAGE_CHILDREN).ru_utime - before < CPU_SECONDS + 1


async def test_who_waits_too_long_is_told_to_come_again() -> None:
    with pytest.raises(Unavailable):
        await DocumentReader(deadline=0.001).read("a.md", b"# One\n\nText")
