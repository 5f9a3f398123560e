from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgi import request, secret

from zensols.persist.ui.guard import Guard
from zensols.persist.ui.login import Login
from zensols.persist.ui.password import Password

OPEN = Guard(secret, ["Box"])
WORD = "correct horse"


def locked() -> Guard:
    return Guard(secret, [], Login(Password(WORD)))


def log_in(guard: Guard, word: str = WORD, **headers: str) -> Any:
    body = f"password={word.replace(' ', '+')}".encode()
    return request(guard, "/login", "POST", body, **headers)


def cookie(answer: Any) -> str:
    return str(answer.headers["set-cookie"].partition(";")[0])


@pytest.mark.parametrize("host", ["127.0.0.1:8088", "localhost", "box:1", "[::1]:8088"])
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_own_pages_may(host: str, kind: str) -> None:
    own = {"host": host, "origin": f"http://{host}"}
    assert request(OPEN, kind=kind, **own).body == "secret"
    assert request(OPEN, kind=kind, host=host).body == "secret"


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "evil.example:8088", "origin": "http://evil.example:8088"},
        {"host": ""},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9000"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"},
        {"origin": "http://evil.example", "sec_fetch_mode": "navigate"},
    ],
)
def test_other_sites_may_not(kind: str, headers: dict[str, str]) -> None:
    answer = request(OPEN, kind=kind, **headers)
    assert answer.status == (403 if kind == "http" else 0)
    assert "secret" not in answer.body


def test_refusal_says_what_to_do() -> None:
    assert "--allow-host" in request(OPEN, host="evil.example").body


def test_link_from_another_site_may() -> None:
    link = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}
    assert request(OPEN, **link).body == "secret"


@pytest.mark.parametrize("headers", [{}, {"host": "evil.example"}])
def test_headers(headers: dict[str, str]) -> None:
    found = request(OPEN, **headers).headers
    assert found["x-frame-options"] == "DENY"
    assert found["referrer-policy"] == "same-origin"
    assert found["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in found["content-security-policy"]
    assert "default-src 'self'" in found["content-security-policy"]
    assert "access-control-allow-origin" not in found


def test_lifespan_passes() -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    asyncio.run(Guard(app)({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert seen == ["lifespan"]


def test_nothing_without_password() -> None:
    guard = locked()
    assert request(guard).status == 401
    assert request(guard, kind="websocket").status == 0
    page = request(guard, accept="text/html")
    assert (page.status, page.headers["location"]) == (303, "/login")
    for token in ("", "stash_session=", "stash_session=guess", "other=1; x"):
        assert request(guard, cookie=token).status == 401


def test_password_opens() -> None:
    guard = locked()
    assert "Password" in request(guard, "/login").body
    answer = log_in(guard)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    header = answer.headers["set-cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Strict" in header
    token = cookie(answer)
    assert request(guard, cookie=token).body == "secret"
    assert request(guard, cookie=f"a=b; {token}; c=d").body == "secret"
    assert request(guard, kind="websocket", cookie=token).body == "secret"


def test_logging_out() -> None:
    guard = locked()
    token = cookie(log_in(guard))
    assert request(guard, "/logout", cookie=token).status == 405
    assert request(guard, cookie=token).body == "secret"
    assert request(guard, "/logout", "POST", cookie=token).status == 303
    assert request(guard, cookie=token).status == 401


def test_other_sites_may_not_log_in_or_out() -> None:
    guard = locked()
    token = cookie(log_in(guard))
    assert log_in(guard, origin="http://evil.example").status == 403
    evil = {"origin": "http://evil.example", "cookie": token}
    assert request(guard, "/logout", "POST", **evil).status == 403
    assert request(guard, cookie=token).body == "secret"
