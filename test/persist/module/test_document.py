from __future__ import annotations

import os
from collections import Counter
from enum import IntEnum
from math import nan
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zensols.persist.error import CorruptDataError, PersistableError
from zensols.persist.module import document

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(max_examples=30)
@given(st.dictionaries(st.text(), VALUES))
def test_data_comes_back(data: dict[str, Any]) -> None:
    encoded = document.encode(data, "it")
    assert document.decode(encoded, "it") == data
    assert document.encode(data, "it") == encoded


class Level(IntEnum):
    HIGH = 2


class Pair(NamedTuple):
    a: int
    b: Level


def test_whatever_json_takes_is_stored() -> None:
    data = {"pair": Pair(1, Level.HIGH), "counts": Counter("aab"), Level.HIGH: nan}
    back = document.decode(document.encode(data, "it"), "it")
    assert back.pop("2") != 1
    assert back == {"pair": [1, 2], "counts": {"a": 2, "b": 1}}


def test_people_can_read_it() -> None:
    text = document.encode({"name": "Zoë", "size": [1, 2]}, "it").decode()
    assert text == '{\n  "name": "Zoë",\n  "size": [\n    1,\n    2\n  ]\n}\n'


@pytest.mark.parametrize("text", [b"", b"{", b"[1]", b"\x00" * 10, b'{"a": }', b"null"])
def test_damaged_data_is_told(text: bytes) -> None:
    with pytest.raises(CorruptDataError, match="the file"):
        document.decode(text, "the file")


def test_no_file(tmp_path: Path) -> None:
    assert document.find(str(tmp_path / "a.json")) == document.Found(None)


def test_last_good_file_is_used(tmp_path: Path) -> None:
    path = str(tmp_path / "folder" / "a.json")
    for number in range(3):
        data = document.encode({"number": number}, "it")
        document.replace(path, data, usable=True)
    assert sorted(os.listdir(tmp_path / "folder")) == ["a.json", "a.json.bak"]
    assert document.find(path).data == {"number": 2}
    Path(path).write_bytes(b'{"number": ')
    found = document.find(path)
    assert found.data == {"number": 1}
    assert isinstance(found.problem, CorruptDataError)
    assert path in str(found.problem)
    Path(path + ".bak").write_bytes(b"")
    found = document.find(path)
    assert found.data is None
    assert path in str(found.problem)


@pytest.mark.parametrize("usable", [True, False])
def test_corrupt_file_does_not_become_the_last_good_one(
    tmp_path: Path, usable: bool
) -> None:
    path = tmp_path / "a.json"
    for number in range(2):
        data = document.encode({"number": number}, "it")
        document.replace(str(path), data, usable=True)
    path.write_bytes(b"damaged")
    document.replace(str(path), document.encode({"number": 2}, "it"), usable=usable)
    assert document.find(str(path)).data == {"number": 2}
    assert b'"number": 0' in (tmp_path / "a.json.bak").read_bytes()
    assert (tmp_path / "a.json.rejected").read_bytes() == b"damaged"


def test_same_data_leaves_the_last_good_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for number in (0, 1, 1):
        data = document.encode({"number": number}, "it")
        document.replace(str(path), data, usable=True)
    assert b'"number": 0' in (tmp_path / "a.json.bak").read_bytes()


def test_file_system_without_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_: object) -> None:
        raise OSError("not here")

    monkeypatch.setattr(os, "link", link)
    path = tmp_path / "a.json"
    for number in range(2):
        path.write_bytes(b"damaged %d" % number)
        document.replace(str(path), b"{}\n", usable=True)
    assert (tmp_path / "a.json.rejected").read_bytes() == b"damaged 0"
    assert (tmp_path / "a.json.rejected2").read_bytes() == b"damaged 1"


def test_leftovers_of_the_killed_are_removed(tmp_path: Path) -> None:
    dead = tmp_path / "%!00c0ffee-12-0.tmp"
    dead.write_bytes(b"half")
    os.utime(dead, (0, 0))
    document.replace(str(tmp_path / "a.json"), b"{}", usable=True)
    assert not dead.exists()


def test_folder_in_place_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.mkdir()
    found = document.find(str(path))
    assert found.data is None
    assert isinstance(found.problem, PersistableError)
    assert str(path) in str(found.problem)
