"""`verbatim knowledge`: the knowledge base from the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from application.actor import system
from application.bus import Request
from domain.refusals import Refusal
from infrastructure.documents.pages import Page
from infrastructure.documents.reader import DocumentReader
from infrastructure.settings import Settings
from interfaces.cli.installation import json_option, with_tenant
from interfaces.cli.progress import progress
from interfaces.knowledge_import import KnowledgeImport, import_pages
from interfaces.write_side import open_write_side


class Told(msgspec.Struct, frozen=True):
    """What an import did, over all files."""

    files: int
    created: int
    changed: int
    unchanged: int


@click.group()
def knowledge() -> None:
    """The knowledge base: what assistants quote."""


@knowledge.command("import")
@click.argument("files", type=click.Path(path_type=Path, exists=True, dir_okay=False), nargs=-1, required=True)
@with_tenant
@json_option
def import_files(settings: Settings, files: tuple[Path, ...], tenant_id: int, as_json: bool) -> None:
    """Import FILES of text, Markdown, HTML or JSON as articles.

    All files are read before the first article is written. Importing the same file again changes nothing.
    """
    read = asyncio.run(_read(files))
    done = asyncio.run(_import(settings, tenant_id, read))
    told = Told(
        len(files), *(sum(one.count(what) for one in done) for what in ("created", "changed", "unchanged"))
    )
    if as_json:
        click.echo(msgspec.json.encode(told).decode())
        return
    click.echo(f"{told.created} articles created, {told.changed} changed, {told.unchanged} were there")


async def _read(files: Sequence[Path]) -> list[list[Page]]:
    """Raises click.BadParameter, which names the file that cannot be read."""
    reader, read = DocumentReader(), list[list[Page]]()
    with progress("reading", len(files)) as advance:
        for file in files:
            try:
                read.append(await reader.read(file.name, file.read_bytes()))
            except Refusal as refusal:
                details = f" {msgspec.json.encode(refusal.details).decode()}" if refusal.details else ""
                raise click.BadParameter(f"{file}: {refusal.message}{details}") from refusal
            advance(1)
    return read


async def _import(settings: Settings, tenant_id: int, read: Sequence[Sequence[Page]]) -> list[KnowledgeImport]:
    request = Request(id="knowledge-import")
    async with open_write_side(settings) as side:
        with progress("importing", sum(map(len, read))) as advance:
            return [await import_pages(side.bus, system(tenant_id), pages, request, advance) for pages in read]
