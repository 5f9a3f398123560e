"""Stand-ins for the packages of the name space that make stashes of a configuration,
for programs of their own.

"""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent

CONFIG = '''
"""Makes objects of sections, as far as workers need it."""
from importlib import import_module
from zensols.persist import Deallocatable

class Config:
    def __init__(self, sections):
        self.sections = sections
    def has_option(self, name, section):
        return name in self.sections.get(section, {})
    def get_option(self, name, section):
        return self.sections[section][name]

class ImportConfigFactory(Deallocatable):
    made = []
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.deallocated = 0
        self.made.append(self)
    def instance(self, name):
        options = dict(self.config.sections[name])
        module, _, kind = options.pop("class_name").rpartition(".")
        cls = getattr(import_module(module), kind)
        names = cls.__init__.__code__.co_varnames
        for own, value in (("config", self.config), ("name", name)):
            if own in names:
                options.setdefault(own, value)
        return cls(**options)
    def deallocate(self):
        super().deallocate()
        self.deallocated += 1
'''

CLI = '''
"""Configures logging."""
import sys

class LogConfigurator:
    def __init__(self, text):
        self.text = text
    def config(self):
        print("configured", self.text, flush=True)
'''


def stand_in(folder: Path) -> str:
    """Make the packages in a folder, and return the begin of a program that has them
    on its path.

    """
    for name, text in (("config", CONFIG), ("cli", CLI)):
        package = folder / "zensols" / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(text, "utf-8")
    paths = [str(folder), *sys.path]
    return dedent(f"""
        import sys
        sys.path[:] = {paths!r}
    """)
