"""The commands
``stash backup now|ls|show|diff|restore|undo|prune|schedule|status|verify``.

"""

from __future__ import annotations

from .backupcomparing import diff
from .backuplisting import ls, show
from .backuppruning import prune
from .backuprestoring import restore, undo
from .backupscheduling import schedule
from .backupstatus import status
from .backuptaking import now
from .backupverifying import verify

__all__ = ["COMMANDS", "HELP"]

HELP = """Back stores up, and put back what they had.

A snapshot is what a store had at one time. It is kept in any other store, INTO, together
with other snapshots: what these have in common takes place once. A URL names each of
the stores.

\b
Examples:
  stash backup now dir:cache dir:backups
  stash backup ls dir:backups
  stash backup restore dir:backups latest dir:cache
  stash backup undo dir:cache dir:backups
"""

COMMANDS = (now, ls, show, diff, restore, undo, prune, schedule, status, verify)
"""The commands, in the order in which they are listed."""
