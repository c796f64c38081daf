"""Run as a program: one document from stdin to plain text on stdout, with little time and memory.

HTML's own rules let a page cost far more than its size: 200,000 nested `<div>` take the parser five minutes.
What is stopped here is this process, and nobody waits for it.
"""

from __future__ import annotations

import resource
import sys
from importlib import import_module
from pathlib import Path

CPU_SECONDS = 2
MEMORY = 1 << 30
READERS = {"html": "html_text", "markdown": "markdown_text"}


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.path.insert(0, str(Path(__file__).parents[2]))
    name = READERS[sys.argv[1]]
    read = getattr(import_module(f"infrastructure.documents.{name}"), name)
    sys.stdout.buffer.write(read(sys.stdin.buffer.read().decode()).encode())


if __name__ == "__main__":
    main()
