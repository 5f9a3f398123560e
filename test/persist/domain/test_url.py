from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.domain import StashURL, one_of, positive_seconds
from zensols.persist.error import PersistableError


def test_parts() -> None:
    url = StashURL.parse("DIR:///data/a%20b?pattern={name}.json&name=a%26b")
    assert (url.scheme, url.location) == ("dir", "///data/a%20b")
    assert url.options == {"pattern": "{name}.json", "name": "a&b"}
    assert url.path == Path("/data/a b")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("dir:///data", Path("/data")),
        ("dir:data/x", Path("data/x")),
        ("dir:/data", Path("/data")),
        ("dir:~/x", Path.home() / "x"),
        ("dir://~/x", Path.home() / "x"),
        ("dir:./%3Fa", Path("?a")),
    ],
)
def test_paths(text: str, path: Path) -> None:
    assert StashURL.parse(text).path == path


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("data", "No scheme"),
        ("/data/cache", "No scheme"),
        ("", "No scheme"),
        ("c d:x", "No scheme"),
        ("dir:x?pattern", "option 'pattern' has no value"),
        ("dir:x?a=1&a=2", "option 'a' is given twice"),
        ("dir:x?trust=any", "ZENSOLS_PERSIST_TRUST"),
        ("redis://h?key=00", "ZENSOLS_PERSIST_KEY"),
    ],
)
def test_wrong_urls(text: str, reason: str) -> None:
    with pytest.raises(PersistableError, match=reason) as error:
        StashURL.parse(text)
    assert repr(text) in str(error.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("dir:", "no path: write dir:///some/path"),
        ("dir://host/data", "host 'host'.*dir:///data .*dir:host/data"),
        ("dir://data", "host 'data'.*dir:///data .*dir:data"),
        ("dir:~no-body/x", "no home of a user 'no-body': write an absolute path"),
    ],
)
def test_wrong_paths(text: str, reason: str) -> None:
    with pytest.raises(PersistableError, match=reason):
        _ = StashURL.parse(text).path


@given(
    st.text(min_size=1).map(lambda text: "/" + text.replace("\0", "0")),
    st.dictionaries(st.sampled_from(["pattern", "table"]), st.text()),
)
def test_gives_back_any_path_and_option(path: str, options: dict[str, str]) -> None:
    url = StashURL.of_path("dir", Path(path), options)
    again = StashURL.parse(url.reveal())
    assert again == url
    assert again.path == Path(path)
    assert again.options == options


PASSWORDS = ["secret", "se:cret", "se@cret", "se/cret", "se?cret", "se%40cret", "a\nb"]


@pytest.mark.parametrize("password", PASSWORDS)
def test_passwords_are_never_printed(password: str) -> None:
    text = f"redis://ann:{password}@localhost:6379/0"
    if "?" in password:
        with pytest.raises(PersistableError, match=r"ann:\*\*\*@") as error:
            StashURL.parse(text)
        assert "cret" not in str(error.value)
        return
    url = StashURL.parse(text)
    for shown in (str(url), repr(url), f"{url}", str(url.wrong("so"))):
        assert password not in shown
        assert "ann:***@" in shown
    assert url.reveal() == text


def test_password_as_an_option_is_not_printed() -> None:
    url = StashURL.parse("postgresql://h/db?password=secret&user=ann")
    assert "secret" not in str(url)
    assert url.reveal().endswith("password=secret&user=ann")


def test_users_without_password() -> None:
    text = "postgresql://ann@localhost:5432/db"
    assert str(StashURL.parse(text)) == text


def test_read() -> None:
    url = StashURL.parse("dir:x?timeout=2.5&kind=b")
    assert url.read(timeout=float, kind=one_of("a", "b"), more=str) == {
        "timeout": 2.5,
        "kind": "b",
    }
    with pytest.raises(PersistableError, match="unknown option 'timeout'; allowed: c"):
        url.read(kind=str)
    with pytest.raises(PersistableError, match=r"'b' of option 'kind': use one of a$"):
        url.read(timeout=float, kind=one_of("a"))
    with pytest.raises(PersistableError, match=r"'2\.5' of option 'timeout'"):
        url.read(timeout=int, kind=str)


@pytest.mark.parametrize("text", ["0", "-1", "inf", "nan", "a"])
def test_wrong_seconds(text: str) -> None:
    url = StashURL("dir", "x", {"timeout": text})
    with pytest.raises(PersistableError, match=f"'{text}' of option 'timeout'"):
        url.read(timeout=positive_seconds)


def test_options_come_and_go() -> None:
    url = StashURL.parse("dir:x?a=1&b=2")
    assert url.without("a").reveal() == "dir:x?b=2"
    assert url.extended({"c": 3, "d": None}).reveal() == "dir:x?a=1&b=2&c=3"
    assert url.reveal() == "dir:x?a=1&b=2"


def test_is_a_value() -> None:
    url = StashURL.parse("dir:x?a=1")
    assert {url: 1}[StashURL.parse("dir:x?a=1")] == 1
    assert url != StashURL.parse("dir:x?a=2")
    assert url != "dir:x?a=1"
