from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from zensols.multi.policy import Retry, as_retry, retry


def test_names_are_policies_without_retries() -> None:
    assert as_retry("raise") == Retry(0, 0.0, "raise")
    assert as_retry("collect") == Retry(0, 0.0, "collect")


def test_retries_stay_as_they_are() -> None:
    policy = retry(2, 1.5, then="collect")
    assert as_retry(policy) is policy
    assert policy == Retry(2, 1.5, "collect")


def test_delays_double_up_to_a_minute() -> None:
    policy = retry(2000, backoff=0.5)
    delays = [policy.delay(tried) for tried in range(8)]
    assert delays == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0]
    assert policy.delay(1999) == 60.0


def test_a_longer_backoff_is_kept() -> None:
    policy = retry(3, backoff=300)
    assert [policy.delay(0), policy.delay(2)] == [300.0, 300.0]


def test_no_backoff() -> None:
    assert retry(3).delay(2) == 0.0


@pytest.mark.parametrize("times", [-1, 1.0, True, "2", None])
def test_wrong_times(times: Any) -> None:
    with pytest.raises(ValueError, match=f"whole number, 0 or more: {times!r}"):
        retry(times)


def test_no_retries_is_not_a_retry() -> None:
    with pytest.raises(ValueError, match=r"say 'collect' instead of retry\(0\)"):
        retry(0, then="collect")


@pytest.mark.parametrize("backoff", [-0.1, float("inf"), float("nan"), True, "1"])
def test_wrong_backoffs(backoff: Any) -> None:
    with pytest.raises(ValueError, match=f"seconds, 0 or more: {backoff!r}"):
        retry(1, backoff)


@pytest.mark.parametrize("policy", ["ignore", None, 3, ["raise"], "Raise"])
def test_unknown_policies(policy: Any) -> None:
    with pytest.raises(ValueError, match=r"use 'raise', 'collect' or retry\(n\)"):
        as_retry(policy)
    with pytest.raises(ValueError, match=r"use 'raise', 'collect' or retry\(n\)"):
        retry(1, then=policy)


def test_policies_are_values() -> None:
    policy = retry(2, 0.1)
    assert pickle.loads(pickle.dumps(policy)) == policy
    with pytest.raises(FrozenInstanceError):
        policy.times = 3  # type: ignore[misc]
