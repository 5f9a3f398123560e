"""The contract finds the faults that it is there for."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, ClassVar

import pytest

from zensols.persist.codec import Codec, JsonCodec, SignedPickleCodec
from zensols.persist.codec.encoded import Encoded
from zensols.persist.codec.pickling import dumps_whole, loads_whole
from zensols.persist.testing import CodecContract

KEY = "42" * 32


class TestJson(CodecContract):
    @pytest.fixture
    def codec(self) -> Codec:
        return JsonCodec()


class Inverted(Codec):
    """A user's codec, which doesn't write entries."""

    name: ClassVar[str] = "inverted"
    _inverse: ClassVar[bytes] = bytes(range(255, -1, -1))

    def encode(self, value: Any, key: str | None = None, **_: Any) -> Encoded:
        return Encoded(dumps_whole(value).translate(self._inverse))

    def decode(
        self, data: Any, key: str | None = None, *, source: str = "the data"
    ) -> Any:
        return loads_whole(bytes(data).translate(self._inverse), source)


class TestOwnCodec(CodecContract):
    has_entries = False

    @pytest.fixture
    def codec(self) -> Codec:
        return Inverted()


class Faulty(SignedPickleCodec):
    def __init__(self) -> None:
        super().__init__(KEY)


class Careless(Faulty):
    """Doesn't check anything."""

    def check(self, header: Any, key: str | None) -> None:
        pass


class Forgetful(Faulty):
    """Takes None for nothing."""

    def unpack(self, *args: Any) -> Any:
        return super().unpack(*args) or ""


class Raw(Faulty):
    """Lets errors of pickle out."""

    def pack(self, value: Any) -> Any:
        return pickle.dumps(value), (), 0


class Lazy(Faulty):
    """Remembers what it saw."""

    _seen: ClassVar[dict[bytes, Any]] = {}

    def unpack(self, body: Any, *args: Any) -> Any:
        return self._seen.setdefault(bytes(body), super().unpack(body, *args))


@pytest.mark.parametrize(
    ("codec", "test"),
    [
        (Careless, "binds_entries_to_keys"),
        (Careless, "finds_each_flipped_bit"),
        (Forgetful, "values_come_back"),
        (Raw, "names_what_it_cannot_store"),
        (Raw, "refuses_what_is_too_deep"),
        (Lazy, "is_a_copy"),
    ],
)
def test_finds_faults(codec: type[Faulty], test: str) -> None:
    run = getattr(CodecContract(), f"test_{test}")
    run(SignedPickleCodec(KEY))
    with pytest.raises((Exception, pytest.fail.Exception)):
        run(codec())


def test_finds_lost_files(tmp_path: Path) -> None:
    class Unstable(Faulty):
        def pack(self, value: Any) -> Any:
            return super().pack("old" if type(value) is list else value)

    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        CodecContract().test_failed_dump_keeps_the_old_value(Unstable(), tmp_path)


def test_needs_a_fixture() -> None:
    with pytest.raises(NotImplementedError, match="CodecContract"):
        CodecContract.codec.__wrapped__(CodecContract())  # type: ignore[attr-defined]
