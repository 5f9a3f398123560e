"""Codecs turn objects into bytes and back: signed pickles by default, JSON
where no code should ever run, bare pickles for exchange, and compression around
any of them.

"""

from __future__ import annotations

from .bare import BarePickleCodec
from .base import Codec
from .compress import CompressedCodec, inner_codec
from .encoded import Encoded
from .entrycodec import EntryCodec
from .file import dump_file, file_info, load_file
from .info import EntryInfo, read_info
from .json import JsonCodec
from .key import SigningKey
from .payload import same_payload
from .raw import RawCodec
from .signed import SignedPickleCodec, default_codec
from .verify import strict, verify_entry, verify_file

__all__ = [
    "BarePickleCodec",
    "Codec",
    "CompressedCodec",
    "Encoded",
    "EntryCodec",
    "EntryInfo",
    "JsonCodec",
    "RawCodec",
    "SignedPickleCodec",
    "SigningKey",
    "default_codec",
    "dump_file",
    "file_info",
    "inner_codec",
    "load_file",
    "read_info",
    "same_payload",
    "strict",
    "verify_entry",
    "verify_file",
]
