"""The commands ``stash get``, ``put`` and ``rm``."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ..codec import JsonCodec, read_info
from ..domain import StashURL
from ..error import PersistableError
from ..missing import MISSING
from ..stash.layers import innermost
from ..stash.wording import escape, unescape
from .exits import ExitCode, UsageError, complain
from .options import Escaped, Key, Url, Yes, confirm
from .stores import open_existing, open_store, require_entries

__all__ = ["get", "put", "rm"]


class _Form(StrEnum):
    BYTES = "bytes"
    TEXT = "text"
    JSON = "json"
    ENTRY = "entry"


def get(
    url: Url,
    key: Key,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the value as JSON.")
    ] = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="Write the entry's bytes, not decoded.")
    ] = False,
    escaped: Escaped = False,
) -> int:
    r"""Print the value of a key, as Python shows it.

    What JSON has no form for (dates, sets, bytes and so on) is printed with tags, as
    the JSON codec stores it, which put --json takes back.

    \b
    Examples:
      stash get dir:cache totals
      stash get dir:cache totals --json | jq .sum
      stash get dir:cache totals --raw > totals.entry
    """
    if as_json and raw:
        raise UsageError("Give --json or --raw, not both")
    key = unescape(key) if escaped else key
    stash = open_existing(url)
    value: Any
    if raw:
        entry = require_entries(stash, "write").load_entry(key)
        value = MISSING if entry is None else entry
    else:
        value = stash.get(key, MISSING)
    if value is MISSING:
        complain(f"No such key: {escape(key)}")
        return ExitCode.FINDINGS
    if raw:
        sys.stdout.buffer.write(value)
    elif as_json:
        sys.stdout.write(_to_json(value) + "\n")
    else:
        sys.stdout.write(_show(key, value) + "\n")
    return ExitCode.OK


def put(
    url: Url,
    key: Key,
    file: Annotated[
        str, typer.Argument(metavar="[FILE]", help="What to store; - is the input.")
    ] = "-",
    text: Annotated[
        str | None,
        typer.Option(
            "--json", metavar="JSON", help="Store this value.", show_default=False
        ),
    ] = None,
    form: Annotated[
        _Form, typer.Option("--as", help="What the file is to be taken for.")
    ] = _Form.BYTES,
    escaped: Escaped = False,
) -> int:
    r"""Store a value under a key.

    An entry (--as entry) is stored as get --raw wrote it, whoever signed it.

    \b
    Examples:
      stash put dir:cache limit --json 12
      stash put dir:cache page page.html --as text
      curl https://example.org | stash put dir:cache page
      stash get dir:a k --raw | stash put dir:b k --as entry
    """
    key = unescape(key) if escaped else key
    if text is not None and file != "-":
        raise UsageError("Give a file or --json, not both")
    stash = open_store(url)
    if text is not None:
        stash.dump(key, _from_json(text))
        return ExitCode.OK
    data = _read(file)
    if form is _Form.ENTRY:
        store = require_entries(stash, "store")
        place = read_info(data, file).key
        if place != key:
            raise UsageError(
                f"{file} is the entry of {f'key {place!r}' if place else 'no key'}, so "
                f"that it would be refused as the value of {key!r}"
            )
        store.dump_entry(key, data)
    elif form is _Form.BYTES:
        stash.dump(key, data)
    else:
        try:
            decoded = data.decode()
        except UnicodeDecodeError as e:
            raise UsageError(f"{file} is not text in UTF-8: {e}") from e
        stash.dump(key, decoded if form is _Form.TEXT else _from_json(decoded))
    return ExitCode.OK


def rm(
    url: Url,
    keys: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY]...", help="The keys.", show_default=False),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Delete all that is in the store.")
    ] = False,
    yes: Yes = False,
    escaped: Escaped = False,
) -> int:
    r"""Delete keys, or all of them, after asking.

    \b
    Examples:
      stash rm dir:cache totals limit
      stash rm dir:cache --all --yes
      stash ls dir:cache --match 'tmp*' | cut -f 1 | xargs -d '\n' stash rm -ey dir:cache
    """
    if everything == bool(keys):
        raise UsageError("Give keys or --all")
    names = [unescape(key) if escaped else key for key in keys or ()]
    # Below a time to live, which reads a value to tell whether it exists.
    stash = innermost(open_existing(url))
    place = StashURL.parse(url)
    what = f"all {len(stash):,} entries" if everything else _list(names)
    if not confirm(f"Delete {what} in {place}?", yes):
        complain("Nothing is deleted")
        return ExitCode.FINDINGS
    if everything:
        stash.clear()
        return ExitCode.OK
    absent = [name for name in names if not stash.exists(name)]
    stash.delete_many(name for name in names if name not in absent)
    for name in absent:
        complain(f"No such key: {escape(name)}")
    return ExitCode.FINDINGS if absent else ExitCode.OK


def _list(names: list[str]) -> str:
    shown = ", ".join(map(escape, names[:5]))
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5:,} more"


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as e:
        raise UsageError(f"Can't read {file}: {e.strerror}") from e


def _show(key: str, value: Any) -> str:
    try:
        return repr(value)
    except Exception as e:
        # Its __repr__ can raise anything.
        raise PersistableError(
            f"Can't show the value of {escape(key)}: {type(e).__name__}: {e}"
        ) from e


def _to_json(value: Any) -> str:
    body, _, _ = JsonCodec().pack(value)
    return bytes(body).decode()


def _from_json(text: str) -> Any:
    try:
        json.loads(text)
        return JsonCodec().unpack(memoryview(text.encode()), (), 0, "the JSON")
    except (ValueError, PersistableError) as e:
        raise UsageError(f"Not JSON: {e}") from e
