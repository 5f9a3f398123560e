"""Configuring the logging of workers as the configuration says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from elders import stand_in
from labour import BOUND

CODE = """
from zensols.config import Config, ImportConfigFactory
from zensols.multi.childlog import configure_logging

factory = ImportConfigFactory(Config({sections!r}))
configure_logging(factory, "multiprocess_log_config")
"""

LOG = {"class_name": "zensols.cli.LogConfigurator", "text": "words"}
OTHER = {"class_name": "zensols.config.Config", "sections": {}}
NAMED = {"section": "log"}


def run(folder: Path, code: str) -> tuple[str, str]:
    """Return what a program prints and says."""
    done = subprocess.run(
        [sys.executable, "-c", stand_in(folder) + code],
        capture_output=True,
        text=True,
        timeout=BOUND,
        check=True,
    )
    return done.stdout.strip(), done.stderr.strip()


def test_named_configurator_is_called(tmp_path: Path) -> None:
    sections = {"multiprocess_log_config": NAMED, "log": LOG}
    assert run(tmp_path, CODE.format(sections=sections)) == ("configured words", "")


@pytest.mark.parametrize(
    "sections", [{}, {"log": LOG}, {"multiprocess_log_config": {"other": "log"}}]
)
def test_nothing_is_done_unless_one_is_named(
    tmp_path: Path, sections: dict[str, object]
) -> None:
    assert run(tmp_path, CODE.format(sections=sections)) == ("", "")


def test_something_else_is_warned_of(tmp_path: Path) -> None:
    sections = {"multiprocess_log_config": NAMED, "log": OTHER}
    printed, said = run(tmp_path, CODE.format(sections=sections))
    assert printed == ""
    assert said == (
        "warning: section 'log', which section 'multiprocess_log_config' names, makes "
        "a Config, not a LogConfigurator"
    )


STASH = """
from dataclasses import dataclass
from zensols.config import Config, ImportConfigFactory
from zensols.multi import MultiProcessStash
from zensols.persist import DictionaryStash

@dataclass
class Squares(MultiProcessStash):
    {own}
    def _create_data(self):
        return range(2)
    def _process(self, chunk):
        return ((str(number), number) for number in chunk)

sections = dict(
    squares=dict(class_name="__main__.Squares", delegate=DictionaryStash(),
                 workers=1, engine={engine!r}),
    {section}=dict(section="log"),
    log={log!r},
)
stash = ImportConfigFactory(Config(sections)).instance("squares")
assert dict(stash) == dict([("0", 0), ("1", 1)])
"""


@pytest.mark.parametrize("engine", ["serial", "processes"])
def test_workers_of_a_stash_are_configured_once_each(
    tmp_path: Path, engine: str
) -> None:
    code = STASH.format(
        own="", engine=engine, section="multiprocess_log_config", log=LOG
    )
    assert run(tmp_path, code) == ("configured words", "")


def test_class_may_name_another_section(tmp_path: Path) -> None:
    code = STASH.format(
        own="LOG_CONFIG_SECTION = 'mine'", engine="serial", section="mine", log=LOG
    )
    assert run(tmp_path, code) == ("configured words", "")
