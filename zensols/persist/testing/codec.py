"""The contract of codecs."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ..codec import Codec, dump_file, load_file, read_info, verify_file
from ..error import PersistableError, UntrustedDataError

__all__ = ["CodecContract"]

_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -(2**100),
    1.5,
    float("inf"),
    "",
    "é \N{GRINNING FACE} \0 \udc80",
    b"\xff\0",
    [],
    (),
    {},
    set(),
    [None, [1, 1.0, True], {"a": (1, "b")}],
    {"a": None, "": {"b": [b"c"]}, "$a": 1},
    {1: "int", (1, 2): "tuple", None: "none"},
    {"large": b"x" * 2_000_000},
)


class CodecContract:
    """What every codec does: subclass it in a test module, with a fixture
    ``codec``, and pytest runs it.

    >>> from zensols.persist.codec import JsonCodec
    >>> class TestJson(CodecContract):
    ...     @pytest.fixture
    ...     def codec(self):
    ...         return JsonCodec()
    >>> TestJson().test_decodes_any_buffer(JsonCodec())

    """

    values: ClassVar[Sequence[Any]] = _VALUES
    """What must come back as it was."""

    has_entries: ClassVar[bool] = True
    """Whether the codec writes entries, which have metadata and a tag, and can
    be bound to keys."""

    @pytest.fixture
    def codec(self) -> Codec:
        """The codec to test."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture 'codec'")

    def test_has_a_name(self, codec: Codec) -> None:
        """The codec has a name for URLs and listings."""
        assert codec.name
        assert codec.name == type(codec).name

    def test_values_come_back(self, codec: Codec) -> None:
        """Each value comes back equal and of the same type, None included."""
        for value in self.values:
            found = codec.decode(bytes(codec.encode(value)))
            assert repr(found) == repr(value)
            assert type(found) is type(value)

    def test_decodes_any_buffer(self, codec: Codec) -> None:
        """The data can be any buffer, read-only or not."""
        data = bytes(codec.encode(["value"]))
        for kind in (bytes, bytearray, memoryview):
            assert codec.decode(kind(data)) == ["value"]

    def test_is_a_copy(self, codec: Codec) -> None:
        """What is decoded shares nothing with what was encoded."""
        value: dict[str, list[Any]] = {"a": [1]}
        before = deepcopy(value)
        data = bytes(codec.encode(value))
        value["a"].append(2)
        first = codec.decode(data)
        first["a"].append(3)
        assert codec.decode(data) == before

    def test_size_is_that_of_the_bytes(self, codec: Codec) -> None:
        """The size is known before the bytes are joined."""
        for value in self.values:
            encoded = codec.encode(value, "key")
            assert encoded.size == len(bytes(encoded))

    def test_names_what_it_cannot_store(self, codec: Codec) -> None:
        """The error gives the path to the culprit."""
        lock = threading.Lock()
        with pytest.raises(PersistableError) as error:
            codec.encode({"a": [0, lock]})
        assert "value['a'][1]" in str(error.value)
        assert repr(lock) in str(error.value)

    def test_refuses_what_is_too_deep(self, codec: Codec) -> None:
        """The stack doesn't overflow."""
        value: list[Any] = []
        for _ in range(100_000):
            value = [value]
        with pytest.raises(PersistableError):
            codec.encode(value)

    def test_refuses_truncated_data(self, codec: Codec) -> None:
        """A part of what was written is no value; the error says where."""
        data = bytes(codec.encode(["value", 1.5]))
        for size in range(len(data)):
            with pytest.raises(PersistableError, match="some file"):
                codec.decode(data[:size], source="some file")

    def test_keeps_values_in_files(self, codec: Codec, tmp_path: Path) -> None:
        """Files hold what was dumped last."""
        path = str(tmp_path / "file")
        with pytest.raises(FileNotFoundError):
            load_file(codec, path, "key")
        for value in self.values:
            dump_file(codec, value, path, "key")
            assert repr(load_file(codec, path, "key")) == repr(value)
        assert [p.name for p in tmp_path.iterdir()] == ["file"]

    def test_failed_dump_keeps_the_old_value(
        self, codec: Codec, tmp_path: Path
    ) -> None:
        """What can't be stored leaves the file as it was."""
        path = tmp_path / "file"
        dump_file(codec, "old", str(path))
        with pytest.raises(PersistableError):
            dump_file(codec, [threading.Lock()], str(path))
        assert load_file(codec, str(path)) == "old"
        assert list(tmp_path.iterdir()) == [path]

    def test_threads_share_it(self, codec: Codec) -> None:
        """One codec serves several threads at once."""

        def use(number: int) -> list[Any]:
            return [
                codec.decode(bytes(codec.encode([number, i], str(i))), str(i))
                for i in range(50)
            ]

        with ThreadPoolExecutor(8) as executor:
            found = list(executor.map(use, range(8)))
        assert found == [[[n, i] for i in range(50)] for n in range(8)]

    def test_binds_entries_to_keys(self, codec: Codec) -> None:
        """An entry is refused under another key than its own."""
        if not self.has_entries:
            pytest.skip("writes no entries")
        keys = ["", "a", "b", "a/../b", "\0", "é", "e\u0301", "\udc80", "x" * 10_000]
        entries = {key: bytes(codec.encode(len(key), key)) for key in keys}
        for key, data in entries.items():
            assert codec.decode(data, key) == len(key)
            # Where there are no keys to mistake, as in a work's own file.
            assert codec.decode(data) == len(key)
            for other in keys:
                if other != key:
                    with pytest.raises(UntrustedDataError, match="some file"):
                        codec.decode(data, other, source="some file")
        with pytest.raises(UntrustedDataError):
            codec.decode(bytes(codec.encode(1)), "")

    def test_tells_of_entries(self, codec: Codec) -> None:
        """Metadata can be read without decoding."""
        if not self.has_entries:
            pytest.skip("writes no entries")
        data = bytes(codec.encode({}, "key", fingerprint="f00", seconds=2))
        info = read_info(data)
        assert info.key == "key"
        assert info.type == "builtins.dict"
        assert info.fingerprint == "f00"
        assert info.seconds == 2
        assert info.size == len(data)
        assert info.created is not None
        assert info.created.tzinfo is not None

    def test_finds_each_flipped_bit(self, codec: Codec) -> None:
        """No damaged entry is read, with or without a key to check."""
        if not self.has_entries:
            pytest.skip("writes no entries")
        data = bytearray(bytes(codec.encode(["value"], "key")))
        for place in range(len(data)):
            for bit in range(8):
                data[place] ^= 1 << bit
                for key in ("key", None):
                    with pytest.raises(PersistableError, match="some file"):
                        codec.decode(data, key, source="some file")
                data[place] ^= 1 << bit
        assert codec.decode(data, "key") == ["value"]

    def test_verifies_files(self, codec: Codec, tmp_path: Path) -> None:
        """A file of an entry can be checked without decoding it."""
        path = tmp_path / "file"
        dump_file(codec, ["value"], str(path), "key")
        if not self.has_entries:
            with pytest.raises(PersistableError):
                verify_file(codec, str(path))
            return
        assert verify_file(codec, str(path), "key").type == "builtins.list"
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
        with pytest.raises(PersistableError, match="file"):
            verify_file(codec, str(path), "key")
