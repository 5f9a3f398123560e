"""The commands ``stash export`` and ``stash import``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, Annotated, Any

import typer

from ..codec import default_codec
from ..domain import Stash, chunks
from ..error import PersistableError
from ..missing import MISSING
from ..stash import DictionaryStash
from ..stash.layers import entry_store, innermost
from ..stash.survey import BATCH, UNAVAILABLE
from .archive import ArchiveStash, write_archive
from .convert import EntrySource
from .copying import report_transfer
from .exits import ExitCode, complain, complain_of
from .jsonlines import read_lines, to_line
from .options import InputFile, Json, Url
from .progress import Bar
from .stores import open_existing, open_store
from .streams import open_input, open_output

__all__ = ["export", "import_"]


def export(
    url: Url,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="The file to write; - is the output.",
            show_default=False,
        ),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Write lines of JSON, of decoded values.")
    ] = False,
) -> int:
    r"""Write all of a store to a file, to take to another machine.

    The file is a zip archive of entries as they are, signatures and all: the other
    machine needs your key (ZENSOLS_PERSIST_KEY) to read them. With --json it is a line
    for each value, {"key": ..., "value": ...}, which needs no key, but has a form for
    plain data only.

    \b
    Examples:
      stash export dir:cache cache.zip
      stash export dir:cache - | ssh other stash import sqlite:cache.db -
      stash export dir:cache values.jsonl --json
    """
    stash = open_existing(url)
    base = innermost(stash)
    failures = 0
    with Bar("Exporting", lambda: len(base)) as bar:

        def failed(key: str, error: Exception) -> None:
            nonlocal failures
            failures += 1
            complain_of(key, error)

        def read() -> Iterator[tuple[str, bytes]]:
            store = entry_store(stash)
            codec = default_codec() if store is None else store.entry_codec
            source = EntrySource(stash, codec, failed)
            for names in chunks(base.keys(), BATCH):
                yield from source.read(names)
                bar.advance(len(names))

        with open_output(file) as out:
            if as_json:
                count = 0
                for key in base.keys():
                    count += _write_line(out, stash, key, failed)
                    bar.advance()
            else:
                count = write_archive(out, read())
    complain(f"{count:,} exported, {failures:,} failed")
    return ExitCode.FINDINGS if failures else ExitCode.OK


def _write_line(out: IO[bytes], stash: Stash[Any], key: str, failed: Any) -> bool:
    try:
        value = stash.get(key, MISSING)
        line = b"" if value is MISSING else to_line(key, value)
    except UNAVAILABLE:
        raise
    except PersistableError as e:
        failed(key, e)
        return False
    out.write(line)
    return bool(line)


def import_(
    url: Url,
    file: InputFile,
    as_json: Json = False,
) -> int:
    r"""Store what export wrote, either form of it.

    Entries are stored as they are, and not decoded: those that are signed with another
    key than yours are refused when they are read, see verify and sign. What the store
    has already is skipped; its other keys stay.

    \b
    Examples:
      stash import sqlite:cache.db cache.zip
      stash import dir:cache values.jsonl
    """
    target = open_store(url)
    with open_input(file) as data:
        start = data.read(2)
        data.seek(0)
        sources: Iterable[Stash[Any]]
        total: int | None = None
        if start == b"PK":
            archive = ArchiveStash(data)
            sources, total = [archive], len(archive)
        else:
            batches = chunks(read_lines(data), BATCH)
            sources = (DictionaryStash(dict(batch)) for batch in batches)
        return report_transfer("Importing", sources, target, lambda: total, as_json)
