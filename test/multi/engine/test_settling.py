from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import labourers
import pytest
from labour import BOUND
from programs import run_script

ROOT = Path(__file__).parents[3]
SUPPORT = Path(labourers.__file__).parent
METHODS = multiprocessing.get_all_start_methods()

PROGRAM = """
    import asyncio, json, signal, sys
    sys.path.insert(0, sys.argv[2])
    import labour
    from zensols.multi.engine.pool import ProcessPool

    async def main():
        loop = asyncio.get_running_loop()
        # With a handler, and a descriptor that is told of signals.
        loop.add_signal_handler(signal.SIGUSR1, print)
        pool = ProcessPool(1, sys.argv[1])
        future = pool.submit(labour.describe_signals)
        print(json.dumps(await asyncio.wrap_future(future)))
        pool.end(now=False)

    if __name__ == "__main__":
        signal.signal(signal.SIGTERM, lambda *_: print("the program's"))
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        asyncio.run(main())
"""


@pytest.mark.parametrize("method", METHODS)
def test_worker_takes_signals_as_a_new_process_does(
    method: str, tmp_path: Path
) -> None:
    said = json.loads(run_script(tmp_path, PROGRAM, method, str(SUPPORT)))
    assert said == {
        "INT": "_pass",
        "TERM": str(signal.SIG_DFL),
        "USR1": str(signal.SIG_DFL),
        "HUP": str(signal.SIG_IGN),
        "blocked": "[]",
        "wakeup": "-1",
        "child": "default_int_handler",
    }


INTERRUPTED = """
import sys, time
from pathlib import Path
import labour
from zensols.multi.engine import find_engine

def main(folder, name, method):
    engine = find_engine(name, 2, start_method=method or None)
    executor = engine.start()
    met, met_again, there = folder / "met", folder / "again", folder / "there"
    met.mkdir()
    met_again.mkdir()
    futures = [executor.submit(labour.meet, met, 2) for _ in range(2)]
    pids = sorted(future.result() for future in futures)
    futures = [executor.submit(labour.wait_for_file, there) for _ in range(2)]
    try:
        print("ready", flush=True)
        # Unlike signal.pause(), which may begin when the signal is already there.
        while True:
            time.sleep(0.01)
    except KeyboardInterrupt:
        there.touch()
    assert {future.result() for future in futures} <= set(pids)
    futures = [executor.submit(labour.meet, met_again, 2) for _ in range(2)]
    print(sorted(future.result() for future in futures) == pids)
    engine.stop(executor, now=False)

if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
"""


@pytest.mark.parametrize(
    ("engine", "method"),
    [*(("processes", method) for method in METHODS), ("dask", "")],
)
def test_ctrl_c_is_the_programs_alone(engine: str, method: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(INTERRUPTED)
    program = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path), engine, method],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{SUPPORT}"},
        text=True,
        start_new_session=True,
    )
    with program:
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n"
            # As a terminal does.
            os.killpg(program.pid, signal.SIGINT)
            assert program.communicate(timeout=BOUND) == ("True\n", "")
        finally:
            program.kill()
