from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from zensols.persist.codec.arrays import array_tag
from zensols.persist.codec.tagged import Tagger
from zensols.persist.error import CorruptDataError, PersistableError

TYPES = (
    hnp.scalar_dtypes()
    | hnp.unicode_string_dtypes()
    | hnp.byte_string_dtypes()
    | hnp.array_dtypes()
)


def round_trip(value: Any) -> Any:
    found = Tagger().decode(Tagger().encode({"a": [value]}))["a"][0]
    assert type(found) is type(value)
    return found


@given(hnp.arrays(TYPES, hnp.array_shapes(min_dims=0, min_side=0, max_side=4)))
def test_arrays(array: Any) -> None:
    found = round_trip(array)
    assert found.dtype == array.dtype
    assert found.shape == array.shape
    assert found.tobytes() == array.tobytes()
    assert found.flags.writeable


@given(st.data())
def test_scalars(data: Any) -> None:
    kind = data.draw(hnp.scalar_dtypes())
    value = data.draw(hnp.arrays(kind, ()))[()]
    found = round_trip(value)
    assert found.dtype == value.dtype
    assert found.tobytes() == value.tobytes()


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6).reshape(2, 3).T,
        np.arange(10)[::3],
        np.asfortranarray(np.ones((2, 3))),
        np.array([1, 2], ">u2"),
        np.array(["é", ""]),
        np.array([b"ab", b""]),
        np.array(["2024-01-02", "NaT"], "datetime64[s]"),
        np.array([(1, [2.5, 3.5])], [("a", "<i4"), ("b", "<f8", (2,))]),
        np.zeros(2, np.dtype([("a", "i1"), ("b", "f8")], align=True)),
        np.zeros((0, 3)),
        np.array(1.5),
    ],
)
def test_layouts(array: Any) -> None:
    found = round_trip(array)
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize(
    "value",
    [
        np.float64("nan"),
        np.float32(1.5),
        np.int8(-1),
        np.bool_(True),
        np.str_("é"),
        np.str_(""),
        np.bytes_(b"a"),
        np.datetime64("2024-01-02T03:04"),
        np.complex64(1 + 2j),
    ],
    ids=lambda value: type(value).__name__,
)
def test_kinds_of_scalars(value: Any) -> None:
    assert repr(round_trip(value)) == repr(value)


def test_scalars_as_keys() -> None:
    found = Tagger().decode(Tagger().encode({np.int64(5): 1}))
    assert [type(key) for key in found] == [np.int64]


def test_json_is_readable() -> None:
    assert Tagger().to_plain([np.array([[1, 2]], "<i2"), np.float32(0)]) == [
        {"$ndarray": ["<i2", [1, 2], "AQACAA=="]},
        {"$npscalar": ["<f4", "AAAAAA=="]},
    ]


class Meters(np.float64):
    pass


@pytest.mark.parametrize(
    "value",
    [
        np.array([1, "a", None], object),
        np.zeros(1, [("a", "O")]),
        np.array(["a"], np.dtypes.StringDType()),
    ],
)
def test_elements_that_are_more_than_bytes(value: Any) -> None:
    with pytest.raises(PersistableError, match=r"value\['a'\].*more than bytes"):
        Tagger().encode({"a": value})


@pytest.mark.parametrize(
    "value",
    [np.ma.masked_array([1], [True]), np.rec.array([(1,)], [("a", "i4")]), Meters(1)],
)
def test_subclasses_are_not_taken_for_their_bases(value: Any) -> None:
    with pytest.raises(PersistableError, match=r"value\[0\]"):
        Tagger().encode([value])


@pytest.mark.parametrize(
    "data",
    [
        ["<f8", [2], "AAAA"],
        ["|u1", [2], "AAAA"],
        ["<f8", [-1, -1], "AAAAAAAAAAA="],
        ["<f8", ["1"], "AAAAAAAAAAA="],
        ["<f8", [1] * 100, "AAAAAAAAAAA="],
        ["O", [1], "AAAAAAAAAAA="],
        ["|O", [1], "AAAAAAAAAAA="],
        ["T", [0], ""],
        ["nonsense", [1], "AA=="],
        [5, [1], "AA=="],
        ["<f8", [1], "?"],
        ["<f8", [1]],
        {},
    ],
)
def test_wrong_data(data: Any) -> None:
    with pytest.raises(CorruptDataError, match="here"):
        Tagger().from_plain([{"$ndarray": data}], "here")


@given(
    st.recursive(
        st.none() | st.integers() | st.text() | st.sampled_from(["<f8", "|u1", ""]),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3)
        ),
    )
)
def test_wrong_data_is_an_error_or_a_value(data: Any) -> None:
    for name, kind in (("$ndarray", np.ndarray), ("$npscalar", np.generic)):
        try:
            found = Tagger().from_plain({name: data}, "here")
        except PersistableError:
            continue
        assert isinstance(found, kind)


def test_other_types_are_not_numpys() -> None:
    assert array_tag(int) is None
    assert array_tag(np.dtype) is None


def test_without_numpy(run_python: Callable[..., str]) -> None:
    found = run_python(
        """
import sys
sys.modules["numpy"] = None
from zensols.persist.codec.tagged import Tagger
assert Tagger().decode(Tagger().encode([(1,)])) == [(1,)]
try:
    Tagger().decode(b'{"$ndarray":["<i2",[1],"AQA="]}', "here")
except Exception as error:
    print(type(error).__name__, error)
"""
    )
    assert found.startswith("PersistableError")
    assert "install the package numpy" in found
