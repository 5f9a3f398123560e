"""Addresses of folders, as fsspec knows them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from ..domain import Reach
from ..error import PersistableError
from ..files import beside_name
from .server import server_reach

__all__ = ["LOCAL", "S3", "address_reach", "beside_address", "check_address"]

LOCAL: Final = frozenset({"file", "local"})
"""The protocols of local file systems."""

S3: Final = frozenset({"s3", "s3a"})
"""The protocols of S3, and of what is compatible with it."""

_CLOUD: Final = S3 | {"gs", "gcs"}


def check_address(stash: object, address: object) -> None:
    """Raise an error unless an address can be that of a stash.

    :param stash: the stash

    :param address: its address

    :raises PersistableError: if it is none, or has credentials

    >>> check_address(object(), "s3://bucket/prefix")

    """
    protocol, separator, _ = str(address).partition("://")
    if not separator or not protocol:
        raise PersistableError(
            f"Expecting something like s3://bucket/prefix or file:///data as the "
            f"address of {type(stash).__name__} but got: {address!r}"
        )
    authority = urlsplit(str(address)).netloc
    if "@" in authority and protocol not in LOCAL:
        raise PersistableError(
            f"Credentials in the address of {type(stash).__name__}, "
            f"{protocol}://***@{authority.rpartition('@')[2]}: leave them to the "
            f"environment, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            f"or to storage_options"
        )


def address_reach(address: str, options: Mapping[str, Any]) -> Reach:
    """Return from where a folder is the same one: that of a bucket depends on its
    endpoint, and what isn't known is taken to be in this process.

    :param address: the folder's

    :param options: what the constructor of its file system takes

    >>> address_reach("s3://bucket/prefix", {"endpoint_url": "http://localhost:9000"})
    <Reach.MACHINE: 2>

    """
    protocol = address.partition("://")[0]
    if protocol in LOCAL:
        return Reach.MACHINE
    if protocol not in _CLOUD:
        return Reach.PROCESS
    endpoint = (
        options.get("endpoint_url")
        or options.get("client_kwargs", {}).get("endpoint_url")
        or os.environ.get("AWS_ENDPOINT_URL_S3")
        or os.environ.get("AWS_ENDPOINT_URL")
    )
    return Reach.NETWORK if endpoint is None else server_reach(endpoint)


def beside_address(address: str, what: str, *parts: str) -> str | None:
    """Return the address of what is stored beside a stash, in the same bucket, or
    None if it can't be told.

    :param address: that of the stash's folder

    :param what: tells it from others beside the stash

    :param parts: tell the stash from others in the same folder

    >>> beside_address("s3://bucket/data/stash", "notes")
    's3://bucket/data/.stash.beside/notes'

    """
    if "::" in address:
        # Of several file systems, either may have the folder.
        return None
    protocol, _, rest = address.partition("://")
    root, _, path = rest.rstrip("/").partition("/")
    parent, slash, name = path.rpartition("/")
    return f"{protocol}://{root}/{parent}{slash}{beside_name(name, what, *parts)}"
