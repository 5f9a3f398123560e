"""Whose an address is."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

__all__ = ["is_here"]


def is_here(address: str) -> bool:
    """Return whether an address is one of this machine's.

    Safe to call from any thread.

    :param address: such as ``tcp://10.0.0.1:40123``

    >>> is_here("tcp://127.0.0.1:40123")
    True
    >>> is_here("tls://192.0.2.1:40123")
    False

    """
    host = urlsplit(address).hostname
    if host is None:
        return False
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        try:
            # Which only the addresses of a machine's own devices allow.
            one.bind((host, 0))
        except OSError:
            return False
    return True
