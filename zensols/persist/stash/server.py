"""From where a server can be reached."""

from __future__ import annotations

from urllib.parse import unquote

from ..domain import Reach, StashURL

__all__ = ["server_reach"]


def server_reach(address: str) -> Reach:
    """Return from where a server is the same one, going by its address alone: from
    this machine if that has a loopback host or a socket's path, or no host.

    :param address: its URL, which may have several hosts

    :raises PersistableError: if it is no URL

    >>> server_reach("redis://localhost:6379/0").name
    'MACHINE'
    >>> server_reach("mongodb://ann:secret@db1.example.org,db2.example.org/data").name
    'NETWORK'

    """
    url = StashURL.parse(address)
    authority = url.location.removeprefix("//").partition("/")[0]
    # Which PostgreSQL prefers to that.
    given = (url.options.get(name) for name in ("hostaddr", "host"))
    hosts = next(filter(None, given), authority.rpartition("@")[2])
    local = any(map(_is_local, hosts.split(",")))
    return Reach.MACHINE if local else Reach.NETWORK


def _is_local(host: str) -> bool:
    name = unquote(host).lower()
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    return name in ("", "localhost", "::1") or name.startswith(("127.", "/"))
