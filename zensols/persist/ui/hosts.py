"""Which requests are meant for the panel: those that name the host that it is on, and
come from its own pages.

A page of another site can make a browser send requests to 127.0.0.1, and by letting
its own name point there (DNS rebinding) can read the answers; these tell such requests.

"""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

__all__ = ["is_local", "is_our_host", "is_our_origin"]

_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]/@\\\s]+)(?::\d{1,5})?")


def is_local(host: str) -> bool:
    """Return whether only this machine can connect to an address.

    :param host: an address or a name

    >>> is_local("127.0.0.1"), is_local("localhost"), is_local("0.0.0.0")
    (True, True, False)

    """
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_our_host(header: str | None, names: frozenset[str]) -> bool:
    """Return whether a ``Host`` header names the panel: as an address, which no DNS
    server can redirect, as ``localhost``, or as one of some names.

    :param header: the header, with or without a port

    :param names: the names of this machine, in small letters

    >>> is_our_host("127.0.0.1:8080", frozenset())
    True
    >>> is_our_host("evil.example:8080", frozenset())
    False

    """
    match = _HOST.fullmatch(header or "")
    if match is None:
        return False
    host = match[1].lower().rstrip(".")
    if host == "localhost" or host in names:
        return True
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def is_our_origin(origin: str | None, host: str, site: str | None = None) -> bool:
    """Return whether a request may come from a page of the panel.

    :param origin: the ``Origin`` header; browsers send it with whatever changes
                   something, and with all that pages of other sites read

    :param host: the ``Host`` header

    :param site: the ``Sec-Fetch-Site`` header

    >>> is_our_origin("http://127.0.0.1:8080", "127.0.0.1:8080")
    True
    >>> is_our_origin("https://evil.example", "127.0.0.1:8080")
    False

    """
    if origin is None:
        return site in (None, "none", "same-origin")
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()
