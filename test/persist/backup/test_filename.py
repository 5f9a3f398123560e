from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.backup.filename import BackupName, file_name, parse_name
from zensols.persist.files import DIGESTED

STAMP = "20251115_161118"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def test_names_are_those_of_the_guide() -> None:
    assert file_name("named_cache", "users", STAMP, 1) == f"cache_users_{STAMP}.json"
    assert file_name("expiring_store", "s", STAMP, 1) == f"cache_s_{STAMP}.json"
    assert file_name("default_store", "x", STAMP, 1) == f"default_store_{STAMP}.json"


@given(TEXT, st.integers(1, 999_999))
def test_name_is_safe_and_tells_the_cache(name: str, number: int) -> None:
    file = file_name("named_cache", name, STAMP, number)
    assert "/" not in file
    assert len(file.encode()) <= 255
    assert not file.startswith(".")
    told = parse_name(file)
    assert told is not None
    assert told[1:] == (STAMP, number)
    assert told.cache_name in (name, DIGESTED)
    assert told.cache_name == name or len(name.encode()) > 60


@given(TEXT, TEXT)
def test_two_caches_have_two_names(one: str, other: str) -> None:
    names = {file_name("named_cache", name, STAMP, 1) for name in (one, other)}
    assert len(names) == len({one, other})


@pytest.mark.parametrize(
    "name",
    [
        "a_b",
        f"a_{STAMP}",
        f"a_{STAMP}_2",
        "20251115",
        "..",
        "../../x",
        "a/b",
        "é",
        "%2F",
    ],
)
@pytest.mark.parametrize("number", [1, 2])
def test_hostile_names(name: str, number: int) -> None:
    file = file_name("named_cache", name, STAMP, number)
    assert re.fullmatch(r"cache_[^/]+\.json", file)
    assert parse_name(file) == BackupName(name, STAMP, number)


def test_default_store() -> None:
    assert parse_name(f"default_store_{STAMP}_3.json") == ("default", STAMP, 3)


@pytest.mark.parametrize(
    "file",
    [
        "README.md",
        "cache_users.json",
        f"cache_users_{STAMP}.json.bak",
        f"cache__{STAMP}",
        f"%!0000cafe-1-1.tmp{STAMP}",
        f"cache_%2f_{STAMP}.json",
        ".status",
    ],
)
def test_other_files_are_none(file: str) -> None:
    assert parse_name(file) is None
