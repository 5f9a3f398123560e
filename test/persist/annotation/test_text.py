from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from zensols.persist.annotation import FileTextUtil

normalize = FileTextUtil.normalize_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (".a", "a"),
        ("a.", "a-"),
        (".", "-"),
        ("..", "-"),
        (".a.", "a"),
        ("ab.", "ab"),
        ("", ""),
        ("a", "a"),
        ("A (new) model: v1.2", "a-new-model-v1-2"),
        ("Ünïcode ok", "ünïcode-ok"),
        ("a\\b/c", "a-b-c"),
        ("a \t\n b", "a-b"),
    ],
)
def test_normalize_text(text: str, expected: str) -> None:
    assert normalize(text) == expected


@pytest.mark.parametrize("char", " \t\n\\[]()/<>{}:;_`'\"|!@#$%^&*~?,+=.-")
def test_normalize_text_special(char: str) -> None:
    assert normalize(f"a{char}b") == "a-b"


def test_normalize_text_others_are_not_special() -> None:
    others = "".join(c for c in map(chr, range(0x21, 0x7F)) if c.isalnum())
    assert normalize(others, lower=False) == others
    assert normalize("a\rb\x00c§d") == "a\rb\x00c§d"


def test_normalize_text_options() -> None:
    assert normalize("A b", "_", lower=False) == "A_b"
    assert normalize("a1b22c", regex=r"\d") == "a-b--c"
    assert normalize("a1b22c", "<>", regex=re.compile(r"\d+")) == "a<>b<>c"
    assert normalize("a b", "\\1") == "a\\1b"
    assert normalize("a b", "") == "ab"
    assert normalize("_aé\x7f b", remove_non_printable=True) == "a-b"


def test_normalize_path() -> None:
    path = FileTextUtil.normalize_path
    assert path(Path("/A b/c.D")) == Path("/a-b/c-d")
    assert path(Path("~/A b")) == Path("~/a-b")
    assert path(Path("A b/_c"), "_", lower=False) == Path("A_b/c")
    assert path(Path()) == Path()


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0.0B"),
        (1023, "1023.0B"),
        (1536, "1.5KiB"),
        (-5000, "-4.9KiB"),
        (1024**2, "1.0MiB"),
        (3 * 1024**7, "3.0ZiB"),
        (2 * 1024**8, "2.0YiB"),
        (5000 * 1024**8, "5000.0YiB"),
    ],
)
def test_byte_format(number: float, expected: str) -> None:
    assert FileTextUtil.byte_format(number) == expected


def test_byte_format_suffix() -> None:
    assert FileTextUtil.byte_format(2048, suffix="b") == "2.0Kib"


def test_unique_tracked_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "Mia")
    name = FileTextUtil.unique_tracked_name
    assert re.fullmatch(
        r"run-mia-[a-z]{3}\d\d-\d{4}\.csv", name("Run", extension="CSV")
    )
    assert name("Run", include_time=False) == "run-mia"
    assert re.fullmatch(r"run-[a-z]{3}\d\d-\d{4}", name("Run", include_user=False))


def test_f_unique_tracked_name_without_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    name = FileTextUtil.unique_tracked_name("run", include_time=False)
    assert re.fullmatch(r"run-\S+", name)


@pytest.mark.skipif(os.name == "nt", reason="users have names there")
def test_f_unique_tracked_name_of_user_without_name(
    run_python: object,
) -> None:
    code = """if True:
        import os, pwd, sys
        for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
            os.environ.pop(name, None)
        def fail(uid): raise KeyError(uid)
        pwd.getpwuid = fail
        from zensols.persist.annotation import FileTextUtil
        print(FileTextUtil.unique_tracked_name("run", include_time=False))
    """
    assert run_python(code).strip() == f"run-{os.getuid()}"  # type: ignore[operator]
