"""The command ``stash verify``."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from ..codec import (
    Codec,
    strict,
    verify_entry,
    verify_file,
)
from ..domain import EntryStore, Stash, chunks
from ..error import (
    AlteredDataError,
    CorruptDataError,
    PersistableError,
    UntrustedDataError,
)
from ..stash import DirectoryStash
from ..stash.layers import innermost
from ..stash.survey import BATCH, UNAVAILABLE, read_entries
from .exits import ExitCode
from .options import Json, Url
from .output import Column, print_json, print_rows
from .progress import Bar
from .stores import open_existing, require_entries

__all__ = ["check_all", "kind_of", "verify"]

_COLUMNS: Final = (Column("key"), Column("kind"), Column("problem"))


def verify(url: Url, as_json: Json = False) -> int:
    r"""Check every entry's signature and checksums.

    Those that are not as they should be are printed. Nothing is decoded, and so
    nothing is run. An entry is untrusted (unsigned, signed
    with another key than yours, or in the wrong place), altered (changed since your
    key signed it), corrupt (truncated or damaged) or unreadable. The exit code is 1
    if there is one.

    \b
    Examples:
      stash verify dir:cache
      stash verify s3://bucket/cache --json | jq -r .key
    """
    stash = open_existing(url)
    store = require_entries(stash, "verify")
    counts: Counter[str] = Counter()
    with Bar("Verifying", lambda: len(innermost(stash))) as bar:
        found = [
            {"key": key, "kind": kind_of(error), "problem": str(error)}
            for key, error in _watch(check_all(innermost(stash), store), counts, bar)
        ]
    print_rows(found, _COLUMNS, as_json)
    entries = counts.total()
    summary = {"entries": entries, "sound": entries - len(found)}
    if as_json:
        print_json(summary)
    else:
        sys.stdout.flush()
        sys.stderr.write(
            f"{entries:,} entries, {summary['sound']:,} sound"
            + "".join(
                f", {n:,} {kind}" for kind, n in counts.items() if kind != "sound"
            )
            + "\n"
        )
    return ExitCode.FINDINGS if found else ExitCode.OK


def _watch(
    checked: Iterator[tuple[str, PersistableError | None]],
    counts: Counter[str],
    bar: Bar,
) -> Iterator[tuple[str, PersistableError]]:
    for key, error in checked:
        counts["sound" if error is None else kind_of(error)] += 1
        bar.advance()
        if error is not None:
            yield key, error


def kind_of(error: PersistableError) -> str:
    """Return in a word what is wrong with an entry.

    :param error: why it doesn't verify

    >>> kind_of(CorruptDataError("Truncated"))
    'corrupt'

    """
    for kind, name in (
        (AlteredDataError, "altered"),
        (UntrustedDataError, "untrusted"),
        (CorruptDataError, "corrupt"),
    ):
        if isinstance(error, kind):
            return name
    return "unreadable"


def check_all(
    stash: Stash[Any], store: EntryStore
) -> Iterator[tuple[str, PersistableError | None]]:
    """Return each key, with what is wrong with its entry, or None.

    :param stash: has the keys

    :param store: has the entries; usually the same object

    :raises StoreUnavailableError: if none can be read any more

    >>> from zensols.persist import open_stash
    >>> stash = open_stash("memory:?codec=json")
    >>> stash["a"] = 1
    >>> list(check_all(stash, stash))
    [('a', None)]

    """
    codec = strict(store.entry_codec)
    for names in chunks(stash.keys(), BATCH):
        if isinstance(store, DirectoryStash):
            yield from _check_files(store, codec, names)
        else:
            yield from _check_entries(store, codec, names)


def _check_files(
    store: DirectoryStash[Any], codec: Codec, names: list[str]
) -> Iterator[tuple[str, PersistableError | None]]:
    # By the file, since an entry may be larger than the memory.
    for key in names:
        try:
            verify_file(codec, str(store.key_to_path(key)), key)
        except FileNotFoundError:
            continue
        except PersistableError as e:
            yield key, e
        else:
            yield key, None


def _check_entries(
    store: EntryStore, codec: Codec, names: list[str]
) -> Iterator[tuple[str, PersistableError | None]]:
    unread: dict[str, PersistableError] = {}
    for key, entry in read_entries(store, names, unread.__setitem__):
        try:
            verify_entry(codec, entry, key, source=repr(key))
        except UNAVAILABLE:
            raise
        except PersistableError as e:
            yield key, e
        else:
            yield key, None
    yield from unread.items()
