"""The command: ``python -m benchmark --help``."""

from __future__ import annotations

import argparse
import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from . import (
    applications,
    arrays,
    backups,
    batches,
    calls,
    conversations,
    copying,
    files,
    glance,
    imports,
    modules,
    panel,
    parallel,
    scale,
    snapshots,
    states,
    stores,
)
from .machine import describe_machine
from .page import page
from .plot import draw
from .report import block, columns, summary
from .row import LeftOut
from .timing import QUICK, Settings
from .workspace import ROOT

__all__ = ["CASES", "main"]

CASES = (
    *calls.CASES,
    *files.CASES,
    *arrays.CASES,
    *imports.CASES,
    *stores.CASES,
    *batches.CASES,
    *scale.CASES,
    *glance.CASES,
    *copying.CASES,
    *parallel.CASES,
    *states.CASES,
    *conversations.CASES,
    *applications.CASES,
    *modules.CASES,
    *backups.CASES,
    *snapshots.CASES,
    *panel.CASES,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print or write what came out.

    :param arguments: by default those of the command line

    :return: the exit code: one if ``--strict`` and a bar was missed, or could
             not be measured

    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.update_docs and (options.quick or options.only):
        parser.error("--update-docs publishes the whole run: drop --quick and --only")
    # No figure needs the user's key, nor should one be made.
    os.environ["ZENSOLS_PERSIST_KEY"] = secrets.token_hex(32)
    settings = QUICK if options.quick else Settings()
    machine = describe_machine()
    print(*(f"{name}: {text}" for name, text in machine.items()), sep="\n", end="\n\n")
    rows = []
    unmeasured = False
    for case in CASES:
        if not options.only or case.name in options.only:
            try:
                rows.append(case.run(settings))
            except LeftOut as e:
                unmeasured = unmeasured or case.bar is not None
                print(f"{case.title}\n  left out: {e}\n", flush=True)
            else:
                print(block(rows[-1]), flush=True)
    if any(row.case.bar for row in rows):
        print(columns(summary(rows)))
    if options.json:
        answer = {"machine": machine, "rows": [row.to_json() for row in rows]}
        options.json.write_text(json.dumps(answer, indent=2) + "\n", "utf-8")
    if options.update_docs:
        docs = ROOT / "docs"
        draw(rows, docs / "benchmark.svg")
        (docs / "benchmark.md").write_text(page(rows, machine, settings), "utf-8")
    missed = unmeasured or any(row.case.bar and not row.passed for row in rows)
    return int(options.strict and missed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmark")
    parser.description = "Measure zensols.persist beside bare Python and its peers."
    parser.add_argument(
        "--only",
        action="append",
        choices=[case.name for case in CASES],
        help="measure this alone; can be given several times",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="see that everything runs; the figures mean nothing",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    parser.add_argument(
        "--update-docs",
        action="store_true",
        help="write docs/benchmark.md and docs/benchmark.svg",
    )
    parser.add_argument("--strict", action="store_true", help="fail if a bar is missed")
    return parser
