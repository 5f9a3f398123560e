from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from zensols.persist import PersistableError
from zensols.persist.state import InMemoryPersister
from zensols.persist.ui import stateview
from zensols.persist.ui.stateview import App, compare, list_apps, list_steps, show_state

CHAT = App("ann", "chat")


@dataclass
class Point:
    x: int


@pytest.fixture
def persister() -> InMemoryPersister:
    persister = InMemoryPersister(types=[Point])
    for step in range(1, 6):
        state = {"n": step, "seen": list(range(step)), "at": Point(step)}
        status = "failed" if step == 3 else "completed"
        persister.save("ann", "chat", step, f"step\n{step}", state, status)  # type: ignore[arg-type]
    persister.save(None, "plan", 1, "begin", {}, "completed")
    return persister


def test_apps(persister: InMemoryPersister) -> None:
    assert list_apps(persister) == [App(None, "plan"), CHAT]
    assert [str(app) for app in list_apps(persister)] == ["plan", "ann / chat"]
    assert str(App("\n", "\u202e")) == r"\n / \u202e"


def test_steps(persister: InMemoryPersister) -> None:
    steps = list_steps(persister, CHAT)
    assert [step.number for step in steps] == [5, 4, 3, 2, 1]
    assert [step.number for step in steps if step.has_failed] == [3]
    assert str(steps[0]) == r"5: step\n5"
    assert list_steps(persister, App("ann", "absent")) == []


def test_many_steps(persister: InMemoryPersister, monkeypatch: Any) -> None:
    monkeypatch.setattr(stateview, "MOST", 2)
    assert [step.number for step in list_steps(persister, CHAT)] == [5, 4]
    monkeypatch.setattr(stateview, "MOST", 1)
    assert list_apps(persister) == [App(None, "plan")]


def test_state_without_its_classes(persister: InMemoryPersister) -> None:
    [root] = show_state(persister, CHAT, 2)
    labels = [child["label"] for child in root["children"]]
    assert labels[:2] == ["n: 2", "seen: list, 2 items"]
    assert "Point" in str(root["children"][2])


def test_any_two_steps(persister: InMemoryPersister) -> None:
    assert [str(change) for change in compare(persister, CHAT, 1, 3)][:3] == [
        "~ n: 1 → 3",
        "+ seen[1]: 1",
        "+ seen[2]: 2",
    ]
    kinds = [change.kind for change in compare(persister, CHAT, 4, 3)]
    assert kinds[:2] == ["changed", "removed"]
    assert compare(persister, CHAT, 2, 2) == []


def test_step_that_is_gone(persister: InMemoryPersister) -> None:
    with pytest.raises(PersistableError, match="no step 9 any more"):
        show_state(persister, CHAT, 9)


def test_large_state(persister: InMemoryPersister, monkeypatch: Any) -> None:
    monkeypatch.setattr(stateview, "LARGEST", 10)
    with pytest.raises(PersistableError, match="use stash state get"):
        show_state(persister, CHAT, 5)
