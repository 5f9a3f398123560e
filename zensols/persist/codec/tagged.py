"""JSON from which values come back as they were, types and all."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from gc import get_referents
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from ..error import CorruptDataError, PersistableError
from .entry import Buffer
from .registry import register
from .walk import PLAIN, read, write

if TYPE_CHECKING:
    from msgspec.json import Decoder, Encoder

    from .kept import Kept

__all__ = ["Tagger"]

_CONTAINERS: Final = frozenset((list, dict))
_MANY: Final = 50


class Tagger:
    """Turns values into plain data, which is what JSON has a form for, and back.

    What isn't plain is put into dictionaries of one item, whose key says what
    it is; the module :mod:`zensols.persist.codec.tags` lists them.

    Instances are immutable and safe to share between threads and processes.

    >>> from zensols.persist.codec.tagged import Tagger
    >>> tagger = Tagger()
    >>> tagger.to_plain({"size": (3, 4)})
    {'size': {'$tuple': [3, 4]}}
    >>> tagger.decode(tagger.encode({"size": (3, 4)}))
    {'size': (3, 4)}

    """

    def __init__(self, types: Iterable[type] = ()) -> None:
        """
        :param types: the classes of the user's that may be stored; see
                      :class:`.JsonCodec`

        :raises PersistableError: if one of them can't be

        """
        self._by_name = register(types)
        self._by_kind = {entry.kind: entry for entry in self._by_name.values()}

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (tuple(self._by_kind),)

    def encode(self, value: Any, kept: Kept | None = None) -> bytes:
        """Return a value as JSON, the same for the same value.

        :param value: the object

        :param kept: what was stored of instances in it beside the fields of their
                     classes, by default only what they have themselves

        :raises PersistableError: if it can't be stored; the text gives the path
                                  to the culprit inside of it

        """
        encode = _encoder().encode
        if type(value) in PLAIN:
            try:
                data = encode(value)
            except (OverflowError, RecursionError, TypeError, ValueError):
                pass
            else:
                # To walk through the value takes ten times as long as this.
                if not _may_have_tags(data) and _is_plain(value, data):
                    return data
        plain = self.to_plain(value, kept)
        try:
            return encode(plain)
        except RecursionError:
            raise _too_deep("the value") from None

    def decode(
        self, data: Buffer, source: str = "the data", kept: Kept | None = None
    ) -> Any:
        """Return a value from JSON.

        :param data: what :meth:`encode` returned

        :param source: names the file, or the stash and key, in errors

        :param kept: takes what is stored of instances that have no place for it

        :raises CorruptDataError: if it is damaged

        :raises ClassNotFoundError: if it has a class that is not registered

        :raises PersistableError: if it is nested too deeply, or written by a
                                  newer release, or has instances with fields that
                                  would be lost

        """
        plain = self.parse(data, source)
        return self.from_plain(plain, source, kept) if _may_have_tags(data) else plain

    @staticmethod
    def parse(data: Buffer, source: str = "the data") -> Any:
        """Return the plain data that JSON holds.

        :param data: what :meth:`encode` returned

        :param source: names the file, or the stash and key, in errors

        :raises CorruptDataError: if it is damaged

        :raises PersistableError: if it is nested too deeply

        """
        try:
            return _decoder().decode(data)
        except ValueError as error:
            raise CorruptDataError(f"Damaged JSON in {source}: {error}") from error
        except RecursionError:
            raise _too_deep(source) from None

    def to_plain(self, value: Any, kept: Kept | None = None) -> Any:
        """Return a value as plain data.

        :param value: the object

        :param kept: what was stored of instances in it beside the fields of their
                     classes, by default only what they have themselves

        :raises PersistableError: if it can't be stored; the text gives the path
                                  to the culprit inside of it

        """
        try:
            return write(value, self._by_kind, kept)
        except RecursionError:
            raise _too_deep("the value") from None

    def from_plain(
        self, plain: Any, source: str = "the data", kept: Kept | None = None
    ) -> Any:
        """Return a value from plain data.

        :param plain: what :meth:`to_plain` returned

        :param source: names where it is from in errors

        :param kept: takes what is stored of instances that have no place for it

        :raises CorruptDataError: if it is damaged

        :raises ClassNotFoundError: if it has a class that is not registered

        :raises PersistableError: if it is nested too deeply, or written by a
                                  newer release, or has instances with fields that
                                  would be lost

        """
        try:
            return read(plain, self._by_name, source, kept)
        except RecursionError:
            raise _too_deep(source) from None


def _may_have_tags(data: Buffer) -> bool:
    data = bytes(data)
    # One byte is found much faster than two.
    return b"$" in data and b'"$' in data


def _is_plain(value: Any, data: bytes) -> bool:
    """Return whether a value comes back from JSON as it is.

    :param value: what could be encoded, so that it has no cycles

    :param data: the JSON

    """
    kind = type(value)
    if kind not in _CONTAINERS:
        return kind in PLAIN and (kind is not float or isfinite(value))
    layer = [value]
    while layer:
        count = sum(map(len, layer))
        layer = get_referents(*layer)
        # The keys of a dictionary are among its referents unless all of them
        # are exactly strings.
        if len(layer) != count:
            return False
        kinds = set(map(type, layer))
        if not kinds <= PLAIN:
            return False
        # To look for what infinite ones became is faster than to look at many.
        if float in kinds and (count < _MANY or b"null" in data):
            floats = [v for v in layer if type(v) is float]
            if not all(map(isfinite, floats)):
                return False
        if not kinds <= _CONTAINERS:
            if kinds.isdisjoint(_CONTAINERS):
                return True
            layer = [v for v in layer if type(v) in _CONTAINERS]
    return True


def _too_deep(source: str) -> PersistableError:
    return PersistableError(f"JSON of {source} is nested too deeply: flatten it")


@cache
def _encoder() -> Encoder:
    from msgspec.json import Encoder

    return Encoder()


@cache
def _decoder() -> Decoder[Any]:
    from msgspec.json import Decoder

    return Decoder()
