"""The commands ``stash state ls|show|history|diff|fork|rm|prune|export|import``."""

from __future__ import annotations

from .stateexchange import export, import_
from .statelisting import history, ls
from .stateshowing import diff, show
from .stateupkeep import fork, prune, rm

__all__ = ["COMMANDS", "HELP"]

HELP = """See and manage the states of applications.

They are named by a URL: sqlite:states.db, postgresql://user@host/database,
redis://host:6379/0, mongodb://host/database, or that of any stash. No class of theirs
is needed, and nothing in the database decides what is run.

\b
Examples:
  stash state ls sqlite:states.db --all
  stash state history sqlite:states.db chat --partition 'user 1'
  stash state show sqlite:states.db chat 12 --partition 'user 1'
"""

COMMANDS = (ls, show, history, diff, fork, rm, prune, export, import_)
"""The commands, in the order in which they are listed."""
