"""The example of engines prints the same table wherever it runs, also after it was
killed.

"""

from __future__ import annotations

import lzma
import os
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

STDLIB = Path(sysconfig.get_path("stdlib"))

PLUG = '''
"""Kills the program and all of its workers at one item, once."""

import lzma
import os
import signal
from pathlib import Path

LAST = Path({last!r}).read_bytes()
PULLED = Path({pulled!r})
compress = lzma.compress


def pull(data):
    if data == LAST and not PULLED.exists():
        PULLED.touch()
        os.killpg(0, signal.SIGKILL)
    return compress(data)


lzma.compress = pull
'''


@pytest.fixture
def engines(run, examples):
    """Runs the example, and returns its table and what it says."""

    def engines(*args):
        done = run(examples / "engines.py", *args)
        return done.stdout, done.stderr

    return engines


@pytest.fixture
def cluster():
    """The address of a Dask cluster that is there already."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


def expected_row(name):
    source = (STDLIB / f"{name}.py").read_bytes()
    compressed = len(lzma.compress(source))
    share = compressed / len(source)
    return f"{name} {len(source):,} {compressed:,} {share:.0%}".split()


def modules():
    return sorted(path.stem for path in STDLIB.glob("*.py"))


def test_prints_the_same_table_on_all_engines(engines, in_tmp):
    tables = {}
    for engine in ("serial", "threads", "processes", "dask"):
        tables[engine], said = engines("--engine", engine, "--workers", "2")
        total = len(modules())
        assert said.startswith(f"{engine}: complete, {total} of {total} items")
    assert set(tables.values()) == {tables["serial"]}
    _, *rows, whole = tables["serial"].splitlines()
    shown = [row.split() for row in rows]
    assert shown == [expected_row(row[0]) for row in shown]
    parts = [int(row[3].rstrip("%")) for row in shown]
    assert parts == sorted(parts, reverse=True)
    assert whole.split()[:2] == ["all", str(len(modules()))]
    assert os.listdir(in_tmp) == []


def test_runs_on_a_cluster_that_is_there(engines, cluster):
    table, said = engines("--engine", cluster)
    assert said.startswith(f"{cluster}: complete")
    assert table == engines("--engine", "serial")[0]


@pytest.mark.parametrize(
    "engine",
    [
        pytest.param("serial", marks=pytest.mark.soak),
        "processes",
        pytest.param("dask", marks=pytest.mark.soak),
    ],
)
def test_goes_on_where_it_was_killed(engine, engines, environment, examples, in_tmp):
    names = modules()
    pulled = in_tmp / "pulled"
    (in_tmp / "sitecustomize.py").write_text(
        PLUG.format(last=str(STDLIB / f"{names[-1]}.py"), pulled=str(pulled))
    )
    environment["PYTHONPATH"] += os.pathsep + str(in_tmp)
    command = [str(examples / "engines.py"), "--engine", engine]
    command += ["--workers", "2", "--store", "dir:news"]
    killed = subprocess.run(
        [sys.executable, *command],
        check=False,
        env=environment,
        capture_output=True,
        start_new_session=True,
    )
    assert killed.returncode == -signal.SIGKILL
    assert killed.stdout == b""
    assert pulled.exists()
    before = kept()
    assert len(names) // 2 < len(before) < len(names)

    table, said = engines(*command[1:])
    assert f"{len(names)} of {len(names)} items (100 %), " in said
    after = kept()
    assert len(after) == len(names)
    unchanged = sum(after[name] == status for name, status in before.items())
    assert unchanged > len(names) // 2
    assert table == engines("--engine", "serial")[0]


def kept():
    """The files of the results, and what would differ if they were replaced."""
    statuses = ((path.name, path.stat()) for path in Path("news").glob("*.dat"))
    return {name: (status.st_ino, status.st_mtime_ns) for name, status in statuses}


def test_second_run_computes_nothing(engines):
    first, _ = engines("--store", "dir:news")
    written = kept()
    assert len(written) == len(modules())
    second, _ = engines("--store", "dir:news")
    assert kept() == written
    assert first == second


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (["--engine", "steam"], "serial, threads, processes, dask"),
        (["--store", "drawer:news"], "unknown scheme 'drawer'"),
    ],
)
def test_says_what_is_wrong(args, part, environment, examples):
    done = subprocess.run(
        [sys.executable, examples / "engines.py", *args],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("engines.py: ")
    assert part in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_help_has_examples(run, examples):
    assert "engines.py --engine dask" in run(examples / "engines.py", "--help").stdout
