"""The edges: HTTP, sockets, command line, pages; `bootstrap.py` is the only composition root."""
