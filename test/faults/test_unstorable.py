"""Values that can't be stored: the path to the culprit, and the old value stays."""

from __future__ import annotations

import runpy
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from zensols.persist.error import PersistableError

STORES: dict[str, Any] = runpy.run_path(str(Path(__file__).parent / "stores.py"))[
    "STORES"
]
# The value of the key file is made of keys, and so can always be stored.
KINDS = [kind for kind in STORES if kind != "keys"]


@pytest.fixture(params=["lock", "thread", "file", "socket", "generator", "process"])
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Something that is bound to this process."""
    match request.param:
        case "lock":
            yield threading.Lock()
        case "thread":
            yield threading.Thread()
        case "file":
            with (tmp_path / "other").open("w") as file:
                yield file
        case "socket":
            with socket.socket() as connection:
                yield connection
        case "generator":
            yield (x for x in ())
        case "process":
            with subprocess.Popen(
                [sys.executable, "-c", "input()"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            ) as process:
                yield process
                process.kill()


@pytest.mark.parametrize(
    ("wrap", "path"),
    [
        (
            lambda value: {"layers": [0, SimpleNamespace(activation=value)]},
            "['layers'][1].activation",
        ),
        (lambda value: [lambda: value], "[0].<closure 'value'>"),
    ],
    ids=["data", "closure"],
)
@pytest.mark.parametrize("kind", KINDS)
def test_old_value_stays(
    kind: str, wrap: Callable[[Any], Any], path: str, live: Any, tmp_path: Path
) -> None:
    store = STORES[kind](tmp_path)
    store.dump("old")
    files = {file: file.read_bytes() for file in store.files()}
    with pytest.raises(PersistableError) as error:
        store.dump(wrap(live))
    assert path in str(error.value)
    assert {file: file.read_bytes() for file in store.files()} == files
    assert STORES[kind](tmp_path).load() == "old"
    assert [p.name for p in tmp_path.rglob("*") if p.name[0] in ".%"] == []
