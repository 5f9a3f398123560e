from __future__ import annotations

import gc
import weakref

from zensols.persist.annotation import PersistedWork
from zensols.persist.annotation.shared import SharedValue, shared_value
from zensols.persist.missing import MISSING


class Owner:
    pass


def make_work() -> PersistedWork:
    return PersistedWork("a", Owner())


def test_same_class_and_name() -> None:
    assert shared_value(Owner, "a") is shared_value(Owner, "a")
    assert shared_value(Owner, "a") is not shared_value(Owner, "b")
    assert shared_value(Owner, "a") is not shared_value(int, "a")
    assert str(shared_value(Owner, "a")) == "a"


def test_goes_with_the_class() -> None:
    class Local:
        pass

    value = weakref.ref(shared_value(Local, "a"))
    assert value() is not None
    del Local
    gc.collect()
    assert value() is None


def test_publish_and_clear() -> None:
    shared = SharedValue("a")
    work = make_work()
    assert shared.recall(work, MISSING) == (MISSING, True)
    shared.publish(None, work)
    assert shared.recall(work, MISSING) == (None, True)
    assert shared.generation == 0
    shared.publish(3, work)
    assert shared.value == 3
    assert shared.generation == 1
    shared.clear()
    shared.clear()
    assert shared.value is MISSING
    assert shared.generation == 2


def test_clear_reaches_what_users_have_at_hand() -> None:
    shared = SharedValue("a")
    work = make_work()
    shared.publish(3, work)
    work._value_at_hand = 3
    shared.clear()
    assert not hasattr(work, "_value_at_hand")


def test_own_value_until_the_shared_one_is_given_up() -> None:
    shared = SharedValue("a")
    first, second = make_work(), make_work()
    assert shared.recall(first, "own") == ("own", True)
    assert shared.value == "own"
    assert shared.recall(second, "other") == ("other", False)
    shared.publish("new", first)
    assert shared.recall(second, "other") == ("new", True)


def test_last_user_gets_the_value_to_free() -> None:
    shared = SharedValue("a")
    first, second, stranger = make_work(), make_work(), make_work()
    shared.publish(3, first)
    shared.recall(second, MISSING)
    assert shared.leave(stranger) is MISSING
    assert shared.leave(first) is MISSING
    assert shared.value == 3
    assert shared.leave(second) == 3
    assert shared.value is MISSING


def test_collected_works_are_no_users() -> None:
    shared = SharedValue("a")
    first, second = make_work(), make_work()
    shared.publish(3, first)
    shared.recall(second, MISSING)
    del second
    gc.collect()
    assert shared.leave(first) == 3
