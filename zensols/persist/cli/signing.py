"""The command ``stash sign``."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Annotated, Any, Final

import typer

from ..codec import (
    Codec,
    SignedPickleCodec,
    inner_codec,
    read_info,
    strict,
    verify_entry,
)
from ..codec.entry import MAGIC
from ..domain import EntryStore, Stash, StashURL, chunks
from ..error import CorruptDataError, PersistableError, UntrustedDataError
from ..stash.layers import innermost
from ..stash.survey import BATCH, UNAVAILABLE, read_entries
from ..stash.wording import escape
from .exits import ExitCode, UsageError, complain, complain_of
from .globals import UNKNOWN, named_globals
from .options import Json, Url, Yes, confirm
from .output import print_json
from .progress import Bar
from .stores import open_existing, require_entries

__all__ = ["sign"]

_SHOWN: Final = 30
"""How many names are shown to people."""


def sign(
    url: Url,
    foreign: Annotated[
        bool,
        typer.Option("--foreign", help="Also sign what other keys have signed."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Only show what would be run.")
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> int:
    r"""Adopt bare pickles: run them, and sign them.

    Each one, such as those that an older program left, is read, which runs what it
    says, and stored again, signed with your key. What the pickles import, and so may run, is shown first, as far as that can be told
    without running them: if you didn't write them, and don't trust who did, don't
    agree. Each entry is replaced as a whole; one that can't be read stays as it is.
    What your key has signed and somebody has changed is never adopted.

    \b
    Examples:
      stash sign dir:old-data --dry-run
      stash sign dir:old-data
      stash sign 'dir:old-data?pattern={name}.pkl' --yes
    """
    stash = open_existing(url)
    store = require_entries(stash, "sign")
    codec = store.entry_codec
    if not isinstance(inner_codec(codec), SignedPickleCodec):
        raise UsageError(
            f"Entries of codec {codec.name!r} are not signed, as reading them runs "
            f"nothing"
        )
    base = innermost(stash)
    with Bar("Reading", lambda: len(base)) as bar:
        found = _find(base, store, foreign, bar)
    _show(found, as_json)
    signed, failed = 0, len(found.refused)
    if found.unsigned and not dry_run:
        question = f"Run and sign {len(found.unsigned):,} entries of {_mask(url)}?"
        if not confirm(question, yes):
            complain("Nothing is signed")
            return ExitCode.FINDINGS
        with Bar("Signing", lambda: len(found.unsigned)) as bar:
            signed = _sign_all(store, found.unsigned, bar)
        failed += len(found.unsigned) - signed
    if as_json:
        print_json({"signed": signed, "failed": failed})
    else:
        sys.stdout.write(f"{signed:,} signed, {failed:,} failed\n")
    return ExitCode.FINDINGS if failed else ExitCode.OK


@dataclass
class _Findings:
    sound: int = 0
    unsigned: dict[str, bytes] = field(default_factory=dict)
    """Keys, with digests of what is shown here."""
    imports: Counter[str] = field(default_factory=Counter)
    refused: dict[str, PersistableError] = field(default_factory=dict)


def _find(stash: Stash[Any], store: EntryStore, foreign: bool, bar: Bar) -> _Findings:
    found = _Findings()
    codec = strict(store.entry_codec)
    for names in chunks(stash.keys(), BATCH):
        for key, entry in read_entries(store, names, found.refused.__setitem__):
            try:
                verify_entry(codec, entry, key, source=repr(key))
            except UNAVAILABLE:
                raise
            except CorruptDataError as e:
                found.refused[key] = e
            except PersistableError as e:
                _weigh(found, key, entry, e, foreign)
            else:
                found.sound += 1
        bar.advance(len(names))
    return found


def _weigh(
    found: _Findings, key: str, entry: bytes, error: PersistableError, foreign: bool
) -> None:
    """Tell a pickle to adopt from what stays as it is."""
    if entry[:8] == MAGIC:
        if foreign and isinstance(error, UntrustedDataError):
            found.unsigned[key] = _digest(entry)
            found.imports[f"{UNKNOWN} (signed with another key)"] += 1
        else:
            found.refused[key] = error
        return
    try:
        names = named_globals(entry)
    except Exception as e:  # noqa: BLE001  it may be anything
        found.refused[key] = PersistableError(f"Neither an entry nor a pickle: {e}")
    else:
        found.unsigned[key] = _digest(entry)
        found.imports.update(names)


def _show(found: _Findings, as_json: bool) -> None:
    for key, error in found.refused.items():
        complain_of(key, error)
    data = {
        "unsigned": len(found.unsigned),
        "sound": found.sound,
        "refused": len(found.refused),
        "imports": dict(found.imports.most_common()),
    }
    if as_json:
        print_json(data)
        return
    counts = len(found.unsigned), found.sound, len(found.refused)
    lines = ["{:,} unsigned, {:,} sound already, {:,} refused".format(*counts)]
    if found.unsigned:
        lines.append(
            "Reading them imports, and may run:"
            if found.imports
            else "Reading them imports nothing."
        )
    lines += [
        f"  {escape(name)}  in {n:,}" for name, n in found.imports.most_common(_SHOWN)
    ]
    if len(found.imports) > _SHOWN:
        more = len(found.imports) - _SHOWN
        lines.append(f"  and {more:,} more (--json shows all)")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _sign_all(store: EntryStore, unsigned: dict[str, bytes], bar: Bar) -> int:
    signed = 0
    codec = store.entry_codec
    checker = strict(codec)
    reader = SignedPickleCodec(trust="any")
    for key, digest in unsigned.items():
        try:
            entry = _reload(store, key, digest)
            store.dump_entry(key, _sign(codec, reader, key, entry))
            verify_entry(checker, store.load_entry(key) or b"", key, source=repr(key))
        except UNAVAILABLE:
            raise
        except PersistableError as e:
            complain_of(key, e)
        else:
            signed += 1
        bar.advance()
    return signed


def _reload(store: EntryStore, key: str, digest: bytes) -> bytes:
    entry = store.load_entry(key)
    if entry is None or _digest(entry) != digest:
        raise PersistableError("Changed since it was shown: sign again")
    return entry


def _sign(codec: Codec, reader: Codec, key: str, entry: bytes) -> bytes:
    value = reader.decode(entry, key, source=repr(key))
    if entry[:8] != MAGIC:
        return bytes(codec.encode(value, key))
    info = read_info(entry, repr(key))
    return bytes(
        codec.encode(value, key, fingerprint=info.fingerprint, seconds=info.seconds)
    )


def _digest(entry: bytes) -> bytes:
    return blake2b(entry, digest_size=16).digest()


def _mask(url: str) -> str:
    return str(StashURL.parse(url))
