from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zensols.persist.error import PersistableError
from zensols.persist.files import DIGESTED, FileNames, file_pattern, is_temporary

PATTERNS = [
    "{name}.dat",
    "{name}",
    "data-{name}",
    "a{name}",
    "x-{name}é",
    "{name}%41.d",
]

HOSTILE = [
    "",
    ".",
    "..",
    "...",
    "../a",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "\0",
    "a\nb",
    "\x7f",
    "\x85",
    "\ud800",
    "\ud83d\ude00",
    "😀",
    "%",
    "%%",
    "%2F",
    "%2f",
    "%%2F",
    "%25",
    "%~",
    "%!a",
    "!a",
    "~",
    "%" * 300,
    "con",
    "CON.txt",
    "Aux ",
    "aux .x",
    "nul.",
    "com1",
    "LPT9.a.b",
    "COM¹",
    "conin$",
    "a.",
    "a ",
    " ",
    "é",
    "e\u0301",
    "\u0301",
    "\u212b",
    "Å",
    "Abc",
    "abc",
    "ABC",
    "ς",
    "\N{GREEK SMALL LETTER SIGMA}",
    "ß",
    "ss",
    "İ",
    "\N{LATIN SMALL LETTER DOTLESS I}",
    "Ϊ\u0300",
    "x" * 251,
    "x" * 252,
    "é" * 126,
    "x" * 10_000,
    "X" * 200,
]

text = st.one_of(
    st.text(st.characters(exclude_categories=())),
    st.text("%~!2F5aAfeE./\\ \0é\u0301\u0338\ud800ÀΩΪ"),
    st.sampled_from(HOSTILE),
    st.sampled_from(HOSTILE).map(str.swapcase),
    st.text("%/é", min_size=40, max_size=300),
)
patterns = st.sampled_from(PATTERNS)


def file_names(pattern: str, folds: bool) -> FileNames:
    return FileNames(pattern, lambda: folds)


def fail() -> bool:
    raise AssertionError


@pytest.fixture
def names() -> FileNames:
    return file_names("{name}.dat", folds=False)


@pytest.mark.parametrize(
    "key",
    [
        "a",
        "Abc",
        "0",
        "a b",
        " a ",
        "2024-01-01T12:00:00",
        "a.b.c",
        ".hidden",
        "...",
        "a~!@#$^&()[]{}+=,;'`",
        "100%",
        "%",
        "%zz",
        "naïve",
        "日本語",
        "😀",
        "ﬁ",
        "console",
        "con1",
        "com0",
        "a" * 251,
        "é" * 125,
    ],
)
@pytest.mark.parametrize("pattern", ["{name}.dat", "data-{name}.x", "{{{name}}}.y"])
def test_ordinary_keys_keep_the_plain_name(key: str, pattern: str) -> None:
    names = file_names(pattern, folds=False)
    name = pattern.format(name=key)
    if len(name.encode()) <= 255:
        assert names.to_name(key) == name
        assert names.to_key(name) == key
    else:
        assert names.to_key(names.to_name(key)) is DIGESTED


@pytest.mark.skipif(os.name == "nt", reason="they are escaped on Windows")
def test_characters_refused_by_windows_only_are_plain(names: FileNames) -> None:
    assert names.to_name('<>:"|?*') == '<>:"|?*.dat'


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("", "%~.dat"),
        (".", "%2E.dat"),
        ("..", "%2E..dat"),
        ("../a", "..%2Fa.dat"),
        ("a\\b", "a%5Cb.dat"),
        ("a\0\n\x7f\x85", "a%00%0A%7F%C2%85.dat"),
        ("%2F", "%252F.dat"),
        ("%2f", "%252f.dat"),
        ("%~", "%25~.dat"),
        ("%!", "%25!.dat"),
        ("%%41", "%%2541.dat"),
        ("\ud800", "%ED%A0%80.dat"),
        ("xe\u0301é", "xe%CC%81%C3%A9.dat"),
        ("con", "%63on.dat"),
        ("Nul.x", "%4Eul.x.dat"),
        ("COM¹", "%43OM¹.dat"),
        ("conout$ ", "%63onout$ .dat"),
    ],
)
def test_other_keys_are_escaped(key: str, name: str, names: FileNames) -> None:
    assert names.to_name(key) == name
    assert names.to_key(name) == key


def test_ends_are_escaped_without_a_suffix() -> None:
    names = file_names("{name}", folds=False)
    assert names.to_name("a.") == "a%2E"
    assert names.to_name("a..") == "a.%2E"
    assert names.to_name("a ") == "a%20"
    assert names.to_name("a.b c") == "a.b c"


def test_devices_need_no_escape_behind_a_prefix() -> None:
    assert file_names("x-{name}.dat", folds=False).to_name("con") == "x-con.dat"


def test_devices_are_recognized_by_the_whole_name() -> None:
    names = file_names("{name}n.dat", folds=False)
    assert names.to_name("co") == "%63on.dat"
    assert names.to_key("con.dat") is None
    assert names.to_name("con") == "conn.dat"


def test_letters_are_escaped_where_case_is_folded() -> None:
    names = file_names("{name}.dat", folds=True)
    assert names.to_name("aBc") == "a%42c.dat"
    assert names.to_name("éÉß") == "é%C3%89%C3%9F.dat"
    assert names.to_key("a%42c.dat") == "aBc"
    assert names.to_key("aBc.dat") is None


def test_folding_is_asked_for_only_where_it_matters() -> None:
    names = FileNames("{name}.dat", fail)
    for key in ("abc-1", "a/b", "é", "", "日本"):
        assert names.to_key(names.to_name(key)) == key
    for key in ("A", "a/B", "É"):
        with pytest.raises(AssertionError):
            names.to_name(key)


def test_long_keys_are_digested(names: FileNames) -> None:
    for key in ("x" * 252, "é" * 126, "/" * 84, "x" * 10_000):
        name = names.to_name(key)
        assert re.fullmatch(r"%~[0-9a-f]{64}\.dat", name)
        assert names.to_key(name) is DIGESTED
    assert names.to_name("x" * 252) != names.to_name("x" * 253)
    assert repr(DIGESTED) == "DIGESTED"


@pytest.mark.parametrize(
    "name",
    [
        "a.txt",
        "a.DAT",
        ".dat",
        "dat",
        "%!00c0ffee-1-0.dat",
        "%~0.dat",
        "%2f.dat",
        "%61.dat",
        "%FF.dat",
        "%ED%A0.dat",
        "..dat",
        "...dat",
        "con.dat",
        "a\\b.dat",
        "a\n.dat",
        f"{'x' * 252}.dat",
        "e\u0301.dat",
        "\udcff.dat",
        "%2F%.dat/",
        f"%~{'0' * 63}.dat",
        f"%~{'A' * 64}.dat",
    ],
)
def test_names_that_no_key_has(name: str) -> None:
    assert file_names("{name}.dat", folds=False).to_key(name) is None


def test_prefix_and_suffix_may_not_overlap() -> None:
    names = file_names("a-{name}-a", folds=False)
    assert names.to_key("a-a") is None
    assert names.to_key("a--a") is None
    assert names.to_key("a-b-a") == "b"


def test_decomposed_listing_where_case_is_folded() -> None:
    names = file_names("{name}.dat", folds=True)
    for key in ("é", "Åé", "가"):
        assert names.to_key(normalize("NFD", names.to_name(key))) == key


@given(patterns, st.booleans(), text)
@example("{name}", True, "Ϊ\u0300")
@example("a{name}", False, "\u0301")
def test_law_key_comes_back(pattern: str, folds: bool, key: str) -> None:
    names = file_names(pattern, folds)
    found = names.to_key(names.to_name(key))
    if found is DIGESTED:
        assert len(key) > 50
    else:
        assert found == key


@given(patterns, st.booleans(), text)
def test_law_every_key_listed_has_that_name(
    pattern: str, folds: bool, name: str
) -> None:
    names = file_names(pattern, folds)
    name = pattern.format(name=name)
    key = names.to_key(name)
    if isinstance(key, str):
        assert names.to_name(key) in (name, normalize("NFC", name))


@given(patterns, st.booleans(), text)
def test_law_names_are_harmless(pattern: str, folds: bool, key: str) -> None:
    name = file_names(pattern, folds).to_name(key)
    assert name not in ("", ".", "..")
    assert not re.search("[/\\\\\0-\x1f\x7f-\x9f\ud800-\udfff]", name)
    assert not is_temporary(name)
    assert len(name.encode()) <= 255
    assert name == normalize("NFC", name)


def seen_by_file_system(name: str, form: str) -> str:
    return normalize(form, normalize(form, name).casefold())


related: list[Callable[[str], str]] = [
    str.swapcase,
    str.upper,
    str.casefold,
    str.title,
    lambda key: normalize("NFC", key),
    lambda key: normalize("NFD", key),
    lambda key: normalize("NFD", key).casefold(),
    lambda key: key.replace("%", "%25"),
    lambda key: FileNames("{name}", bool).to_name(key),
    lambda key: FileNames("{name}", lambda: True).to_name(key),
    lambda key: FileNames("{name}", lambda: True).to_name(key).casefold(),
    lambda key: f"{key}.",
]


@given(patterns, st.booleans(), text, text, st.sampled_from(related))
def test_law_names_differ(
    pattern: str, folds: bool, key: str, other: str, relate: Callable[[str], str]
) -> None:
    names = file_names(pattern, folds)
    keys = {key, other, relate(key), relate(other)}
    assert len({names.to_name(key) for key in keys}) == len(keys)
    if folds:
        for form in ("NFC", "NFD"):
            seen = {seen_by_file_system(names.to_name(key), form) for key in keys}
            assert len(seen) == len(keys)
            seen = {normalize(form, names.to_name(key).casefold()) for key in keys}
            assert len(seen) == len(keys)


def test_hostile_keys_make_distinct_files(tmp_path: Path) -> None:
    for folds in (True, False):
        folder = tmp_path / str(folds)
        folder.mkdir()
        names = file_names("{name}", folds)
        for key in HOSTILE:
            with open(folder / names.to_name(key), "x", encoding="utf-8") as f:
                f.write(key.encode("utf-8", "surrogatepass").hex())
        for path in folder.iterdir():
            key = bytes.fromhex(path.read_text()).decode("utf-8", "surrogatepass")
            assert names.to_key(path.name) in (key, DIGESTED)
        assert len(list(folder.iterdir())) == len(HOSTILE)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "a.dat",
        "{name}{name}",
        "{key}.dat",
        "{}",
        "{name:>5}",
        "{name!r}",
        "{name.x}",
        "{name",
        "a/{name}",
        "{name}\0",
        "%{name}",
        "%!{name}",
        "{name}!x",
        "x" * 190 + "{name}",
    ],
)
def test_pattern_that_cannot_be_used(pattern: str) -> None:
    with pytest.raises(PersistableError, match=r"'\{name\}\.dat'") as e:
        file_names(pattern, folds=False)
    assert repr(pattern) in str(e.value)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_text_is_a_pattern(pattern: str) -> None:
    assert file_pattern(pattern) == pattern


@pytest.mark.parametrize("text", ["", "a.dat", "{key}", "{name}/a", "{name}{name}"])
def test_text_is_no_pattern(text: str) -> None:
    with pytest.raises(PersistableError, match=r"as the pattern of file names"):
        file_pattern(text)
