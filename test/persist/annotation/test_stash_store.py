from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.annotation.fingerprint import Fingerprinted
from zensols.persist.annotation.stash_store import StashStore, resolve_stash
from zensols.persist.domain import ReadOnlyStash
from zensols.persist.error import (
    ClassNotFoundError,
    LockTimeoutError,
    PersistableError,
    UntrustedDataError,
)
from zensols.persist.missing import MISSING
from zensols.persist.stash import DictionaryStash, DirectoryStash


class Failing(ReadOnlyStash[Any]):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def load(self, name: str) -> Any:
        raise self.error

    def exists(self, name: str) -> bool:
        return True

    def keys(self) -> list[str]:
        return ["a"]


def test_values_are_the_stash_s_own() -> None:
    stash: DictionaryStash[Any] = DictionaryStash()
    StashStore(stash, "a", "").dump(3, 0)
    assert stash.data == {"a": 3}
    assert StashStore(stash, "a", "").load() == 3


def test_fingerprint(caplog: pytest.LogCaptureFixture) -> None:
    stash: DictionaryStash[Any] = DictionaryStash()
    StashStore(stash, "a", "1").dump("first", 0)
    assert isinstance(stash.data["a"], Fingerprinted)
    assert StashStore(stash, "a", "1").load() == "first"
    assert StashStore(stash, "a", "").load() == "first"
    with caplog.at_level(logging.INFO, "zensols.persist"):
        assert StashStore(stash, "a", "2").load() is MISSING
    assert "key 'a' of DictionaryStash" in caplog.text


def test_no_fingerprint_is_another() -> None:
    stash: DictionaryStash[Any] = DictionaryStash()
    stash.dump("a", "first")
    assert StashStore(stash, "a", "1").load() is MISSING


def test_fingerprint_on_disk(tmp_path: Path) -> None:
    StashStore(DirectoryStash(tmp_path / "s"), "a", "1").dump([1], 0)
    again = DirectoryStash(tmp_path / "s")
    assert StashStore(again, "a", "1").load() == [1]
    assert StashStore(again, "a", "2").load() is MISSING


def test_class_that_is_no_more_is_a_miss(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "zensols.persist"):
        store = StashStore(Failing(ClassNotFoundError("no such class")), "a", "")
        assert store.load() is MISSING
    assert "no such class" in caplog.text


def test_class_that_is_no_more_in_a_folder(
    tmp_path: Path, run_python: Callable[..., str]
) -> None:
    """A miss for a method, whose value can be computed again; an error in the
    stash itself, whose value would be lost."""
    code = """if True:
        from pathlib import Path
        from zensols.persist.annotation import persisted
        from zensols.persist.error import ClassNotFoundError
        from zensols.persist.stash import DirectoryStash
        stash = DirectoryStash(Path("s"))
        try:
            from soon_gone import Gone
        except ImportError:
            Gone = str
        class Owner:
            @persisted(stash=stash, key="k")
            def x(self):
                print("computing")
                return Gone()
        try:
            stash.load("k")
        except ClassNotFoundError as e:
            print("no class", "k.dat" in str(e), stash.exists("k"))
        print(type(Owner().x()).__name__)
    """
    module = tmp_path / "soon_gone.py"
    module.write_text("class Gone: pass\n")
    assert run_python(code).splitlines() == ["computing", "Gone"]
    assert run_python(code).splitlines() == ["Gone"]
    module.unlink()
    said = run_python(code).splitlines()
    assert said == ["no class True True", "computing", "str"]
    assert run_python(code).splitlines() == ["str"]


def test_other_errors_are_none() -> None:
    with pytest.raises(UntrustedDataError):
        StashStore(Failing(UntrustedDataError("foreign")), "a", "").load()


def test_lock_is_the_stash_s() -> None:
    stash: DictionaryStash[Any] = DictionaryStash()
    raised: list[LockTimeoutError] = []

    def enter() -> None:
        try:
            with StashStore(stash, "a", "").lock(0.01):
                pass
        except LockTimeoutError as e:
            raised.append(e)

    with stash.lock("a"):
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join(60)
    assert len(raised) == 1


def test_resolve() -> None:
    stash: DictionaryStash[Any] = DictionaryStash()
    assert resolve_stash(stash, None) is stash
    assert resolve_stash(lambda owner: owner.stash, _Owner(stash)) is stash


class _Owner:
    def __init__(self, stash: Any) -> None:
        self.stash = stash


@pytest.mark.parametrize("stash", [lambda owner: None, lambda owner: {}])
def test_resolve_something_else(stash: Any) -> None:
    with pytest.raises(PersistableError, match="Not a stash"):
        resolve_stash(stash, None)
