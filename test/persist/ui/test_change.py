from __future__ import annotations

from zensols.persist.state.diff import find_differences
from zensols.persist.ui.change import Change, changes_of


def test_changes() -> None:
    before = {"a": 1, "b": [1], "c": "<b>"}
    after = {"a": 2, "b": [1, {"x": None}], "d": "\x1b"}
    assert [str(change) for change in changes_of(find_differences(before, after))] == [
        "~ a: 1 → 2",
        "+ b[1]: {'x': None}",
        "− c: “<b>”",
        r"+ d: “\x1b”",
    ]


def test_path_is_printable() -> None:
    [change] = changes_of(find_differences({}, {"\u202e\n": 1}))
    assert change.text.isprintable()
    assert isinstance(change, Change)
