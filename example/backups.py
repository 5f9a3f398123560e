"""Named caches: backed up to files that people can read, lost, and restored; and a
backup each night, of which fewer are kept the older they are.

"""

from __future__ import annotations

import tempfile
from pathlib import Path

from zensols.persist.backup import (
    BackupSchedule,
    CacheStore,
    PersistenceHandler,
    Tiers,
    backup_status,
)


def make_store() -> CacheStore:
    """Return caches with something in them."""
    store = CacheStore()
    store.create_cache("users").dump_many(
        {"user:1": "alice@example.com", "user:2": "bob@example.com"}.items()
    )
    store.create_cache("sessions", ttl=3600)["session:1"] = {"user": "user:1"}
    store.default["greeting"] = "hello"
    return store


def main(folder: Path) -> None:
    """Back up, lose, restore and ask how that goes."""
    store = make_store()
    # Every five minutes, and once more when the block ends.
    with PersistenceHandler(folder / "often", 300, store) as handler:
        results = handler.backup_all()
        print(f"Backed up {sum(results.values())} caches")

        store.delete_cache("users")
        newest = handler.list_backups("users")[0]
        print(f"Restored: {handler.restore_cache(newest['filepath'])}")
        print(dict(store["users"]))

    nightly = BackupSchedule(
        "03:00",
        folder / "nightly",
        keep=Tiers(daily=7, weekly=4, monthly=12),
        source=store,
        timezone="Europe/Berlin",
        start=False,
    )
    print(f"Each night at {nightly.next_run:%H:%M}; {len(nightly.run())} files now")

    status = backup_status(folder / "often")
    for name, cache in sorted(status["caches"].items()):
        print(f"{name}: {cache['count']} backups, the newest {cache['age']:.0f} s old")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        main(Path(name))
