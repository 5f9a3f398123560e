"""Importing packages in new interpreters."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from importlib.util import find_spec

from .row import OURS, Bar, Case
from .timing import Measurement, Settings, interleave
from .workspace import ROOT

__all__ = ["CASES"]

_STATEMENTS = {
    "joblib": "import joblib",
    OURS: "import zensols.persist",
    f"{OURS}, used": (
        "from zensols.persist import DirectoryStash, PersistedWork, persisted"
    ),
    "joblib without NumPy": "import joblib",
    "diskcache": "import diskcache",
    "zict": "import zict",
    "sqlitedict": "import sqlitedict",
    "shelve": "import shelve",
}

_SETUPS = {"joblib without NumPy": "sys.modules['numpy'] = None"}


def _measure(settings: Settings) -> list[Measurement]:
    samplers = {}
    for name, statement in _STATEMENTS.items():
        if find_spec(statement.split()[1].partition(".")[0]) is None:
            print(f"{name} is left out: it is not installed")
            continue
        sampler = functools.partial(_seconds, statement, _SETUPS.get(name, ""))
        # Compiles the modules.
        sampler()
        samplers[name] = sampler
    return interleave(samplers, settings.few_rounds)


def _seconds(statement: str, setup: str) -> float:
    start = f"import sys, time\n{setup}\nstart = time.perf_counter()"
    code = f"{start}\n{statement}\nprint(time.perf_counter() - start)"
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    answer = subprocess.check_output(
        [sys.executable, "-c", code], cwd=ROOT, env=env, text=True
    )
    return float(answer)


CASES = (
    Case(
        "import",
        "import zensols.persist",
        "joblib",
        _measure,
        Bar(1 / 3),
        note=(
            "The baseline is `import joblib`, which imports NumPy where that is "
            f"installed.  '{OURS}, used' imports names that most programs use, since "
            "the package loads its modules when they are first used."
        ),
    ),
)
"""What this module measures."""
