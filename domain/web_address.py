"""Addresses of other servers, as a tenant writes them down."""

from __future__ import annotations

from urllib.parse import urlsplit

from domain.refusals import Invalid


def web_address(name: str, text: str, *, may_query: bool = True) -> str:
    """`text` unchanged: a host, no login, no fragment, and without `may_query` no query.

    Whether plain http, or a private host, is allowed is the installation's to say. Raises Invalid.
    """
    try:
        url = urlsplit(text)
        is_address = url.scheme in ("https", "http") and bool(url.hostname) and url.port != 0
    except ValueError:
        is_address, url = False, urlsplit("")
    if not is_address or url.username is not None or url.fragment or (url.query and not may_query):
        raise Invalid(f"{name} is an https address without a login{'' if may_query else ' and without a query'}.")
    return text
