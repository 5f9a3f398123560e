from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from programs import run_script

from zensols.persist.error import PersistableError
from zensols.persist.module.owner import Owner

HOLD = """
import sys
from zensols.persist.module.owner import Owner
owner = Owner(sys.argv[1], "robot")
getattr(owner, sys.argv[2])()
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "robot.json")


@pytest.mark.parametrize("what", ["claim", "claim_writing"])
@pytest.mark.parametrize("first", ["claim", "claim_writing"])
def test_other_process_is_refused_until_the_owner_dies(
    path: str, first: str, what: str
) -> None:
    owner = Owner(path, "robot")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path, first],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        with pytest.raises(PersistableError) as caught:
            getattr(owner, what)()
        for part in ("'robot'", f"process {child.pid}", path, "persistence_key"):
            assert part in str(caught.value)
        child.kill()
    getattr(owner, what)()
    owner.release()
    assert os.listdir(os.path.dirname(path)) == []


def test_claims_twice(path: str) -> None:
    owner = Owner(path, "robot")
    for _ in range(2):
        owner.claim()
        owner.claim_writing()
    owner.release()
    owner.release()


def test_process_that_a_program_left_behind(path: str) -> None:
    # It has the right to write, and its parent is gone.
    left, owner = Owner(path, "robot"), Owner(path, "robot")
    left.claim_writing()
    os.unlink(Path(path).with_name(".robot.json.lock"))
    with pytest.raises(PersistableError, match=f"process {os.getpid()}"):
        owner.claim()
    left.release()
    owner.claim()
    owner.release()


def test_spawned_process_writes_if_its_parent_does_not(tmp_path: Path) -> None:
    said = run_script(
        tmp_path,
        """
        import multiprocessing, sys
        from zensols.persist.error import PersistableError
        from zensols.persist.module.owner import Owner

        owner = Owner(sys.argv[1], "robot")
        owner.claim()

        def write():
            try:
                owner.claim_writing()
            except PersistableError as e:
                print("refused", f"process {multiprocessing.parent_process().pid}" in str(e))
            else:
                print("may write")
            sys.stdout.flush()
            owner.release()

        def spawn():
            sys.stdout.flush()
            child = multiprocessing.get_context("spawn").Process(target=write)
            child.start()
            child.join()

        if __name__ == "__main__":
            spawn()
            owner.claim_writing()
            spawn()
        """,
        str(tmp_path / "robot.json"),
    )
    assert said.splitlines() == ["may write", "refused True"]
