from __future__ import annotations

import asyncio
import os
import signal
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from browser import Served, Serving

from zensols.persist import PersistableError
from zensols.persist.ui.panel import Panel
from zensols.persist.ui.server import serve

WORD = "correct horse"
TABLE = Path("/proc/net/tcp")


def get(url: str, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_others_need_a_password(host: str) -> None:
    with pytest.raises(PersistableError, match="give a password"):
        serve(Panel(), host, 0)


def test_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PersistableError, match=f"port {port}.*another"):
            serve(Panel(), "127.0.0.1", port)


def test_listens_on_this_machine_only(shown: Served) -> None:
    assert shown.url.startswith("http://127.0.0.1:")
    port = int(shown.url.rpartition(":")[2])
    rows = [line.split() for line in TABLE.read_text().splitlines()][1:]
    listening = {row[1] for row in rows if row[3] == "0A"}
    assert f"0100007F:{port:04X}" in listening
    assert f"00000000:{port:04X}" not in listening


def test_rebound_name_is_refused(shown: Served) -> None:
    port = shown.url.rpartition(":")[2]
    assert get(shown.url)[0] == 200
    assert get(shown.url, Host=f"localhost:{port}")[0] == 200
    status, text = get(shown.url, Host=f"evil.example:{port}")
    assert status == 403
    assert "--allow-host" in text


@pytest.mark.parametrize("origin", [None, "http://evil.example", "null"])
async def test_web_socket_of_another_site_is_refused(
    shown: Served, origin: str | None
) -> None:
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidStatus

    url = shown.url.replace("http", "ws")
    url += "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    own = shown.url if origin is None else origin
    async with asyncio.timeout(60):
        if origin is None:
            async with connect(url, additional_headers={"Origin": own}) as web:
                assert str(await web.recv()).startswith("0{")
        else:
            with pytest.raises(InvalidStatus, match="403"):
                await connect(url, additional_headers={"Origin": own})


def test_socket_says_nothing_to_other_sites(shown: Served) -> None:
    url = f"{shown.url}/_nicegui_ws/socket.io/?EIO=4&transport=polling"
    assert get(url)[0] == 200
    assert get(url, Origin="http://evil.example")[0] == 403


def test_password_in_a_browser(serving: Serving, driver: Any, page: Any) -> None:
    served = serving.panel("memory:?codec=json", ZENSOLS_PERSIST_UI_PASSWORD=WORD)
    url = served.url
    page.goto(f"{url}/store/0")
    assert page.url == f"{url}/login"
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    page.get_by_text("That is not the password.").wait_for()
    page.get_by_label("Password").fill(WORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_text("memory:").wait_for()
    page.get_by_text("0 keys").wait_for()
    page.get_by_role("button", name="Log out").click()
    page.get_by_label("Password").wait_for()
    page.goto(url)
    for n in range(6):
        page.get_by_label("Password").fill(f"guess {n}")
        with page.expect_navigation():
            page.get_by_role("button", name="Log in").click()
    page.get_by_text("Too many attempts: wait").wait_for()
    assert WORD not in serving.errors()


def test_ends_when_it_is_told_to(serving: Serving) -> None:
    served = serving.panel("memory:")
    assert get(served.url)[0] == 200
    assert serving.stop(served, signal.SIGINT) in (0, 130)
    assert "Traceback" not in serving.errors()
    assert not os.path.exists(serving.folder / ".nicegui")
