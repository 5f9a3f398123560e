from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import pytest
from shapes import Device, Drawing, Node

from zensols.persist.convert import exclude
from zensols.persist.convert.fields import converted_fields

T = TypeVar("T")


@dataclass
class Box(Generic[T]):
    item: T


@dataclass
class Derived(Device):
    more: list[int] = field(default_factory=list)


def test_excluded_fields_are_left_out() -> None:
    names = [f.name for f in converted_fields(Derived)]
    assert names == ["name", "speed", "more"]


def test_annotations_are_resolved() -> None:
    fields = {f.name: f for f in converted_fields(Node)}
    assert fields["children"].hint == list[Node]
    assert fields["name"].required
    assert not fields["children"].required
    assert [f.hint for f in converted_fields(Box)] == [Any]


def test_fields_that_the_constructor_does_not_take() -> None:
    assert [f.name for f in converted_fields(Drawing) if not f.init] == ["late"]


def test_metadata_can_not_be_changed() -> None:
    with pytest.raises(TypeError):
        exclude["x"] = True  # type: ignore[index]
