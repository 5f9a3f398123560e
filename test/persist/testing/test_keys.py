from __future__ import annotations

import unicodedata
from collections import Counter

import pytest
from hypothesis import Phase, find, given, settings

from zensols.persist.testing import HOSTILE_KEYS
from zensols.persist.testing.keys import keys

EVERY_KEY = {key for group in HOSTILE_KEYS.values() for key in group}


@pytest.mark.parametrize("group", HOSTILE_KEYS)
def test_keys_of_a_group_are_different(group: str) -> None:
    assert max(Counter(HOSTILE_KEYS[group]).values()) == 1


def test_what_was_promised_is_there() -> None:
    assert "" in EVERY_KEY
    assert max(map(len, EVERY_KEY)) == 10_000
    assert {"/", "..", "/etc/passwd", "\x00", "CON", "%"} <= EVERY_KEY
    assert any(ord(character) > 0xFFFF for key in EVERY_KEY for character in key)
    assert len({key.casefold() for key in HOSTILE_KEYS["case"]}) < len(
        HOSTILE_KEYS["case"]
    )
    twins = HOSTILE_KEYS["normalization"]
    for form in "NFC", "NFD":
        assert len({unicodedata.normalize(form, key) for key in twins}) < len(twins)


@given(keys())
def test_strategy_is_of_strings(key: str) -> None:
    assert isinstance(key, str)


def test_strategy_finds_hostile_and_other_keys() -> None:
    # To look for the simplest of them may take minutes.
    first = settings(phases=[Phase.generate], max_examples=10_000)
    for wanted in (
        lambda key: key in HOSTILE_KEYS["quotes"],
        lambda key: len(key) == 10_000,
        lambda key: len(key) > 1 and key not in EVERY_KEY,
    ):
        assert find(keys(), wanted, settings=first)
