from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from zensols.persist.stash.gate import Gate


def test_who_is_inside_is_waited_for() -> None:
    gate = Gate()
    inside, leave = threading.Event(), threading.Event()
    events = []

    def stay() -> None:
        with gate.own.lock, gate.own.lock:
            inside.set()
            leave.wait()
            events.append("left")

    with ThreadPoolExecutor(1) as executor:
        stays = executor.submit(stay)
        inside.wait()
        assert not gate.shut(timeout=0)
        assert not gate.shut(timeout=0.01)
        leave.set()
        assert gate.shut(timeout=60)
        events.append("shut")
        gate.reopen()
        stays.result()
    assert events == ["left", "shut"]


def test_nobody_enters_while_it_is_shut() -> None:
    gate = Gate()
    events = []

    def enter(known: bool) -> None:
        with gate.own.lock:
            events.append(known)

    with ThreadPoolExecutor(1) as executor:
        executor.submit(enter, True).result()
        assert gate.shut(timeout=60)
        # A thread that the gate knows, and one that it doesn't.
        late = executor.submit(enter, True)
        new = threading.Thread(target=enter, args=(False,))
        new.start()
        # Who has shut it may enter.
        with gate.own.lock:
            events.append("alone")
        assert not late.done()
        assert events == [True, "alone"]
        gate.reopen()
        late.result()
        new.join()
    assert sorted(map(str, events)) == ["False", "True", "True", "alone"]


def test_not_by_who_is_inside() -> None:
    gate = Gate()
    with gate.own.lock:
        assert not gate.shut(timeout=60)
    assert gate.shut(timeout=0)
    gate.reopen()


def test_one_shuts_it_at_a_time() -> None:
    gate = Gate()
    count = 0

    def work() -> None:
        nonlocal count
        for _ in range(200):
            with gate.own.lock:
                pass
            assert gate.shut(timeout=60)
            before = count
            count = before + 1
            gate.reopen()

    with ThreadPoolExecutor(4) as executor:
        for future in [executor.submit(work) for _ in range(4)]:
            future.result()
    assert count == 800


def test_after_giving_up_all_can_enter() -> None:
    gate = Gate()
    inside, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with gate.own.lock:
            inside.set()
            leave.wait()

    def enter() -> bool:
        with gate.own.lock:
            return True

    with ThreadPoolExecutor(2) as executor:
        executor.submit(stay)
        inside.wait()
        assert not gate.shut(timeout=0)
        assert executor.submit(enter).result()
        leave.set()
    assert gate.shut(timeout=60)
    gate.reopen()
