from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Optional, Union

import pytest
from shapes import Color, Metres, Point

from zensols.persist.convert.hints import container, members, needs_walk, plain_hint


@pytest.mark.parametrize(
    ("hint", "walked"),
    [
        (int, False),
        (list[dict[str, tuple[Color, ...]]], False),
        (Any, False),
        (Literal["a"], False),
        (Annotated[int, []], False),
        (Annotated[Point, []], True),
        (list[list[Point]], True),
        (dict[str, int | None], True),
        (tuple[int, Point], True),
        (Mapping[str, Sequence[Point]], True),
        (Optional[int], True),  # noqa: UP045  as many write it
    ],
)  # fmt: skip
def test_walk(hint: Any, walked: bool) -> None:
    assert needs_walk(hint) is walked


@pytest.mark.parametrize(
    ("hint", "held"),
    [
        (list, (list, (Any,))),
        (Sequence[int], (list, (int,))),
        (frozenset[int], (frozenset, (int,))),
        (dict, (dict, (Any, Any))),
        (tuple, (tuple, (Any, ...))),
        (tuple[()], (tuple, ())),
        (tuple[int, ...], (tuple, (int, ...))),
        (str, None),
        (int | str, None),
    ],
)
def test_container(hint: Any, held: Any) -> None:
    assert container(hint) == held


def test_plain() -> None:
    assert plain_hint(Annotated[Metres, 1]) is float
    assert members(Union[int, str]) == members(int | str) == (int, str)  # noqa: UP007
    assert members(int) is None
