from __future__ import annotations

import copy
import json
import logging
import os
import pickle
import threading
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from robots import Robot, remade

from zensols.persist.error import PersistableError
from zensols.persist.module import Keeper, ManualClock, PersistentModule, release

pytestmark = pytest.mark.usefixtures("keeper")


class Arm(Robot):
    """Derives from a module, and adds to what its constructor does."""

    def __init__(self, key: str | None = None, **options: Any) -> None:
        super().__init__(key, **options)
        self.speed = 3
        self.seen_by_constructor = list(self.restored)

    def backup(self) -> dict[str, Any]:
        return {**super().backup(), "speed": self.speed}

    def restore(self, data: dict[str, Any]) -> None:
        super().restore(data)
        self.speed = data.get("speed", 3)


class Hand(Arm):
    """Adds no constructor."""


@dataclass
class Settings(PersistentModule):
    persistence_key: str = "settings"
    speed: float = 1.0
    names: list[str] = field(default_factory=list)

    def backup(self) -> dict[str, Any]:
        return {"speed": self.speed, "names": self.names}

    def restore(self, data: dict[str, Any]) -> None:
        self.speed, self.names = data["speed"], data["names"]


class Counted(type):
    """A metaclass of the user's."""

    made = 0

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        Counted.made += 1
        return super().__call__(*args, **kwargs)


class Other(metaclass=Counted):
    def __init__(self, *, size: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = size


class Mixed(Robot, Other):
    """Has two bases, and the metaclass of one."""


def test_state_is_found_again(home: Path) -> None:
    robot = Robot()
    assert robot.restored == []
    robot.value = 2.5
    release(robot)
    assert json.loads((home / "robots.Robot.json").read_text()) == {"value": 2.5}
    again = remade()
    assert again.value == 2.5
    assert again.restored == [{"value": 2.5}]


def test_other_folder(tmp_path: Path, home: Path) -> None:
    robot = Robot(persistence_folder=tmp_path / "there")
    robot.value = 2
    release(robot)
    assert (tmp_path / "there" / "robots.Robot.json").exists()
    assert not home.exists()
    assert remade(persistence_folder=str(tmp_path / "there")).value == 2


def test_folder_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keeper: Keeper
) -> None:
    monkeypatch.delenv("ZENSOLS_PERSIST_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    robot = Robot("a")
    robot.value = 2
    release(robot)
    assert list(tmp_path.rglob("*.json")) == [
        tmp_path / "share" / "zensols.persist" / "a.json"
    ]


def test_key_is_any_text(home: Path) -> None:
    robot = Robot("../left arm/1")
    assert robot.persistence_key == "../left arm/1"
    robot.value = 2
    release(robot)
    assert [path.parent for path in home.parent.rglob("*.json")] == [home]
    assert remade("../left arm/1").value == 2
    assert remade("../left arm/2").value == 1


def test_key_of_a_class(home: Path) -> None:
    class Left(Robot):
        persistence_key = "left"

    assert Left().persistence_key == "left"


def test_duplicate_key_names_both() -> None:
    robot = Robot("a")
    with pytest.raises(PersistableError) as caught:
        Arm("a")
    assert f"robots.Robot at {id(robot):#x}" in str(caught.value)
    assert "Arm at 0x" in str(caught.value)
    assert "'a'" in str(caught.value)
    assert "persistence_key" in str(caught.value)
    # The first is kept as before.
    robot.value = 4
    release(robot)
    assert Robot("a").value == 4


def test_duplicate_default_key() -> None:
    _ = Robot()
    with pytest.raises(PersistableError, match=r"robots\.Robot"):
        Robot()


def test_failed_constructor_takes_no_key() -> None:
    class Failing(Robot):
        def __init__(self, fail: bool) -> None:
            super().__init__("failing")
            if fail:
                raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        Failing(True)
    assert Failing(False).persistence_key == "failing"


@pytest.mark.parametrize("kind", [Arm, Hand])
def test_restores_once_when_constructed(kind: type[Arm]) -> None:
    arm = kind("arm")
    arm.value, arm.speed = 2, 8
    release(arm)
    again = kind("arm")
    assert again.restored == [{"value": 2, "speed": 8}]
    assert again.seen_by_constructor == []
    assert (again.value, again.speed) == (2, 8)


def test_base_class_is_restored_after_its_subclass_was_used() -> None:
    for kind in (Hand, Robot, Arm, Robot):
        made = kind("x")
        assert made.restored == []
        release(made)
    for kind in (Hand, Robot, Arm):
        made = kind("x")
        made.value = made.value + 1
        release(made)
    assert len(Robot("x").restored) == 1


def test_dataclass() -> None:
    settings = Settings()
    settings.names.append("a")
    release(settings)
    again = Settings()
    assert again == Settings("another", names=["a"]) or again.names == ["a"]
    assert again.persistence_key == "settings"


def test_dataclass_that_calls_the_constructor() -> None:
    @dataclass(eq=False)
    class Point(PersistentModule):
        x: int = 0

        def __post_init__(self) -> None:
            super().__init__(persistence_key="point")
            assert self.x == 0

        def backup(self) -> dict[str, Any]:
            return {"x": self.x}

        def restore(self, data: dict[str, Any]) -> None:
            self.x = data["x"]

    point = Point()
    point.x = 5
    release(point)
    assert Point().x == 5


def test_slots_and_frozen() -> None:
    @dataclass(frozen=True, slots=True)
    class Fixed(PersistentModule):
        box: list[int]

        def backup(self) -> dict[str, Any]:
            return {"box": self.box}

        def restore(self, data: dict[str, Any]) -> None:
            self.box[:] = data["box"]

    fixed = Fixed([1])
    fixed.box.append(2)
    release(fixed)
    assert Fixed([0]).box == [1, 2]


def test_class_with_a_metaclass() -> None:
    Counted.made = 0
    mixed = Mixed("mixed", size=4)
    assert (mixed.size, Counted.made) == (4, 1)
    mixed.value = 9
    release(mixed)
    assert Mixed("mixed").value == 9


def test_constructor_keeps_its_signature() -> None:
    import inspect

    _ = Arm("a")
    assert list(inspect.signature(Arm).parameters) == ["key", "options"]


def test_missing_methods_say_so(caplog: pytest.LogCaptureFixture) -> None:
    class Bare(PersistentModule):
        pass

    bare = Bare(persistence_key="bare")
    with pytest.raises(NotImplementedError, match=r"Bare has no backup\(\)"):
        bare.backup()
    with pytest.raises(NotImplementedError, match=r"Bare has no restore\(\)"):
        bare.restore({})


class Broken(Robot):
    """Changes all that it has, and then fails."""

    def __init__(self, key: str | None = None, **options: Any) -> None:
        super().__init__(key, **options)
        self.points = [[1], [2]]
        self.alias = self.points

    def restore(self, data: dict[str, Any]) -> None:
        self.value = data["value"]
        self.points[0].append(5)
        self.points.clear()
        self.fresh = True
        raise KeyError("speed")


def test_failed_restore(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    robot = Robot("r")
    robot.value = 2
    release(robot)
    before = (home / "r.json").read_bytes()
    broken = Broken("r")
    assert (broken.value, broken.points, hasattr(broken, "fresh")) == (
        1.0,
        [[1], [2]],
        False,
    )
    assert broken.alias is broken.points
    (record,) = (one for one in caplog.records if one.name.startswith("zensols."))
    assert record.levelno == logging.ERROR
    assert "'r'" in record.message
    assert str(home / "r.json") in record.message
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], KeyError)
    release(broken)
    assert (home / "r.json").read_bytes() == before
    assert not (home / "r.json.rejected").exists()


def test_file_that_was_not_restored_is_kept(home: Path, keeper: Keeper) -> None:
    robot = Robot("r")
    robot.value = 2
    release(robot)
    for number, name in enumerate(["r.json.rejected", "r.json.rejected2"]):
        before = (home / "r.json").read_bytes()
        broken = Broken("r")
        broken.value = 50 + number
        release(broken)
        assert (home / name).read_bytes() == before
        assert json.loads((home / "r.json").read_text()) == {"value": 50 + number}


def test_request_without_a_change_is_written_where_no_file_has_it(
    home: Path, clock: ManualClock
) -> None:
    robot = Robot("r")
    clock.advance(100)
    assert not (home / "r.json").exists()
    robot.request_backup()
    clock.advance(9)
    assert not (home / "r.json").exists()
    clock.advance(1)
    assert json.loads((home / "r.json").read_text()) == {"value": 1.0}


def test_request_in_constructor_and_restore(home: Path, clock: ManualClock) -> None:
    class Eager(Robot):
        def __init__(self) -> None:
            super().__init__("eager")
            self.request_backup()

        def restore(self, data: dict[str, Any]) -> None:
            super().restore(data)
            self.request_backup()

    eager = Eager()
    clock.advance(10)
    assert (home / "eager.json").exists()
    release(eager)
    before = (home / "eager.json").stat().st_ino
    _ = Eager()
    clock.advance(10)
    assert (home / "eager.json").stat().st_ino == before


def test_values_come_back_as_they_were(home: Path) -> None:
    from datetime import datetime

    value = {"at": datetime(2020, 5, 17, tzinfo=UTC), "size": (3, {4})}
    robot = Robot("r")
    robot.value = value
    release(robot)
    assert remade("r").value == value


def test_value_that_can_not_be_stored(home: Path) -> None:
    robot = Robot("r")
    robot.value = [1, {"at": object()}]
    with pytest.raises(PersistableError, match=r"module 'r'.*\['value'\]\[1\]\['at'\]"):
        release(robot)
    assert not (home / "r.json").exists()
    robot.value = 2
    release(robot)
    assert remade("r").value == 2


def test_backup_that_is_no_dictionary(home: Path) -> None:
    class Odd(Robot):
        def backup(self) -> Any:
            return [1]

    odd = Odd("odd")
    with pytest.raises(PersistableError, match=r"'odd'.* list instead of a dictionary"):
        release(odd)
    odd.backup = dict  # type: ignore[method-assign]
    release(odd)


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_copies_are_not_kept(copied: Any, home: Path, keeper: Keeper) -> None:
    robot = Robot("r")
    other = copied(robot)
    other.value = 77
    other.request_backup()
    keeper.cycle()
    keeper.flush()
    assert remade_value(home) != 77
    robot.value = 5
    release(robot)
    assert remade_value(home) == 5


def remade_value(home: Path) -> Any:
    path = home / "r.json"
    return json.loads(path.read_text())["value"] if path.exists() else None


def test_many_threads_construct_one_class(keeper: Keeper) -> None:
    barrier = threading.Barrier(8)
    made: list[Hand] = []

    class New(Hand):
        pass

    def make(number: int) -> None:
        barrier.wait(60)
        made.append(New(f"new {number}"))

    threads = [threading.Thread(target=make, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(made) == len(keeper.records) == 8
    keys = {module.persistence_key for module in made}
    assert keys == {f"new {n}" for n in range(8)}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_child_writes_nothing(home: Path, keeper: Keeper) -> None:
    robot = Robot("r")
    robot.value = 2
    pid = os.fork()
    if pid == 0:
        try:
            robot.value = 3
            robot.request_backup()
            keeper.cycle()
            keeper.flush()
            release(robot)
        finally:
            os._exit(int((home / "r.json").exists()))
    assert os.waitpid(pid, 0)[1] == 0
    release(robot)
    assert remade("r").value == 2
