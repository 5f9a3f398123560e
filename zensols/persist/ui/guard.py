"""What every request to the panel goes through first: who asks, and from where."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final

from .hosts import is_our_host, is_our_origin
from .login import LOGIN, Login, read_cookies, respond

__all__ = ["HEADERS", "Guard"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# Vue compiles the templates of its components in the browser, which takes eval.
_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "connect-src 'self' {socket}; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)

HEADERS: Final = (
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    # Without any, browsers would not say where the form with the password is from.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""What every answer has, beside its content security policy."""


class Guard:
    """An ASGI application in front of another, which refuses what does not come from
    the panel's own pages under one of its own names, and from someone who has given the
    password, if there is one.

    Used from one event loop.

    """

    def __init__(
        self, app: App, names: Iterable[str] = (), login: Login | None = None
    ) -> None:
        """
        :param app: the application

        :param names: the names of this machine that may be used besides addresses

        :param login: asks for the password; None if there is none

        """
        self.app = app
        self._names = frozenset(name.lower().rstrip(".") for name in names)
        self._login = login

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = {
            name.lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        host = headers.get(b"host", "")
        is_page = scope["type"] == "http"
        send = _with_headers(send, host) if is_page else send
        problem = self._problem(headers, host)
        if problem:
            await _refuse(scope, receive, send, 403, problem)
        elif self._login is None:
            await self.app(scope, receive, send)
        elif is_page and scope["path"] in LOGIN:
            await self._login(scope, receive, send)
        elif self._login.knows(read_cookies(scope)):
            await self.app(scope, receive, send)
        elif is_page and "text/html" in headers.get(b"accept", ""):
            await respond(send, 303, "", [(b"location", b"/login")])
        else:
            await _refuse(scope, receive, send, 401, "Log in first.")

    def _problem(self, headers: dict[bytes, str], host: str) -> str | None:
        if not is_our_host(host, self._names):
            return (
                "This is not the name of this panel.  Use its address, or give the "
                "name with --allow-host when you start it."
            )
        origin = headers.get(b"origin")
        # A link on another site may lead here; it reads and does nothing.
        is_link = origin is None and headers.get(b"sec-fetch-mode") == "navigate"
        if is_link or is_our_origin(origin, host, headers.get(b"sec-fetch-site")):
            return None
        return "Pages of other sites may not use this panel."


def _with_headers(send: Send, host: str) -> Send:
    # The header has been checked, or the answer is a refusal without scripts.
    policy = _POLICY.format(
        socket=f"ws://{host} wss://{host}" if host.isascii() else ""
    )

    async def add(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            kept = [
                (name, value)
                for name, value in message.get("headers", ())
                # Which let every site read what NiceGUI's socket says.
                if not name.lower().startswith(b"access-control-")
            ]
            security = (b"content-security-policy", policy.encode("latin-1"))
            message["headers"] = [*kept, *HEADERS, security]
        await send(message)

    return add


async def _refuse(
    scope: Scope, receive: Receive, send: Send, status: int, text: str
) -> None:
    if scope["type"] == "http":
        await respond(send, status, text)
    else:
        await receive()
        await send({"type": "websocket.close", "code": 1008})
