from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from zensols.persist import PersistableError
from zensols.persist.ui import password, server


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the panel was asked to serve."""
    seen: list[Any] = []

    def serve(panel: Any, host: str, port: int, **options: Any) -> None:
        seen.append((panel, host, port, options))
        options["started"]("http://127.0.0.1:8088")

    monkeypatch.setattr(server, "serve", serve)
    monkeypatch.setattr("webbrowser.open", lambda url: seen.append(url) or True)
    return seen


def test_defaults_are_safe(call: Any, served: list[Any]) -> None:
    done = call("ui", "memory:", "dir:cache")
    (panel, host, port, options), opened = served
    assert [place.url for place in panel.stores] == ["memory:", "dir:cache"]
    assert (panel.write, host, port) == (False, "127.0.0.1", 8088)
    assert options["password"] is None
    assert opened == "http://127.0.0.1:8088"
    assert "The panel is at http://127.0.0.1:8088" in done.stdout


def test_options(call: Any, served: list[Any], in_tmp: Path) -> None:
    (in_tmp / "password").write_text("correct horse\n")
    arguments = "--states sqlite:s.db --backups dir:b --write --host 0.0.0.0 --port 0"
    more = "--password-file password --allow-host box --no-open --json"
    done = call("ui", *arguments.split(), *more.split())
    [(panel, host, port, options)] = served
    assert len(panel.stores) == 0
    assert len(panel.states) == len(panel.backups) == 1
    assert (panel.write, host, port) == (True, "0.0.0.0", 0)
    assert options["password"].matches("correct horse")
    assert options["allow_hosts"] == ["box"]
    assert json.loads(done.stdout) == {
        "url": "http://127.0.0.1:8088",
        "write": True,
        "password": True,
    }


def test_password_of_the_environment(
    call: Any, served: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZENSOLS_PERSIST_UI_PASSWORD", "correct horse")
    call("ui", "memory:", "--no-open")
    assert served[0][3]["password"].matches("correct horse")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ("", "Give the URL of a store"),
        ("nosuch:a", "nosuch"),
        ("memory: --password-file none", "Can't read the password from none"),
        ("memory: --password-file short", f"give one of {password.SHORTEST}"),
        ("memory: --host 0.0.0.0", "give a password"),
        ("memory: --port -1", "port"),
    ],
)
def test_wrong_arguments(call: Any, in_tmp: Path, arguments: str, problem: str) -> None:
    (in_tmp / "short").write_text("1234567\n")
    done = call("ui", *arguments.split(), "--no-open", code=2)
    assert problem in done.stderr


def test_no_browser(call: Any, served: list[Any], monkeypatch: Any) -> None:
    monkeypatch.setattr("webbrowser.open", lambda url: False)
    assert "open http://127.0.0.1:8088" in call("ui", "memory:").stderr


def test_missing_extra(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(what: str) -> None:
        raise PersistableError("pip install 'zensols.persist[ui]'")

    monkeypatch.setattr(server, "require_nicegui", missing)
    assert "zensols.persist[ui]" in call("ui", "memory:", code=2).stderr


def test_help_loads_no_server(command: str) -> None:
    code = "import sys, zensols.persist.cli.app; print('nicegui' in sys.modules)"
    python = str(Path(command).with_name("python"))
    done = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
