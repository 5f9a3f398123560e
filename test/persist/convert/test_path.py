from __future__ import annotations

import msgspec
import pytest
from shapes import Color

from zensols.persist.convert.path import at, conversion_error, path_text


def test_text() -> None:
    assert path_text(("a", at(1), at("b c"), "d")) == "a[1]['b c'].d"
    assert path_text((at(0), "x")) == "[0].x"


@pytest.mark.parametrize(
    ("data", "hint", "said"),
    [
        ([1, "a"], list[int], "top.x[1]: Expected `int`, got `str`"),
        ({"a": [1]}, dict[str, list[str]], "top.x[...][0]: Expected `str`, got `int`"),
        ("a", int, "top.x: Expected `int`, got `str`"),
        ({"green": 1}, dict[Color, int], "top.x: Invalid enum value 'green'"),
    ],
)
def test_errors_of_msgspec(data: object, hint: object, said: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(data, hint)
    text = str(conversion_error(("top", "x"), caught.value))
    assert text == f"Can't convert {said}"
