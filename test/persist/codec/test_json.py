from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from pydantic import BaseModel

from zensols.persist.codec import (
    Codec,
    JsonCodec,
    SignedPickleCodec,
    dump_file,
    load_file,
    read_info,
)
from zensols.persist.codec.entry import Header
from zensols.persist.error import ClassNotFoundError, CorruptDataError, PersistableError
from zensols.persist.testing import CodecContract


class Color(Enum):
    RED = "r"


@dataclass
class Point:
    x: int
    color: Color = Color.RED


class Segment(msgspec.Struct):
    points: tuple[Point, ...]


class Model(BaseModel):
    segment: Any = None


class TestJson(CodecContract):
    @pytest.fixture
    def codec(self) -> Codec:
        return JsonCodec()


class TestJsonWithTypes(CodecContract):
    values = (
        *CodecContract.values,
        Point(1),
        {Color.RED: [Point(2)]},
        Segment((Point(1), Point(2))),
        Model(segment=Segment(())),
        np.array([[1, 2], [3, 4]]),
        np.float32(1.5),
    )

    @pytest.fixture
    def codec(self) -> Codec:
        return JsonCodec(types=(Point, Color, Segment, Model))


def body(codec: JsonCodec, value: Any) -> bytes:
    data = bytes(codec.encode(value, "key"))
    header = Header(data, len(data), "")
    header.open(data)
    return bytes(header.data[header.body : header.end])


def test_plain_data_is_plain_json() -> None:
    value = {"name": "é", "sizes": [1, 2.5, -3, None, True], "empty": [{}, []]}
    assert json.loads(body(JsonCodec(), value)) == value
    assert body(JsonCodec(), value).startswith('{"name":"é","sizes":[1,2.5,'.encode())


def test_needs_no_key(config: Path, tmp_path: Path) -> None:
    path = str(tmp_path / "entry")
    dump_file(JsonCodec(), [1], path, "key")
    assert load_file(JsonCodec(), path, "key") == [1]
    assert not read_info(Path(path).read_bytes()).signed
    assert not config.exists()


def test_never_unpickles(bomb: Any, codec: SignedPickleCodec, tmp_path: Path) -> None:
    path = tmp_path / "entry"
    for data in (bytes(codec.encode(bomb)), pickle.dumps(bomb)):
        path.write_bytes(data)
        with pytest.raises(PersistableError, match="entry"):
            load_file(JsonCodec(), str(path))


def test_no_class_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the data says."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "hostile_module.py").write_text("raise SystemExit")
    plain = b'{"$object":["hostile_module.Class",{}]}'
    data = bytes(JsonCodec().enclose(plain, (), 0, b"{}", None))
    with pytest.raises(ClassNotFoundError, match="not registered") as error:
        JsonCodec().decode(data, source="here")
    assert "'hostile_module.Class' in here" in str(error.value)


def test_path_and_remedy() -> None:
    value = {"a": [0, 1, 2, Point(Color.RED)]}  # type: ignore[arg-type]
    with pytest.raises(PersistableError) as error:
        JsonCodec().encode(value)
    assert "value['a'][3] as JSON: Point(" in str(error.value)
    assert "types=(Point,)" in str(error.value)
    with pytest.raises(PersistableError) as error:
        JsonCodec(types=(Point,)).encode(value)
    assert "value['a'][3].x as JSON: <Color.RED: 'r'>" in str(error.value)
    assert "types=(Color,)" in str(error.value)
    value["a"][3].x = object()  # type: ignore[attr-defined]
    with pytest.raises(PersistableError) as error:
        JsonCodec(types=(Point, Color)).encode(value)
    assert "value['a'][3].x as JSON: <object object" in str(error.value)


def test_readers_may_know_more_types() -> None:
    data = bytes(JsonCodec(types=(Point, Color)).encode([Point(5)]))
    with pytest.raises(ClassNotFoundError, match="types="):
        JsonCodec(types=(Color,)).decode(data)
    assert JsonCodec(types=(Color, Point)).decode(data) == [Point(5)]


def test_damaged_json() -> None:
    data = bytes(JsonCodec().enclose(b'{"a":', (), 0, b"{}", None))
    with pytest.raises(CorruptDataError, match="here"):
        JsonCodec().decode(data, source="here")


@pytest.mark.parametrize("bomb", [b"[" * 100_000, b'{"a":' * 100_000])
def test_depth_bombs(bomb: bytes) -> None:
    data = bytes(JsonCodec().enclose(bomb, (), 0, b"{}", None))
    with pytest.raises(PersistableError, match="here is nested too deeply"):
        JsonCodec().decode(data, source="here")


def test_travels_with_its_types() -> None:
    codec = pickle.loads(pickle.dumps(JsonCodec(types=(Point, Color))))
    assert codec.types == (Point, Color)
    assert codec.decode(bytes(codec.encode(Point(1)))) == Point(1)
    assert "Point" in repr(codec)


def test_imports_nothing_before_it_is_used(run_python: Callable[..., str]) -> None:
    found = run_python(
        """
import sys
import zensols.persist.codec
names = {"msgspec", "decimal", "zoneinfo", "uuid", "dill", "numpy", "pydantic"}
print(sorted(names & set(sys.modules)))
"""
    )
    assert found == "[]"


def test_reads_what_was_stored_before() -> None:
    """As an earlier release wrote it."""
    plain = (
        b'{"set":{"$set":[3,1,2]},"point":{"$object":["%b",{"x":1,"color":{"$object":'
        b'["%b","RED"]}}]}}'
    ) % (
        f"{Point.__module__}.Point".encode(),
        f"{Color.__module__}.Color".encode(),
    )
    data = bytes(JsonCodec().enclose(plain, (), 0, b"{}", None))
    found = JsonCodec((Point, Color)).decode(data)
    assert found == {"set": {1, 2, 3}, "point": Point(1)}
