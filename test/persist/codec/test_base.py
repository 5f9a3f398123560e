from __future__ import annotations

import pytest

from zensols.persist.codec import (
    BarePickleCodec,
    Codec,
    CompressedCodec,
    JsonCodec,
    SignedPickleCodec,
)

CODECS = (BarePickleCodec, CompressedCodec, JsonCodec, SignedPickleCodec)


def test_is_abstract() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Codec()  # type: ignore[abstract]


def test_needs_both_directions() -> None:
    class WriteOnly(Codec):
        encode = JsonCodec.encode

    with pytest.raises(TypeError, match="decode"):
        WriteOnly()  # type: ignore[abstract]


def test_codecs_have_names_of_their_own() -> None:
    assert all(issubclass(codec, Codec) for codec in CODECS)
    assert len({codec.name for codec in CODECS}) == len(CODECS)
