from __future__ import annotations

import gc
import time

import pytest

from zensols.persist import PersistableError
from zensols.persist.ui.password import Password, Throttle


def test_password_is_only_kept_as_a_hash() -> None:
    secret = "correct horse"
    password = Password(secret)
    assert secret not in repr(vars(password))
    assert secret.encode() not in b"".join(
        v for v in vars(password).values() if isinstance(v, bytes)
    )


@pytest.mark.parametrize(
    "text", ["", "correct horsE", "correct horse ", "x" * 5000, "\ud800"]
)
def test_other_texts_are_not_the_password(text: str) -> None:
    assert not Password("correct horse").matches(text)


def test_password_of_any_characters() -> None:
    assert Password("пароль-日本語").matches("пароль-日本語")


def test_hashes_are_salted() -> None:
    one, other = Password("correct horse"), Password("correct horse")
    assert vars(one).values() != vars(other).values()
    assert one.matches("correct horse")
    assert other.matches("correct horse")


@pytest.mark.parametrize("text", ["", "1234567", "x" * 1025])
def test_bad_password_is_refused(text: str) -> None:
    with pytest.raises(PersistableError, match=f"has {len(text)} characters: give"):
        Password(text)


def test_attempts_are_counted_by_address() -> None:
    now = [100.0]
    throttle = Throttle(3, 60, clock=lambda: now[0])
    assert [throttle.attempt("a") for _ in range(4)] == [0, 0, 0, 60]
    assert throttle.attempt("b") == 0
    now[0] += 45
    assert throttle.attempt("a") == 15
    now[0] += 15
    assert throttle.attempt("a") == 0


def test_attempts_that_were_refused_do_not_count() -> None:
    now = [0.0]
    throttle = Throttle(1, 60, clock=lambda: now[0])
    assert throttle.attempt("a") == 0
    for _ in range(10):
        assert throttle.attempt("a") == 60
    now[0] = 60
    assert throttle.attempt("a") == 0


def test_attempts_of_all_are_bounded() -> None:
    throttle = Throttle(2, 60, of_all=3, clock=lambda: 0.0)
    waits = [throttle.attempt(f"10.0.0.{n}") for n in range(8)]
    assert waits == [0] * 6 + [60] * 2


def test_who_knew_it_is_forgiven() -> None:
    throttle = Throttle(1, 60, clock=lambda: 0.0)
    assert throttle.attempt("a") == 0
    throttle.forgive("a")
    throttle.forgive("nobody")
    assert throttle.attempt("a") == 0


def test_only_so_many_addresses_are_remembered() -> None:
    throttle = Throttle(1, 60, of_all=10**6, addresses=10, clock=lambda: 0.0)
    for n in range(100):
        throttle.attempt(str(n))
    gc.collect()
    assert throttle.attempt("99") == 60
    assert throttle.attempt("0") == 0


def test_clock_is_monotonic() -> None:
    throttle = Throttle(1)
    assert throttle._clock is time.monotonic
