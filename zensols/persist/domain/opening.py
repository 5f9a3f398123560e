"""Open a stash by its URL."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, Final

from ..codec import Codec, CompressedCodec, JsonCodec, SignedPickleCodec, default_codec
from ..error import PersistableError
from .stash import Stash
from .url import StashURL

__all__ = ["ENTRY_POINTS", "Opener", "codec_options", "open_stash"]

Opener = Callable[[StashURL, Codec | None], Stash[Any]]
"""Returns the stash that a URL names, given the codec that the URL asks for, or
None for the default.  The options ``codec``, ``compress`` and ``ttl`` have been
taken out of the URL; :meth:`.StashURL.read` takes the rest.

The opener of a class with an attribute ``native_ttl`` that is true is given
``ttl``, too, a number of seconds above 0, since its store removes what has expired
by itself.

"""

ENTRY_POINTS: Final = "zensols.persist.stash"
"""The group of entry points with which other packages add stores: the name is the
scheme, the object an :data:`Opener`, such as a class with a method
``open_url(url, codec)``.

"""

_PACKAGE: Final = __package__.rpartition(".")[0]
_BUILT_IN: Final = {
    "dir": "stash.directory:DirectoryStash",
    "gs": "stash.fsspec:FsspecStash",
    "lmdb": "stash.lmdb:LmdbStash",
    "memory": "stash.dictionary:DictionaryStash",
    "mongodb": "stash.mongo:MongoStash",
    "mongodb+srv": "stash.mongo:MongoStash",
    "postgres": "stash.postgres:PostgresStash",
    "postgresql": "stash.postgres:PostgresStash",
    "redis": "stash.redis:RedisStash",
    "rediss": "stash.redis:RedisStash",
    "s3": "stash.fsspec:FsspecStash",
    "shelve": "shelve:ShelveStash",
    "sqlite": "stash.sqlite:SqliteStash",
    "zip": "zip:ZipStash",
}
_CODECS: Final = ("pickle", "json")
_OWN_TYPES: Final = {f"{_PACKAGE}.stash.expiring"}


def open_stash(url: str | StashURL) -> Stash[Any]:
    """Return the stash that a URL names.  Nothing is connected to or made before
    the stash is used.

    These options go with any store:

    * ``codec``: ``pickle`` (signed, the default) or ``json``
    * ``compress``: ``zlib``, ``zstd`` or ``lz4``
    * ``ttl``: how many seconds a value lives

    :param url: such as ``dir:///data/cache?codec=json``, ``sqlite:cache.db``,
                ``redis://localhost:6379/0`` or what :attr:`.Stash.url` gave

    :raises PersistableError: if a part of the URL is wrong, which is named, or the
                              package that the store needs is not installed

    >>> stash = open_stash("memory:?codec=json&ttl=3600")
    >>> stash["a"] = [1, 2]
    >>> stash["a"]
    [1, 2]

    """
    if isinstance(url, str):
        url = StashURL.parse(url)
    ttl = _find_ttl(url)
    opener = _find_opener(url)
    own = url.without("codec", "compress")
    if ttl is None or _expires(opener):
        return opener(own, _find_codec(url))
    own = own.without("ttl")
    expiring: Any = import_module(f"{_PACKAGE}.stash.expiring")
    stash: Stash[Any] = expiring.ExpiringStash(
        opener(own, _find_codec(url, expiring.Expiring)), ttl
    )
    return stash


def codec_options(codec: Codec | None) -> dict[str, str]:
    """Return the options that make :func:`open_stash` use a codec.

    :param codec: a stash's codec

    :raises PersistableError: if there are none, as it can't be given by a URL

    >>> codec_options(CompressedCodec(JsonCodec()))
    {'codec': 'json', 'compress': 'zlib'}

    """
    options: dict[str, str] = {}
    inner = codec
    if isinstance(codec, CompressedCodec):
        inner = codec.inner
        options["compress"] = codec.method
    if type(inner) is JsonCodec and {t.__module__ for t in inner.types} <= _OWN_TYPES:
        options = {"codec": "json", **options}
    elif inner is not None and (
        type(inner) is not SignedPickleCodec or inner.has_own_key
    ):
        raise PersistableError(
            f"A stash with codec {codec!r} has no URL, which can only name these: "
            f"{', '.join(_CODECS)}"
        )
    return options


def _find_opener(url: StashURL) -> Opener:
    if (place := _BUILT_IN.get(url.scheme)) is not None:
        module, _, name = place.partition(":")
        found: Any = getattr(import_module(f"{_PACKAGE}.{module}"), name)
    else:
        plugins = _plugins()
        if url.scheme not in plugins:
            known = ", ".join(sorted({*_BUILT_IN, *plugins}))
            raise url.wrong(f"unknown scheme {url.scheme!r}; known: {known}")
        try:
            found = plugins[url.scheme].load()
        except Exception as e:
            raise PersistableError(
                f"Can't load the store for {url.scheme!r} URLs, which is registered as "
                f"{plugins[url.scheme].value}: {e}"
            ) from e
    opener: Opener = getattr(found, "open_url", found)
    return opener


def _expires(opener: Opener) -> bool:
    store = getattr(opener, "__self__", opener)
    return bool(getattr(store, "native_ttl", False))


@cache
def _plugins() -> dict[str, Any]:
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=ENTRY_POINTS)}


def _find_codec(url: StashURL, *types: type) -> Codec | None:
    codec: Codec | None = None
    name = url.options.get("codec")
    if name == "json":
        codec = JsonCodec(types)
    elif name == "pickle":
        codec = SignedPickleCodec()
    elif name is not None:
        raise url.wrong(f"unknown codec {name!r}; allowed: {', '.join(_CODECS)}")
    method: Any = url.options.get("compress")
    if method is not None:
        try:
            codec = CompressedCodec(codec or default_codec(), method)
        except PersistableError as e:
            raise url.wrong(f"option 'compress': {e}") from e
    return codec


def _find_ttl(url: StashURL) -> float | None:
    text = url.options.get("ttl")
    if text is None:
        return None
    try:
        ttl = float(text)
    except ValueError:
        ttl = -1
    if not 0 < ttl < float("inf"):
        raise url.wrong(f"option 'ttl' is {text!r}: give a number of seconds above 0")
    return ttl
