"""Names for what is kept beside a stash's folder or file, rather than inside."""

from __future__ import annotations

import os
from hashlib import blake2b

__all__ = ["beside_name", "beside_path", "digest", "hidden_name"]


def hidden_name(name: str, suffix: str) -> str:
    """Return the name of what belongs to a file or folder, and is hidden.

    :param name: the file's or folder's own

    :param suffix: tells what it is

    >>> hidden_name("stash", ".locks")
    '.stash.locks'

    """
    hidden = f".{name}{suffix}"
    if len(os.fsencode(hidden)) > 255:
        hidden = f".{digest(os.fsencode(name))}{suffix}"
    return hidden


def digest(data: bytes) -> str:
    """Return what stands for data in a file's name."""
    return blake2b(data, digest_size=16).hexdigest()


def beside_name(name: str, what: str, *parts: str) -> str:
    """Return what :func:`beside_path` does, from the folder of both.

    :param name: the name of the stash's folder or file

    :param what: see :func:`beside_path`

    :param parts: see :func:`beside_path`

    >>> beside_name("stash", "notes")
    '.stash.beside/notes'

    """
    if parts:
        what = f"{what}.{digest(chr(0).join(parts).encode('utf-8', 'surrogatepass'))}"
    return f"{hidden_name(name, '.beside')}/{what}"


def beside_path(path: str, what: str, *parts: str) -> str:
    """Return where to keep what is stored beside a stash.

    :param path: the stash's folder or file; need not exist

    :param what: tells it from others beside the stash

    :param parts: tell the stash from others in the same folder or file

    :return: a path in a folder beside the stash's

    >>> from zensols.persist.files import beside_path
    >>> beside_path("/data/stash", "notes")
    '/data/.stash.beside/notes'

    """
    parent, name = os.path.split(os.path.realpath(path))
    return os.path.join(parent, beside_name(name, what, *parts))
