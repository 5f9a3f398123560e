"""Options that a class may set for its objects."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import dataclass, field, replace
from typing import Any

from zensols.multi.options import leave_to_class, not_given, take_from_class


@dataclass(init=False)
class Root:
    place: str
    size: int = field(default=1, kw_only=True)
    color: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        take_from_class(self)


leave_to_class(Root)


@dataclass
class Base(Root):
    pass


class Plain(Base):
    color = "red"


@dataclass
class More(Base):
    width: float
    size = 7


@dataclass
class Redefined(Base):
    size: int = field(default=9, kw_only=True)


def test_default_is_the_class_s() -> None:
    assert (Base("here").size, Base("here").color) == (1, None)
    assert (Plain("here").size, Plain("here").color) == (1, "red")
    assert (More("here", 2).size, More("here", 2).color) == (7, None)
    assert Redefined("here").size == 9


def test_what_is_given_beats_it() -> None:
    assert Plain("here", color=None).color is None
    assert More("here", 2, size=1).size == 1
    assert Redefined("here", size=1).size == 1


def test_class_may_change_later() -> None:
    class Later(Base):
        pass

    made = Later("here")
    Later.size = 5
    assert made.size == 5


def test_objects_are_dataclasses_all_the_same() -> None:
    made = More("here", 2)
    assert repr(made) == "More(place='here', size=7, color=None, width=2)"
    assert made == More("here", 2, size=7)
    assert made != More("here", 2, size=1)
    for other in (copy.copy(made), pickle.loads(pickle.dumps(made)), replace(made)):
        assert other == made


def test_signature_shows_the_default() -> None:
    parameters = inspect.signature(More.__init__).parameters
    assert str(parameters["color"]) == "color: 'str | None' = None"
    assert parameters["size"].kind is inspect.Parameter.KEYWORD_ONLY


def test_nothing_else_is_taken() -> None:
    class Thing:
        size = 1

    thing: Any = Thing()
    thing.size, thing.color = not_given(3), "red"
    take_from_class(thing)
    assert vars(thing) == {"color": "red"}
    assert thing.size == 1
