"""Sphinx's configuration; run by ``make docs``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import zensols.persist

project = "zensols.persist"
author = "zensols.persist contributors"
copyright = f"2026, {author}"
version = release = zensols.persist.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.doctest"]
exclude_patterns = ["_build"]
html_theme = "furo"

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
# Names that are loaded when first used don't tell Sphinx where they are from:
# the reference is made of the rooms, not of the package.
autodoc_default_options = {"members": True, "show-inheritance": True}
add_module_names = False

# The rest of the world has no index here, since building needs no network.
nitpick_ignore_regex = [
    ("py:.*", r"(?!zensols\.).*"),
    # Type variables.
    ("py:.*", r"zensols\..*\.[A-Z][a-z]?"),
]

# Internals that a public signature shows.
nitpick_ignore = [
    ("py:class", "zensols.persist.annotation.memory.WorkMemory"),
    ("py:class", "zensols.persist.backup.depot.Depot"),
    ("py:class", "zensols.persist.backup.pages.Link"),
    ("py:class", "zensols.persist.backup.restoration.Keys"),
    ("py:class", "zensols.persist.backup.tree.Tree"),
    ("py:class", "zensols.persist.codec.entry.Header"),
    ("py:class", "zensols.persist.codec.kept.Kept"),
    ("py:class", "zensols.persist.state.addressed.Addressed"),
    ("py:class", "zensols.persist.state.logic.Logic"),
    ("py:class", "zensols.persist.state.records.Records"),
    ("py:class", "zensols.persist.state.values.FromPositions"),
    ("py:class", "zensols.persist.state.values.Made"),
]

# Docstrings' examples are run by pytest, each by itself.
doctest_test_doctest_blocks = ""
doctest_global_setup = """
import os
import tempfile
from pathlib import Path

_folder = tempfile.TemporaryDirectory()
_cwd = os.getcwd()
os.chdir(_folder.name)
os.environ["ZENSOLS_PERSIST_KEY"] = "5a" * 32
os.environ["ZENSOLS_PERSIST_HOME"] = os.path.join(_folder.name, "home")
"""
doctest_global_cleanup = """
os.chdir(_cwd)
_folder.cleanup()
"""
