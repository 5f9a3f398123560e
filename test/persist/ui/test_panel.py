from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zensols.persist import PersistableError, open_stash
from zensols.persist.backup import snapshot
from zensols.persist.state import open_persister
from zensols.persist.ui.panel import Panel, ReadOnlyError
from zensols.persist.ui.stateview import App


@pytest.fixture
def urls(tmp_path: Path) -> dict[str, Any]:
    stash = open_stash(f"dir:{tmp_path}/work")
    stash["a"], stash["b"] = 1, 2
    snapshot(stash, f"dir:{tmp_path}/backups")
    with open_persister(f"sqlite:{tmp_path}/states.db") as persister:
        for step in (1, 2):
            persister.save("ann", "chat", step, "ask", {"n": step}, "completed")
    return {
        "stores": [f"dir:{tmp_path}/work", f"lmdb:{tmp_path}/other"],
        "states": [f"sqlite:{tmp_path}/states.db"],
        "backups": [f"dir:{tmp_path}/backups"],
    }


def test_nothing_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    Panel.open([f"dir:{folder}/a", f"lmdb:{folder}/b"], [f"sqlite:{folder}/c.db"])
    assert list(folder.iterdir()) == []


def test_passwords_are_not_shown() -> None:
    panel = Panel.open(["redis://:topsecret@127.0.0.1:1/0"])
    assert "topsecret" not in panel.stores[0].name
    assert "topsecret" not in repr(panel.stores[0].url)


def test_wrong_url() -> None:
    with pytest.raises(PersistableError, match="nosuch"):
        Panel.open(["nosuch:a"])
    with pytest.raises(PersistableError):
        Panel.open(states=["nosuch:a"])


def test_only_shows(urls: dict[str, Any]) -> None:
    panel = Panel.open(**urls)
    into = panel.backups[0].content
    from zensols.persist.backup import snapshots

    [taken] = snapshots(into)
    writable = Panel.open(**urls, write=True)
    deletion = writable.delete(0, ["a"])
    done = writable.restore(0, taken, 0, "merge")
    app = App("ann", "chat")
    writable.fork(0, app, 1, "made")
    for change in (
        lambda: panel.delete(0, ["b"]),
        lambda: panel.undelete(deletion),
        lambda: panel.fork(0, app, 1, "other"),
        lambda: panel.unfork(0, App("ann", "made")),
        lambda: panel.take(0, 0),
        lambda: panel.restore(0, taken, 0, "merge"),
        lambda: panel.undo(done),
    ):
        with pytest.raises(ReadOnlyError, match="--write"):
            change()
    assert len(snapshots(into)) == 1
    assert dict(panel.stores[0].content) == {"a": 1, "b": 2}
    assert set(panel.states[0].content.list_app_ids("ann")) == {"chat", "made"}


def test_delete_and_undo(urls: dict[str, Any]) -> None:
    panel = Panel.open(**urls, write=True)
    deletion = panel.delete(0, ["a"])
    assert dict(panel.stores[0].content) == {"b": 2}
    assert panel.undelete(deletion) == ["a"]
    assert dict(panel.stores[0].content) == {"a": 1, "b": 2}


def test_restore_and_undo(urls: dict[str, Any]) -> None:
    panel = Panel.open(**urls, write=True)
    stash = panel.stores[0].content
    stash["a"], stash["c"] = 5, 6
    from zensols.persist.backup import restorations, snapshots

    [taken] = snapshots(panel.backups[0].content)
    plan = panel.restore(0, taken, 0, "replace", dry_run=True)
    assert (list(plan.changed), list(plan.removed)) == (["a"], ["c"])
    assert dict(stash) == {"a": 5, "b": 2, "c": 6}
    panel.restore(0, taken, 0, "replace")
    assert dict(stash) == {"a": 1, "b": 2}
    # As another panel finds it.
    [done] = restorations(panel.backups[0].content)
    panel.undo(done)
    assert dict(stash) == {"a": 5, "b": 2, "c": 6}


def test_restored_elsewhere_can_not_be_undone_here(urls: dict[str, Any]) -> None:
    panel = Panel.open(**urls, write=True)
    from zensols.persist.backup import restorations, snapshots

    panel.stores[0].content["a"] = 5
    panel.restore(0, snapshots(panel.backups[0].content)[0], 0, "merge")
    other = Panel.open(urls["stores"][1:], backups=urls["backups"], write=True)
    [done] = restorations(other.backups[0].content)
    with pytest.raises(PersistableError):
        other.undo(done)


def test_store_of_a_snapshot(urls: dict[str, Any]) -> None:
    panel = Panel.open(**urls)
    from zensols.persist.backup import snapshots

    [taken] = snapshots(panel.backups[0].content)
    assert panel.store_of(taken.url) == 0
    assert panel.store_of("dir:///nowhere") is None
    assert panel.store_of(None) is None


def test_fork_and_undo(urls: dict[str, Any]) -> None:
    panel = Panel.open(**urls, write=True)
    persister = panel.states[0].content
    panel.fork(0, App("ann", "chat"), 1, "made")
    assert [item.sequence_id for item in persister.history("ann", "made")] == [1]
    panel.unfork(0, App("ann", "made"))
    assert persister.list_app_ids("ann") == ["chat"]
    with pytest.raises(PersistableError, match="stash state rm"):
        panel.unfork(0, App("ann", "chat"))


def test_fork_that_has_gone_on_is_kept(urls: dict[str, Any]) -> None:
    panel = Panel.open(**urls, write=True)
    panel.fork(0, App("ann", "chat"), 1, "made")
    panel.states[0].content.save("ann", "made", 2, "ask", {"n": 9}, "completed")
    with pytest.raises(PersistableError, match="has gone on since"):
        panel.unfork(0, App("ann", "made"))
    assert set(panel.states[0].content.list_app_ids("ann")) == {"chat", "made"}
