from __future__ import annotations

import json
import re
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser import Driver, Served, Serving
from server import free_port

APP = Path(__file__).parents[2] / "support" / "modules_app.py"
GIGABYTE = 1 << 30


@pytest.fixture
def app(serving: Serving) -> Callable[[], Served]:
    """Starts an application with modules."""

    def start() -> Served:
        home = str(serving.folder / "home")
        command = (sys.executable, str(APP), str(free_port()))
        return serving.start(*command, ZENSOLS_PERSIST_HOME=home)

    return start


def offer(page: Any, content: Any) -> None:
    page.get_by_role("button", name="Import").first.click()
    page.locator("input[type=file]").set_input_files(content)


def file(**modules: Any) -> dict[str, Any]:
    return raw(json.dumps(modules).encode())


def raw(data: bytes) -> dict[str, Any]:
    return {"name": "m.json", "mimeType": "application/json", "buffer": data}


def speed(page: Any) -> str:
    return str(page.get_by_label("Speed").input_value())


def test_round_trip(
    app: Callable[[], Served], driver: Any, page: Any, tmp_path: Path
) -> None:
    page.goto(app().url)
    page.get_by_label("Speed").fill("2.5")
    page.get_by_label("Speed").blur()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    exported = json.loads(Path(download.value.path()).read_bytes())
    assert exported == {"settings": {"speed": 2.5, "names": ["a"]}}
    page.get_by_label("Speed").fill("7.5")
    page.get_by_label("Speed").blur()
    download.value.save_as(tmp_path / "modules.json")
    offer(page, tmp_path / "modules.json")
    page.get_by_text("settings.speed: 7.5 → 2.5").wait_for()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Import").click()
    page.get_by_text("1 module took the new state.").wait_for()
    page.wait_for_function("document.querySelector('input').value === '2.5'")
    dialog.get_by_role("button", name="Undo").click()
    page.get_by_text("All is as it was before the import.").wait_for()
    page.wait_for_function("document.querySelector('input').value === '7.5'")
    dialog.get_by_role("button", name="Done").click()
    dialog.wait_for(state="hidden")


def test_bad_files(app: Callable[[], Served], driver: Any, page: Any) -> None:
    page.goto(app().url)
    alert = page.get_by_role("dialog").get_by_role("alert")
    for data, problem in (
        (raw(b"no JSON"), "JSON"),
        (raw(b'{"settings":' + b"[" * 90_000 + b"]" * 90_000 + b"}"), "deep"),
        (file(stranger={}), "no module 'stranger'"),
        (file(settings=[1]), "instead of an object"),
        (raw(b'{"<img src=x onerror=alert(1)>": {}}'), "<img src=x"),
        (raw(b"x" * 1_000_001), "larger than 976.6 KiB"),
        (raw(b"{}") | {"name": "m.txt"}, "ends in .json"),
    ):
        offer(page, data)
        alert.get_by_text(re.compile(re.escape(problem), re.IGNORECASE)).wait_for()
        page.get_by_role("button", name="Cancel").click()
        alert.wait_for(state="hidden")
        assert speed(page) == "1"
    # What a module refuses changes nothing either, though it may be looked at.
    offer(page, file(settings={"speed": "fast"}))
    page.get_by_role("dialog").get_by_role("button", name="Import").click()
    alert.get_by_text("Nothing is imported").wait_for()
    assert speed(page) == "1"
    page.locator("input[type=file]").set_input_files(
        file(settings={"speed": 1.0, "names": ["a"]})
    )
    page.get_by_text("Nothing would change").wait_for()


def test_gigabyte_is_not_read(
    app: Callable[[], Served], driver: Driver, page: Any, tmp_path: Path
) -> None:
    served = app()
    page.goto(served.url)
    large = tmp_path / "large.json"
    with large.open("wb") as sparse:
        sparse.truncate(GIGABYTE)
    before = served.peak()
    # By who goes by the rules ...
    offer(page, large)
    page.get_by_role("alert").get_by_text("larger than").wait_for()
    # ... and by who doesn't, saying how much it is, or not.
    with page.expect_request("**/_zensols_persist/upload/*") as sent:
        page.locator("input[type=file]").set_input_files(raw(b"no JSON"))
    path = sent.value.url.removeprefix(served.url)
    page.get_by_role("alert").get_by_text("JSON").wait_for()
    for head in (f"Content-Length: {GIGABYTE}", "Transfer-Encoding: chunked"):
        status, taken = pour(served.url, path, head)
        assert status in (413, 0)
        assert taken < 100_000_000
    assert served.peak() - before < 50_000_000
    page.get_by_role("alert").get_by_text("larger than").wait_for()
    assert speed(page) == "1"


def pour(url: str, path: str, head: str) -> tuple[int, int]:
    """The status with which a server answers a gigabyte, 0 if it only hangs up, and how
    much it took until then.
    """
    host, _, port = url.removeprefix("http://").partition(":")
    chunk = b"x" * 65536
    if "chunked" in head:
        chunk = b"10000\r\n" + chunk + b"\r\n"
    sent = 0
    with socket.create_connection((host, int(port)), timeout=60) as server:
        server.sendall(
            f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\n{head}\r\n\r\n".encode()
        )
        try:
            while sent < GIGABYTE:
                server.sendall(chunk)
                sent += 65536
        except OSError:
            pass
        try:
            answer = server.recv(1000)
        except OSError:
            return 0, sent
    return int(answer.split()[1]) if answer else 0, sent
