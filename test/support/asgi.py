"""Calling ASGI applications without a server."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: str


def request(
    app: Any,
    path: str = "/",
    method: str = "GET",
    body: bytes = b"",
    client: str = "127.0.0.1",
    kind: str = "http",
    **headers: str,
) -> Answer:
    """What an application answers, status 0 for a web socket that was refused."""
    fields = {"host": "127.0.0.1:8088"} | headers
    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "client": (client, 1),
        "headers": [
            (name.replace("_", "-").encode(), value.encode("latin-1"))
            for name, value in fields.items()
        ],
    }
    first = {"type": f"{kind}.request" if kind == "http" else "websocket.connect"}
    messages = [first | {"body": body}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    start = sent[0]
    if start["type"] == "websocket.close":
        return Answer(0, {}, "")
    return Answer(
        start["status"],
        {name.decode(): value.decode() for name, value in start["headers"]},
        b"".join(m.get("body", b"") for m in sent[1:]).decode(),
    )


async def secret(scope: Any, receive: Any, send: Any) -> None:
    """An application that has something to hide."""
    headers = [(b"access-control-allow-origin", b"*")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"secret"})
