"""How applications and states are called in messages."""

from __future__ import annotations

import pytest

from zensols.persist.state.wording import name_of, numbers_of


def test_application() -> None:
    assert name_of(None, "chat") == "application 'chat'"
    assert name_of("", "chat") == "application 'chat' in partition ''"


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([], "no states"),
        ([4], "states 4"),
        ([2, 1, 2], "states 1 to 2"),
        ([5, 1, 2, 3, 9], "states 1 to 3, 5, 9"),
    ],
)
def test_numbers(numbers: list[int], text: str) -> None:
    assert numbers_of(numbers) == text
