"""What became of the items that a worker got."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading

from zensols.multi.outcome import Outcome


def sent(outcome: Outcome) -> Outcome:
    copy = pickle.loads(pickle.dumps(outcome))
    assert isinstance(copy, Outcome)
    return copy


def test_all_that_it_has_travels() -> None:
    outcome = Outcome(["a"], [b"1"], {}, None, 2, 0.5, ["record"])
    assert sent(outcome) == outcome


def test_failures_keep_their_causes() -> None:
    error, other = ValueError("no number"), KeyError("n")
    error.__cause__ = OSError(2, "none")
    failures = sent(Outcome(failures={3: error, 5: other})).failures
    assert str(failures[3]) == "no number"
    assert repr(failures[3].__cause__) == repr(error.__cause__)
    assert failures[5].__cause__ is None
    # The one that was sent is as it was.
    assert error.__cause__ is not failures[3].__cause__


def test_cause_that_cannot_travel_is_told_as_text() -> None:
    error = ValueError("no number")
    error.__cause__ = RuntimeError(threading.Lock())
    cause = sent(Outcome(failures={0: error})).failures[0].__cause__
    assert "lock" in str(cause)


def test_so_it_is_where_dask_is_imported() -> None:
    code = (
        "import distributed, pickle, threading\n"
        "from zensols.multi.outcome import Outcome\n"
        "error = ValueError('no number')\n"
        "error.__cause__ = RuntimeError(threading.Lock())\n"
        "error.__context__ = OSError(threading.Lock())\n"
        "outcome = Outcome(failures={0: error}, unknown=error)\n"
        "failure = pickle.loads(pickle.dumps(outcome)).failures[0]\n"
        "print(failure, '<-', failure.__cause__)\n"
    )
    printed = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert printed.startswith("no number <- <unlocked _thread.lock")
