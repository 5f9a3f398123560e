"""The panel's server."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import TYPE_CHECKING

from ..error import PersistableError
from .guard import Guard
from .hosts import is_local
from .login import Login
from .panel import Panel
from .password import Password
from .require import require_nicegui

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["serve"]


def serve(
    panel: Panel,
    host: str = "127.0.0.1",
    port: int = 8088,
    *,
    password: Password | None = None,
    allow_hosts: Iterable[str] = (),
    started: Callable[[str], object] = lambda _: None,
) -> None:
    """Show the panel to browsers until the process is interrupted.

    :param panel: what to show

    :param host: the address to listen on; others than those of this machine itself need
                 a password

    :param port: the port, 0 for any that is free

    :param password: what to ask for

    :param allow_hosts: the names by which browsers may call the panel, besides
                        addresses, ``localhost``, ``host`` and this machine's name

    :param started: called with the panel's address when it can be used

    :raises PersistableError: if the address needs a password or can't be listened on, or
                              NiceGUI is not installed

    """
    if password is None and not is_local(host):
        raise PersistableError(
            f"Everybody who can reach {host} could see the data: give a password, or "
            f"listen on 127.0.0.1"
        )
    require_nicegui("The panel")
    with closing(_listen(host, port)) as listening:
        number = listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        login = None if password is None else Login(password)
        names = {*allow_hosts, host, socket.gethostname()}
        guard = Guard(_application(panel, login is not None), names, login)
        _run(guard, listening, lambda: started(f"http://{shown}:{number}"))


def _application(panel: Panel, has_login: bool) -> FastAPI:
    from fastapi import FastAPI
    from nicegui import ui

    from .pages import add_pages

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    add_pages(panel, has_login=has_login)
    ui.run_with(
        app,
        title="stash",
        favicon="🗄️",
        dark=None,
        language="en-US",
        tailwind=False,
        show_welcome_message=False,
    )
    return app


def _run(guard: Guard, listening: socket.socket, started: Callable[[], object]) -> None:
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                started()

    config = uvicorn.Config(
        guard, log_level="warning", server_header=False, timeout_graceful_shutdown=3
    )
    Server(config).run([listening])


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as e:
        raise PersistableError(
            f"Can't listen on {host}, port {port}: {e.strerror or e}; give another "
            f"--host or --port"
        ) from e
