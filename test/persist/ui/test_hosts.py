from __future__ import annotations

import pytest

from zensols.persist.ui.hosts import is_local, is_our_host, is_our_origin

NAMES = frozenset({"box", "panel.example"})


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.3.4.5", "::1", "[::1]", "LocalHost"]
)
def test_local_address(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "10.0.0.1", "box", "", "localhost.x"]
)
def test_other_address(host: str) -> None:
    assert not is_local(host)


@pytest.mark.parametrize(
    "header",
    [
        "127.0.0.1:8088",
        "127.0.0.1",
        "[::1]:8088",
        "localhost:1",
        "LOCALHOST",
        "localhost.",
        "192.168.1.7:8088",
        "Box:8088",
        "panel.example",
    ],
)
def test_our_host(header: str) -> None:
    assert is_our_host(header, NAMES)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "evil.example",
        "evil.example:8088",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "box.evil.example",
        "127.0.0.1:8088@evil.example",
        "127.0.0.1 evil.example",
        "localhost:80:80",
        "[::1",
        "localhost:port",
        "127.1",
        "2130706433",
    ],
)
def test_other_host(header: str | None) -> None:
    assert not is_our_host(header, NAMES)


@pytest.mark.parametrize(
    ("origin", "host", "site", "ours"),
    [
        ("http://127.0.0.1:8088", "127.0.0.1:8088", None, True),
        ("https://Box:8088", "box:8088", "same-origin", True),
        (None, "box", None, True),
        (None, "box", "same-origin", True),
        (None, "box", "none", True),
        (None, "box", "cross-site", False),
        (None, "box", "same-site", False),
        ("http://127.0.0.1:9000", "127.0.0.1:8088", "same-site", False),
        ("http://evil.example", "127.0.0.1:8088", "same-origin", False),
        ("null", "127.0.0.1:8088", None, False),
        ("", "127.0.0.1:8088", None, False),
        ("http://[", "127.0.0.1:8088", None, False),
        ("file://127.0.0.1:8088", "127.0.0.1:8088", None, False),
        ("http://a@127.0.0.1:8088", "127.0.0.1:8088", None, False),
    ],
)
def test_origin(origin: str | None, host: str, site: str | None, ours: bool) -> None:
    assert is_our_origin(origin, host, site) is ours
