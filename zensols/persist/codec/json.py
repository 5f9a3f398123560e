"""JSON, where no code should ever run, or other programs read along."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from .entry import Buffer
from .entrycodec import EntryCodec

__all__ = ["JsonCodec"]


class JsonCodec(EntryCodec):
    """Entries in JSON, which are not signed, since reading them runs nothing.

    Values come back as they were, types and all: plain data is stored as just
    that JSON; :mod:`datetime` types, ``Decimal``, ``UUID``, ``Path``, ``bytes``,
    ``bytearray``, ``set``, ``frozenset``, ``tuple``, ``complex``, any ``float``,
    ``int`` and ``str``, and dictionaries with any of these as keys, are stored
    with tags, see :class:`.Tagger`.  So are NumPy's arrays and numbers (but not
    arrays of objects), and instances of the dataclasses, msgspec Structs, pydantic
    models, Enums and subclasses of simple types that are given in ``types``; nothing
    in the data decides which class is used.  Anything else is refused when it is
    stored, and so are cycles; an object in two places comes back as two.

    Classes may have changed since an instance was stored: fields that were added
    take their defaults, and those that were removed become plain attributes, which
    are stored again with the instance.  Instances that can have none, as of structs,
    are refused then.

    Safe to share between threads and processes.

    >>> codec = JsonCodec()
    >>> codec.decode(bytes(codec.encode({"size": (3, 4), 5: b"six"})))
    {'size': (3, 4), 5: b'six'}
    >>> codec.encode([{"at": object}])
    Traceback (most recent call last):
    zensols.persist.error.PersistableError: Can't store value[0]['at'] as JSON: \
<class 'object'>: JSON has no form for type: convert it

    """

    name: ClassVar[str] = "json"
    codec_id: ClassVar[int] = 2

    def __init__(self, types: Iterable[type] = ()) -> None:
        """
        :param types: the dataclasses, msgspec Structs, pydantic models, Enums,
                      named tuples and other subclasses of ``str``, ``bytes``,
                      ``int``, ``float``, ``complex`` and ``tuple`` that can be
                      stored; they are found by module and qualified name when they
                      are read

        :raises PersistableError: if a type is none of these, or two have the
                                  same name

        """
        from .tagged import Tagger

        self.types = tuple(types)
        self._tagged = Tagger(self.types)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.types!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.types,)

    def pack(self, value: Any) -> tuple[bytes, Sequence[memoryview], int]:
        return self._tagged.encode(value), (), 0

    def unpack(
        self, body: Buffer, buffers: Sequence[memoryview], flags: int, source: str
    ) -> Any:
        return self._tagged.decode(body, source)
