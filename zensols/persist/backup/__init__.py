"""Backups: named caches as readable files, daily ones, and snapshots of stashes.  The
names below are imported when they are first used.

"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazy_names

if TYPE_CHECKING:
    from .differences import diff
    from .handler import PersistenceHandler
    from .modules import register_modules
    from .pruning import Pruned, forget, prune
    from .restoration import Restoration
    from .restoring import restore
    from .result import BackupResult
    from .retention import Tiers
    from .schedule import BackupSchedule
    from .snapshotstash import SnapshotStash
    from .snapshotting import Snapshot, newest, snapshot, snapshots
    from .status import backup_status
    from .store import CacheStore
    from .undoing import restorations, undo
    from .verifying import Problem, verify

__all__ = [
    "BackupResult",
    "BackupSchedule",
    "CacheStore",
    "PersistenceHandler",
    "Problem",
    "Pruned",
    "Restoration",
    "Snapshot",
    "SnapshotStash",
    "Tiers",
    "backup_status",
    "diff",
    "forget",
    "newest",
    "prune",
    "register_modules",
    "restorations",
    "restore",
    "snapshot",
    "snapshots",
    "undo",
    "verify",
]

_MODULES = {
    "BackupResult": "result",
    "BackupSchedule": "schedule",
    "CacheStore": "store",
    "PersistenceHandler": "handler",
    "Problem": "verifying",
    "Pruned": "pruning",
    "Restoration": "restoration",
    "Snapshot": "snapshotting",
    "SnapshotStash": "snapshotstash",
    "Tiers": "retention",
    "backup_status": "status",
    "diff": "differences",
    "forget": "pruning",
    "newest": "snapshotting",
    "prune": "pruning",
    "register_modules": "modules",
    "restorations": "undoing",
    "restore": "restoring",
    "snapshot": "snapshotting",
    "snapshots": "snapshotting",
    "undo": "undoing",
    "verify": "verifying",
}

__getattr__, __dir__ = lazy_names(globals(), _MODULES)
