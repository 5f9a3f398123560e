from __future__ import annotations

import pytest
from asgi import request

from zensols.persist.ui.login import Login
from zensols.persist.ui.password import Password, Throttle
from zensols.persist.ui.sessions import Sessions

WORD = Password("correct horse")


def test_wrong_password() -> None:
    login = Login(WORD)
    answer = request(login, "/login", "POST", b"password=wrong")
    assert answer.status == 401
    assert "set-cookie" not in answer.headers
    assert "That is not the password." in answer.body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"word=correct+horse",
        b"password=" + b"x" * 100_000,
        b"&".join([b"password=correct+horse"] * 10),
        b"password=\xff",
        b"password=%ff%fe",
        b"{}",
    ],
)
def test_hostile_form(body: bytes) -> None:
    assert request(Login(WORD), "/login", "POST", body).status == 401


def test_attempts_are_bounded_by_address() -> None:
    now = [0.0]
    login = Login(WORD, Throttle(3, 60, clock=lambda: now[0]))
    for _ in range(3):
        assert request(login, "/login", "POST", b"password=guess").status == 401
    answer = request(login, "/login", "POST", b"password=correct+horse")
    assert answer.status == 429
    assert answer.headers["retry-after"] == "60"
    assert "wait 60 s" in answer.body
    other = request(
        login, "/login", "POST", b"password=correct+horse", client="10.0.0.2"
    )
    assert other.status == 303
    now[0] = 61
    assert request(login, "/login", "POST", b"password=correct+horse").status == 303


def test_right_password_forgives_wrong_ones() -> None:
    login = Login(WORD, Throttle(2, 60, clock=lambda: 0.0))
    for _ in range(4):
        assert request(login, "/login", "POST", b"password=guess").status == 401
        assert request(login, "/login", "POST", b"password=correct+horse").status == 303


def test_session_lasts_as_long_as_its_cookie() -> None:
    answer = request(
        Login(WORD, sessions=Sessions(90)), "/login", "POST", b"password=correct+horse"
    )
    assert "Max-Age=90" in answer.headers["set-cookie"]


def test_page_is_not_kept() -> None:
    answer = request(Login(WORD), "/login")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"].startswith("text/html")
    assert '<label for="password">' in answer.body
