"""The panel in a browser: from its address to the first keys of a large store."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from .row import OURS, Bar, Case, LeftOut
from .scale import fill_store
from .stores import CHAPTER
from .timing import Measurement, Settings, interleave
from .workspace import ROOT, new_folder

__all__ = ["CASES"]

_SMALL: Final = "the same with 1,000 keys"
_FEW: Final = 1000
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
)
_LONGEST: Final = 120_000


def _measure(settings: Settings) -> list[Measurement]:
    with new_folder() as folder, _browser() as browser:
        for count in (settings.many, _FEW):
            fill_store("lmdb", folder, count).close()
        urls = [f"lmdb:{folder}/{count}" for count in (settings.many, _FEW)]
        with _panel(*urls) as address:

            def sample(number: int) -> float:
                # Which has nothing of the pages seen before.
                context = browser.new_context()
                context.set_default_timeout(_LONGEST)
                page = context.new_page()
                start = time.perf_counter()
                page.goto(f"{address}/store/{number}")
                page.get_by_text("entry-0000000").wait_for()
                seconds = time.perf_counter() - start
                context.close()
                return seconds

            contenders = {OURS: partial(sample, 0), _SMALL: partial(sample, 1)}
            return interleave(contenders, settings.few_rounds)


@contextmanager
def _browser() -> Iterator[Any]:
    path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if path is None:
        raise LeftOut("there is no browser; on Debian: apt-get install chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as e:
        raise LeftOut("playwright is not installed") from e
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=list(_ARGUMENTS)
        )
        yield browser
        browser.close()


@contextmanager
def _panel(*urls: str) -> Iterator[str]:
    options = ("--port", "0", "--no-open", "--json")
    code = "from zensols.persist.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "ui", *urls, *options],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.terminate()


CASES: Final = (
    Case(
        "panel",
        "See the first page of keys of an LMDB store of 1,000,000 in the panel",
        _SMALL,
        _measure,
        Bar(1, of="value"),
        note="from the address to the first key, in a Chromium that has seen none of "
        "the panel before",
        chapter=CHAPTER,
    ),
)
