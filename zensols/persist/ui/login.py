"""The page that asks for the password."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from html import escape
from http import HTTPStatus
from math import ceil
from typing import Any, Final
from urllib.parse import parse_qs

from .password import Password, Throttle
from .sessions import Sessions

__all__ = ["LOGIN", "Login", "read_cookies", "respond"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LOGIN: Final = ("/login", "/logout")
"""The paths that it answers."""

_COOKIE: Final = "stash_session"
_LONGEST: Final = 8192

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Log in · stash</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; display: grid; place-items: center;
       min-height: 100vh; margin: 0; background: light-dark(#f4f6f8, #12161c);
       color: light-dark(#1c2430, #e6eaf0) }}
form {{ width: min(22rem, calc(100vw - 4rem)); padding: 1.75rem; border-radius: 12px;
       background: light-dark(#fff, #1a2029);
       border: 1px solid light-dark(#dde3ea, #2c3543) }}
h1 {{ font-size: 1.25rem; margin: 0 0 1rem }}
label {{ display: block; font-weight: 600; margin-bottom: .35rem }}
input, button {{ font: inherit; width: 100%; box-sizing: border-box; padding: .6rem .75rem;
       border-radius: 8px; border: 1px solid light-dark(#8a94a6, #5b6779) }}
input {{ background: transparent; color: inherit }}
button {{ margin-top: 1rem; border: 0; background: #23695e; color: #fff;
       font-weight: 600; cursor: pointer }}
:focus-visible {{ outline: 3px solid #5db3a4; outline-offset: 2px }}
p {{ margin: .75rem 0 0; color: light-dark(#a3231f, #ff9d94) }}
</style></head><body><main>
<form method="post" action="/login">
<h1>Stash panel</h1>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password"
       autofocus required aria-describedby="problem">
<button>Log in</button>
<p id="problem" role="alert">{problem}</p>
</form></main></body></html>
"""


class Login:
    """An ASGI application that asks for the password, and begins and ends sessions.

    Used from one event loop.

    """

    def __init__(
        self,
        password: Password,
        throttle: Throttle | None = None,
        sessions: Sessions | None = None,
    ) -> None:
        """
        :param password: the password

        :param throttle: bounds how often it may be tried

        :param sessions: those who have given it

        """
        self._password = password
        self._throttle = throttle or Throttle()
        self._sessions = sessions or Sessions()
        # One hash at a time: each takes 16 MiB and a core.
        self._turn = asyncio.Lock()

    def knows(self, cookies: Mapping[str, str]) -> bool:
        """Return whether the cookies of a request are of a session.

        :param cookies: the cookies, by name

        """
        return self._sessions.has(cookies.get(_COOKIE))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/logout":
            await self._log_out(scope, send)
        elif scope["method"] == "POST":
            await self._log_in(scope, receive, send)
        else:
            await respond(send, 200, _PAGE.format(problem=""))

    async def _log_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = (scope.get("client") or ("",))[0]
        text = _field(await _body(receive), "password")
        wait = self._throttle.attempt(address)
        if wait:
            await self._deny(
                send, 429, f"Too many attempts: wait {ceil(wait)} s.", wait
            )
            return
        async with self._turn:
            is_right = await asyncio.to_thread(self._password.matches, text)
        if not is_right:
            await self._deny(send, 401, "That is not the password.", 0)
            return
        self._throttle.forgive(address)
        await respond(send, 303, "", [(b"location", b"/"), self._cookie(scope)])

    async def _deny(self, send: Send, status: int, problem: str, wait: float) -> None:
        headers = [(b"retry-after", str(ceil(wait)).encode())] if wait else []
        await respond(send, status, _PAGE.format(problem=escape(problem)), headers)

    async def _log_out(self, scope: Scope, send: Send) -> None:
        if scope["method"] != "POST":
            await respond(send, 405, "Use the button.", [(b"allow", b"POST")])
            return
        self._sessions.end(read_cookies(scope).get(_COOKIE))
        await respond(send, 303, "", [(b"location", b"/login")])

    def _cookie(self, scope: Scope) -> tuple[bytes, bytes]:
        parts = [
            f"{_COOKIE}={self._sessions.begin()}",
            "Path=/",
            "HttpOnly",
            "SameSite=Strict",
            f"Max-Age={int(self._sessions.seconds)}",
        ]
        if scope.get("scheme") == "https":
            parts.append("Secure")
        return b"set-cookie", "; ".join(parts).encode()


def read_cookies(scope: Scope) -> dict[str, str]:
    """Return the cookies of a request, by name.

    :param scope: the request

    >>> read_cookies({"headers": [(b"cookie", b"a=1; b=2")]})
    {'a': '1', 'b': '2'}

    """
    found: dict[str, str] = {}
    for header, value in scope["headers"]:
        if header.lower() == b"cookie":
            for part in value.decode("latin-1").split(";"):
                name, _, text = part.strip().partition("=")
                found[name] = text
    return found


async def respond(
    send: Send,
    status: int,
    text: str,
    headers: list[tuple[bytes, bytes]] | None = None,
) -> None:
    """Send an answer.

    :param send: sends

    :param status: the HTTP status

    :param text: a page, or plain text

    :param headers: what the answer has besides

    """
    kind = b"text/html" if text.startswith("<!doctype") else b"text/plain"
    body = (text or HTTPStatus(status).phrase).encode()
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", kind + b"; charset=utf-8"),
                (b"content-length", str(len(body)).encode()),
                (b"cache-control", b"no-store"),
                *(headers or ()),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b""
        part: bytes = message.get("body", b"")
        body += part
        if len(body) > _LONGEST:
            return b""
        if not message.get("more_body"):
            return body


def _field(body: bytes, name: str) -> str:
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=5)
    except ValueError:
        return ""
    return fields.get(name, [""])[0]
