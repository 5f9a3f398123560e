"""A census of the Python standard library: expensive the first time only."""

from __future__ import annotations

import argparse
import json
import logging
import platform
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

if TYPE_CHECKING:
    from census.census import Census
    from census.report import Report
    from census.runs import Run

EXAMPLES = """\
examples:
  demo.py               look at all modules; run it twice
  demo.py --limit 100   look at the first hundred only
  demo.py --fresh       forget what is known, and begin again
  demo.py --workers 1   work in this process, rather than one for each core
  demo.py --store sqlite:features.db
                        keep the features in a database
  demo.py --json | python -m json.tool

Interrupt it with Ctrl-C and run it again: it goes on where it stopped.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program, and return its exit code."""
    start = time.perf_counter()
    args = parse(argv)
    logging.basicConfig(format="%(message)s")
    # Which tells how far the work is where there is no terminal for a bar.
    logging.getLogger("zensols.multi").setLevel(logging.INFO)
    # Imported only now, since the time that this takes counts.
    from census.census import Census
    from census.corpus import STDLIB
    from census.report import Report
    from census.runs import Run

    data = args.data / f"{platform.python_implementation()}-{platform.python_version()}"
    if args.fresh and data.exists():
        shutil.rmtree(data)
    census = Census(STDLIB, data, args.limit, args.store, args.workers)
    if args.fresh:
        census.made.clear()
    modules, missing = len(census.features), census.missing
    if 0 < len(missing) < modules:
        say(f"{modules - len(missing)} of {modules} modules are there already.")
    report = None
    try:
        if missing:
            census.made.prime()
        report = Report(census.summary)
    except KeyboardInterrupt:
        say("Interrupted.  Run it again: it goes on where it stopped.")
    seconds = time.perf_counter() - start
    computed = len(missing) - len(census.missing) if missing else 0
    run = Run(modules, computed, seconds, finished=report is not None)
    census.runs.dump(run)
    if report is None:
        return 130
    if args.json:
        print(json.dumps(to_json(census, report, run), indent=2))
    else:
        print_tables(census, report)
    return 0


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        default=platformdirs.user_cache_path("zensols.persist") / "census",
        help="where to keep what is found out (default: %(default)s)",
    )
    parser.add_argument(
        "--limit",
        type=positive,
        metavar="N",
        default=sys.maxsize,
        help="how many modules to look at (default: all)",
    )
    parser.add_argument(
        "--store",
        metavar="URL",
        help="what keeps the features, such as sqlite:features.db or "
        "redis://localhost:6379/0 (default: the folder)",
    )
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        default=0,
        help="how many look at the same time; 1: this process (default: all cores)",
    )
    parser.add_argument("--fresh", action="store_true", help="begin again")
    parser.add_argument("--json", action="store_true", help="print JSON, not tables")
    return parser.parse_args(argv)


def positive(text: str) -> int:
    """Return a number that is at least 1."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def say(text: str) -> None:
    """Tell the user about the work, apart from its results."""
    print(text, file=sys.stderr, flush=True)


def to_json(census: Census, report: Report, run: Run) -> dict[str, object]:
    """Return the results for other programs."""
    entries, size = census.stored()
    stored = {"folder": str(census.data), "entries": entries, "bytes": size}
    return {"run": asdict(run), "stored": stored, **report.to_json()}


def print_tables(census: Census, report: Report) -> None:
    """Print the results for people."""
    from census.runs import speedup
    from census.tables import findings, history
    from rich.console import Console

    from zensols.persist import FileTextUtil, SortedStash

    runs = list(SortedStash(census.runs, int))
    entries, size = census.stored()
    times = speedup([run for _, run in runs])
    console = Console(highlight=False)
    console.print(findings(report), history(runs))
    left_out = runs[-1][1].modules - sum(p.modules for p in report.packages)
    if left_out:
        console.print(f"{left_out} modules don't parse, and have no features.")
    console.print(
        f"{entries:,} entries, {FileTextUtil.byte_format(size)}, in {census.data}",
        soft_wrap=True,
    )
    if times is None:
        console.print("Run it again: what is kept is not computed again.")
    else:
        console.print(f"Computing all this took {times:.0f} times as long.")


if __name__ == "__main__":
    sys.exit(main())
