"""The URLs that name stashes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

from ..error import PersistableError

__all__ = ["StashURL", "mask_passwords", "one_of", "positive_seconds"]

_MASK: Final = "***"
_REFUSED: Final = {
    "trust": "whether foreign pickles are read can't be set by a URL, since URLs come "
    "from configurations and other people: pass trust='any' to a codec or set "
    "ZENSOLS_PERSIST_TRUST",
    "key": "the signing key can't be set by a URL: set ZENSOLS_PERSIST_KEY",
}


class StashURL:
    """A URL that names a stash: ``scheme:location?option=value&...``.

    Printing it shows no password; :meth:`reveal` does.  Immutable, and so safe to
    share between threads.

    >>> url = StashURL.parse("redis://ann:secret@localhost:6379/0?prefix=a")
    >>> url
    StashURL('redis://ann:***@localhost:6379/0?prefix=a')
    >>> url.scheme, url.options
    ('redis', {'prefix': 'a'})

    """

    __slots__ = ("location", "options", "scheme")

    def __init__(
        self, scheme: str, location: str, options: Mapping[str, object] | None = None
    ) -> None:
        """
        :param scheme: what opens it, such as ``dir``

        :param location: what follows the scheme and its colon, as it stands in
                         the URL

        :param options: what follows the question mark, unquoted; those that are
                        None are left out

        """
        self.scheme = scheme
        self.location = location
        self.options = {
            name: str(value)
            for name, value in (options or {}).items()
            if value is not None
        }

    @classmethod
    def parse(cls, text: str) -> StashURL:
        """Return a URL from its text.

        :param text: the URL

        :raises PersistableError: if it has no scheme, an option is malformed, or
                                  one is given that no URL may have

        """
        scheme, colon, rest = text.partition(":")
        if not colon or not scheme.replace("+", "").isalnum():
            raise PersistableError(
                f"No scheme in stash URL {mask_passwords(text)!r}: expecting something like "
                f"dir:///data/cache or redis://localhost:6379/0"
            )
        location, _, query = rest.partition("?")
        if "@" in query and ":" in location.removeprefix("//"):
            raise _wrong(
                text, "write % and the code for each of / ? # @ in a password or option"
            )
        options: dict[str, str] = {}
        for pair in filter(None, query.split("&")):
            name, equals, value = map(unquote, pair.partition("="))
            if not equals:
                raise _wrong(text, f"option {name!r} has no value: write {name}=value")
            if name in options:
                raise _wrong(text, f"option {name!r} is given twice")
            if name in _REFUSED:
                raise _wrong(text, f"option {name!r}: {_REFUSED[name]}")
            options[name] = value
        return cls(scheme.lower(), location, options)

    @classmethod
    def of_path(
        cls, scheme: str, path: Path, options: Mapping[str, object] | None = None
    ) -> StashURL:
        """Return the URL of a local file or folder.

        :param scheme: what opens it

        :param path: the file or folder

        :param options: the options; those that are None are left out

        >>> StashURL.of_path("dir", Path("/data/a b"), {"pattern": None})
        StashURL('dir:///data/a%20b')

        """
        text = quote(path.as_posix(), safe="/~:!$'()*+,;=@")
        return cls(scheme, f"//{text}" if path.is_absolute() else text, options)

    @property
    def path(self) -> Path:
        """The local file or folder that the location names: absolute after
        ``//``, else relative to the working directory; ``~`` is the user's home.

        :raises PersistableError: if there is none, a host is given, or ``~`` is
                                  followed by a name that is no user's

        """
        location = self.location
        if location.startswith("//"):
            location = location[2:]
            if not location.startswith(("/", "~")):
                host, slash, rest = location.partition("/")
                raise self.wrong(
                    f"host {host!r}: local files have none; write "
                    f"{self.scheme}:///{rest or host} for an absolute path or "
                    f"{self.scheme}:{host}{slash}{rest} for a relative one"
                )
        if not location:
            raise self.wrong(f"no path: write {self.scheme}:///some/path")
        path = Path(unquote(location))
        try:
            return path.expanduser()
        except RuntimeError as e:
            raise self.wrong(
                f"no home of a user {path.parts[0][1:]!r}: write an absolute path, such "
                f"as {self.scheme}:///some/path"
            ) from e

    def without(self, *names: str) -> StashURL:
        """Return this URL without some options.

        :param names: the options' names

        """
        kept = {k: v for k, v in self.options.items() if k not in names}
        return StashURL(self.scheme, self.location, kept)

    def extended(self, options: Mapping[str, object]) -> StashURL:
        """Return this URL with more options.

        :param options: the options; those that are None are left out

        """
        return StashURL(self.scheme, self.location, {**self.options, **options})

    def read(self, **converters: Callable[[str], Any]) -> dict[str, Any]:
        """Return the values of those options that are given.

        :param converters: the options that are allowed, each with a function
                           that turns its text into a value, or raises ValueError

        :raises PersistableError: if there is another option, or a wrong value

        >>> StashURL.parse("dir:data?timeout=2.5").read(pattern=str, timeout=float)
        {'timeout': 2.5}

        """
        found: dict[str, Any] = {}
        for name, text in self.options.items():
            if name not in converters:
                allowed = ", ".join(sorted({*converters, "codec", "compress", "ttl"}))
                raise self.wrong(f"unknown option {name!r}; allowed: {allowed}")
            try:
                found[name] = converters[name](text)
            except (ValueError, PersistableError) as e:
                raise self.wrong(f"value {text!r} of option {name!r}: {e}") from e
        return found

    def wrong(self, reason: str) -> PersistableError:
        """Return the error for a part of this URL that is wrong.

        :param reason: which part, and what is right

        """
        return _wrong(self.reveal(), reason)

    def reveal(self) -> str:
        """Return the text of the URL, with the password where it has one."""
        query = "&".join(
            f"{quote(name, safe='')}={quote(value, safe='/:,{}')}"
            for name, value in self.options.items()
        )
        text = f"{self.scheme}:{self.location}"
        return f"{text}?{query}" if query else text

    def __str__(self) -> str:
        return mask_passwords(self.reveal())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StashURL) and self.reveal() == other.reveal()

    def __hash__(self) -> int:
        return hash(self.reveal())


def one_of(*allowed: str) -> Callable[[str], str]:
    """Return a function for :meth:`StashURL.read` that takes only certain values.

    :param allowed: the values

    >>> one_of("yes", "no")("yes")
    'yes'

    """

    def convert(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"use one of {', '.join(allowed)}")
        return text

    return convert


def positive_seconds(text: str) -> float:
    """Return the number of seconds in a text, for :meth:`StashURL.read`.

    :param text: the text

    :raises ValueError: if it is no number above 0

    >>> positive_seconds("2.5")
    2.5

    """
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise ValueError("give a number of seconds above 0")
    return seconds


def _wrong(text: str, reason: str) -> PersistableError:
    return PersistableError(f"Wrong stash URL {mask_passwords(text)!r}: {reason}")


def mask_passwords(text: str) -> str:
    """Return a text without the passwords of the URLs in it.

    :param text: such as an error message

    >>> mask_passwords("No server at redis://ann:secret@localhost")
    'No server at redis://ann:***@localhost'

    """
    # Rather too much than too little: passwords may have any character.
    text = re.sub(r"//([^:/@]*):.*@", rf"//\1:{_MASK}@", text, flags=re.DOTALL)
    return re.sub(r"([?&]password=)[^&]*", rf"\1{_MASK}", text)
