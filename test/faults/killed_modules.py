"""Has processes killed at random moments while they write modules, and looks at what
they leave.

    killed_modules.py KIND FOLDER KILLS SEED

"""

from __future__ import annotations

import os
import random
import shutil
import signal
import struct
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

from zensols.persist.module import (
    Keeper,
    ManualClock,
    PersistentModule,
    import_all,
    save_all,
)

KEYS = ("a", "b", "c")


def payload(number: int) -> list[int]:
    # Some take longer to write, for the kill to fall into.
    return [number] * (number * 7919 % 3000)


class Numbered(PersistentModule):
    def __init__(self, key: str) -> None:
        super().__init__(persistence_key=key)
        self.number = 0

    def backup(self) -> dict[str, Any]:
        return {"number": self.number, "payload": payload(self.number)}

    def restore(self, data: dict[str, Any]) -> None:
        assert data["payload"] == payload(data["number"]), "torn"
        self.number = data["number"]


def write(modules: list[Numbered], number: int) -> None:
    for module in modules:
        module.number = number
    save_all()


def import_(modules: list[Numbered], number: int) -> None:
    state = {"number": number, "payload": payload(number)}
    import_all({module.persistence_key or "": state for module in modules})


def work(change: Callable[[list[Numbered], int], None], tell: int) -> NoReturn:
    with Keeper(clock=ManualClock()):
        modules = [Numbered(key) for key in KEYS]
        number = max(module.number for module in modules)
        while True:
            number += 1
            os.write(tell, struct.pack("q", number))
            change(modules, number)
            os.write(tell, struct.pack("q", -number))


def kill_once(
    change: Callable[[list[Numbered], int], None], choose: random.Random
) -> tuple[int, int]:
    """Return the numbers that were written last, and begun last."""
    listen, tell = os.pipe()
    if (pid := os.fork()) == 0:
        try:
            work(change, tell)
        finally:
            os._exit(1)
    os.close(tell)
    said = b""
    for _ in range(choose.randrange(1, 12)):
        said += os.read(listen, 8)
    end = time.perf_counter() + choose.random() ** 2 * 0.01
    while time.perf_counter() < end:
        pass
    os.kill(pid, signal.SIGKILL)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL
    while more := os.read(listen, 1 << 16):
        said += more
    os.close(listen)
    numbers = [n for (n,) in struct.iter_unpack("q", said[: len(said) // 8 * 8])]
    return -min([0, *numbers]), max([0, *numbers])


def look() -> list[int]:
    with Keeper(clock=ManualClock()):
        return [Numbered(key).number for key in KEYS]


def main(kind: str, folder: str, kills: str, seed: str) -> None:
    os.environ["ZENSOLS_PERSIST_HOME"] = folder
    choose = random.Random(int(seed))
    change = {"write": write, "import": import_}[kind]
    before = 0
    for kill in range(int(kills)):
        done, begun = kill_once(change, choose)
        numbers = look()
        case = f"seed {seed}, kill {kill}: {numbers}, {done} done, {begun} begun"
        assert set(numbers) <= {max(done, before), begun}, case
        assert kind == "write" or len(set(numbers)) == 1, case
        before = max(numbers)
        if kind == "write":
            # All the same again, for the next one.
            before += 1
            with Keeper(clock=ManualClock()):
                write([Numbered(key) for key in KEYS], before)
        left = [n for n in os.listdir(folder) if n[0] in "%." and "lock" not in n]
        assert kind == "import" or left == [], f"{case}: {left}"
        shutil.rmtree(os.path.join(folder, "backups"), ignore_errors=True)
    print("fine", before)


if __name__ == "__main__":
    main(*sys.argv[1:])
