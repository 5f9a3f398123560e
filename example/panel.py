"""The panel in a browser, on what the other examples keep: the census of the standard
library (demo.py), with snapshots of it, an agent's way out of a maze (agent.py), and
some pictures.

Everything is made in a temporary folder, or in the one that --data names.  What else is
given is for `stash ui`: panel.py --port 9000 --no-open

"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from zensols.persist import open_stash
from zensols.persist.backup import snapshot

HERE = Path(__file__).parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--data", type=Path, metavar="DIR", help="where to keep it all")
    parser.add_argument("--limit", default="200", help="how many modules to look at")
    args, rest = parser.parse_known_args()
    if args.data is None:
        with tempfile.TemporaryDirectory() as folder:
            return show(Path(folder), args.limit, rest)
    args.data.mkdir(parents=True, exist_ok=True)
    return show(args.data.absolute(), args.limit, rest)


def show(folder: Path, limit: str, rest: list[str]) -> int:
    features, backups = f"sqlite:{folder}/features.db", f"dir:{folder}/backups"
    census = ("--data", str(folder / "census"), "--store", features, "--workers", "1")
    run("demo.py", *census, "--limit", str(max(1, int(limit) * 2 // 3)))
    snapshot(open_stash(features), backups, name="features")
    run("demo.py", *census, "--limit", limit)
    snapshot(open_stash(features), backups, name="features")
    run("agent.py", "run", str(folder / "maze.db"))
    run("agent.py", "fork", str(folder / "maze.db"), "6", "other")
    run(
        "agent.py", "run", str(folder / "maze.db"), "--name", "other", "--order", "eswn"
    )
    paint(f"dir:{folder}/pictures")
    command = ["from zensols.persist.cli import main; main()", "ui", features]
    command += [f"dir:{folder}/pictures", "--states", f"sqlite:{folder}/maze.db"]
    # So that it finds the classes of the census.
    env = os.environ | {"PYTHONPATH": str(HERE)}
    with subprocess.Popen(  # noqa: S603  this package's own command
        [sys.executable, "-c", *command, "--backups", backups, *rest], env=env
    ) as panel:
        # Who ends this doesn't want to go on being served.
        signal.signal(signal.SIGTERM, lambda *_: panel.terminate())
        try:
            return panel.wait()
        except KeyboardInterrupt:
            return panel.wait()


def run(script: str, *arguments: str) -> None:
    output = sys.stderr if "--json" in sys.argv else None
    subprocess.run(  # noqa: S603  a script beside this one
        [sys.executable, HERE / script, *arguments], check=True, stdout=output
    )


def paint(url: str) -> None:
    pictures = open_stash(url)
    y, x = np.mgrid[-1.2:1.2:300j, -2:0.8:350j]
    plane, z, steps = x + 1j * y, 0j, np.zeros(x.shape, np.float32)
    with np.errstate(all="ignore"):
        for _ in range(60):
            z = z * z + plane
            steps += np.abs(z) < 2
    pictures["mandelbrot"] = steps
    pictures["waves"] = np.sin(8 * x) * np.cos(9 * y)
    pictures["settings"] = {"size": [300, 350], "steps": 60, "colours": None}


if __name__ == "__main__":
    sys.exit(main())
