from __future__ import annotations

import logging
from pathlib import Path

import pytest

from zensols.persist.backup.notes import (
    HandlerNotes,
    Problem,
    ScheduleNotes,
    read_notes,
    to_iso,
    write_notes,
)
from zensols.persist.backup.result import BackupResult

FAILED = BackupResult.failed("users", OSError("no disk"))


def test_last_error_is_kept_until_a_backup_succeeds() -> None:
    notes = HandlerNotes()
    notes.update([FAILED, BackupResult.made("jobs", "/b/x.json", 1, 9)], at=0)
    assert notes.errors == {"users": Problem("no disk", to_iso(0))}
    notes.update([BackupResult.made("users", "/b/x.json", 1, 9)], at=1)
    assert notes.errors == {}


@pytest.mark.parametrize(
    "notes",
    [
        HandlerNotes(300, to_iso(5), 12, {"users": Problem("no disk", to_iso(0))}),
        ScheduleNotes("03:00:00 UTC", to_iso(0), to_iso(1), {"users": to_iso(2)}),
    ],
)
def test_others_read_them(notes: object, tmp_path: Path) -> None:
    write_notes(str(tmp_path), ".notes", notes)
    assert read_notes(str(tmp_path), ".notes", type(notes)) == notes


@pytest.mark.parametrize(
    "data", [b"", b"[" * 100_000, b'{"interval": "x"}', b"5", b"\xff"]
)
def test_damaged_ones_are_none(data: bytes, tmp_path: Path) -> None:
    (tmp_path / ".notes").write_bytes(data)
    assert read_notes(str(tmp_path), ".notes", HandlerNotes) is None


def test_huge_ones_are_none(tmp_path: Path) -> None:
    with (tmp_path / ".notes").open("wb") as file:
        file.truncate(1 << 40)
    assert read_notes(str(tmp_path), ".notes", HandlerNotes) is None


def test_failure_to_write_is_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        write_notes(str(tmp_path / "none"), ".notes", HandlerNotes())
    assert "Can't note in" in caplog.text
