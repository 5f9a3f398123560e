from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.codec import (
    Codec,
    EntryCodec,
    JsonCodec,
    SignedPickleCodec,
    read_info,
)
from zensols.persist.codec import entry as e
from zensols.persist.codec.entry import Header
from zensols.persist.error import (
    CorruptDataError,
    PersistableError,
    UntrustedDataError,
)
from zensols.persist.testing import CodecContract


class TextCodec(EntryCodec):
    """A codec of entries in a few lines, whose last character is a buffer."""

    name: ClassVar[str] = "text"
    codec_id: ClassVar[int] = 200

    def pack(self, value: Any) -> tuple[bytes, Sequence[memoryview], int]:
        if not isinstance(value, str):
            raise PersistableError(f"Can't store value['a'][1]: {type(value)}")
        data = value.encode()
        return data[:-1], [memoryview(bytearray(data[-1:]))], 0

    def unpack(
        self, body: memoryview, buffers: Sequence[memoryview], flags: int, source: str
    ) -> Any:
        return b"".join((body, *buffers)).decode()


def test_own_codec() -> None:
    data = bytes(TextCodec().encode("text", "key", fingerprint="f"))
    assert TextCodec().decode(data, "key") == "text"
    assert read_info(data).codec == "200"
    with pytest.raises(UntrustedDataError, match="number 200"):
        JsonCodec().decode(data)


def test_buffers_are_copied_out() -> None:
    data = bytearray(bytes(TextCodec().encode("text")))
    kept: list[memoryview] = []

    class Keeping(TextCodec):
        def unpack(self, body: Any, buffers: Any, flags: int, source: str) -> Any:
            kept.extend(buffers)

    Keeping().decode(data)
    data[:] = bytes(len(data))
    assert kept == [b"t"]
    assert not kept[0].readonly


def test_damaged_buffer() -> None:
    data = bytearray(bytes(TextCodec().encode("text")))
    data[-1] ^= 1
    with pytest.raises(CorruptDataError, match="buffer 0 of here"):
        TextCodec().decode(data, source="here")


def test_every_bit_of_the_front_is_covered() -> None:
    data = bytearray(bytes(TextCodec().encode("text", "key")))
    header = Header(data, len(data), "here")
    assert header.rows == 1
    for place in range(header.end):
        for bit in range(8):
            data[place] ^= 1 << bit
            with pytest.raises(PersistableError, match="here"):
                TextCodec().decode(data, source="here")
            data[place] ^= 1 << bit


@pytest.mark.parametrize("size", [0, 1, (1 << 16) - 1, 1 << 16, (1 << 16) + 1, 1 << 20])
def test_bodies_of_any_size(size: int) -> None:
    codec = JsonCodec()
    encoded = codec.encode("x" * size, "key")
    assert len(encoded.parts) == (2 if size + 2 > 1 << 16 else 1)
    assert codec.decode(bytes(encoded), "key") == "x" * size


def test_wrong_place() -> None:
    codec = JsonCodec()
    for key, found in (("a", "key 'a'"), (None, "no key")):
        data = bytes(codec.encode(1, key))
        with pytest.raises(UntrustedDataError) as error:
            codec.decode(data, "b", source="here")
        assert f"here was written for {found}, not for 'b'" in str(error.value)
        assert "move it back" in str(error.value)


def test_prefix_is_another_key() -> None:
    data = bytes(JsonCodec().encode(1, "ab"))
    for key in ("a", "abc", ""):
        with pytest.raises(UntrustedDataError):
            JsonCodec().decode(data, key)


def test_key_and_metadata_do_not_run_together() -> None:
    """The tag covers the lengths too."""
    meta = b'{"created":0.0}'
    data = bytearray(bytes(JsonCodec().enclose(b"1", (), 0, meta, 'a{"')))
    data[12:16] = (1).to_bytes(4, "little")
    data[16:20] = (len(meta) + 2).to_bytes(4, "little")
    with pytest.raises(CorruptDataError):
        JsonCodec().decode(data, "a")


def test_unsigned_entry_is_no_signed_one(codec: SignedPickleCodec, bomb: Any) -> None:
    body, _, flags = codec.pack(bomb)

    class Unsigned(JsonCodec):
        codec_id: ClassVar[int] = codec.codec_id

    for trust in ("signed", "any"):
        reader = SignedPickleCodec("42" * 32, trust=trust)
        data = bytes(Unsigned().enclose(body, (), flags, b"{}", None))
        with pytest.raises(UntrustedDataError, match="an unsigned entry"):
            reader.decode(data)


def test_other_codec(codec: SignedPickleCodec) -> None:
    with pytest.raises(UntrustedDataError, match="'pickle', which codec 'json'"):
        JsonCodec().decode(bytes(codec.encode(1)))
    with pytest.raises(UntrustedDataError, match="'json', which codec 'pickle'"):
        codec.decode(bytes(JsonCodec().encode(1)))


def test_unknown_compression() -> None:
    data = bytes(JsonCodec().enclose(b"1", (), 0, b"{}", None, 9))
    with pytest.raises(PersistableError, match="compression number 9 in here"):
        JsonCodec().decode(data, source="here")


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.none() | st.text())
def test_any_text(text: str, key: str | None) -> None:
    data = bytes(TextCodec().encode(text, key))
    assert TextCodec().decode(data, key) == text
    assert len(data) % e.ALIGNMENT == 1


class TestTextCodec(CodecContract):
    """Without what this codec can't store."""

    values = ("a", "é", "x" * 100_000)

    @pytest.fixture
    def codec(self) -> Codec:
        class ListCodec(TextCodec):
            def pack(self, value: Any) -> Any:
                return JsonCodec().pack(value)

            def unpack(self, body: Any, buffers: Any, flags: int, source: str) -> Any:
                return JsonCodec().unpack(body, buffers, flags, source)

        return ListCodec()
