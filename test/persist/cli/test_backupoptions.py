from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from zensols.persist.backup.retention import Count, Since, Tiers
from zensols.persist.cli.backupoptions import keeping, name_meant
from zensols.persist.cli.exits import UsageError

NOW = datetime(2026, 1, 31, tzinfo=UTC)


def test_rules() -> None:
    def rule(*arguments: int | str | None) -> object:
        found = keeping(*arguments)  # type: ignore[arg-type]  # of several kinds
        assert found is not None
        return found(NOW)

    assert rule(3, None, None, None, None) == Count(3)
    assert rule(None, 7, 4, None, None) == Tiers(7, 4, 0)
    assert rule(None, 0, None, 12, None) == Tiers(0, 0, 12)
    assert rule(None, None, None, None, "30d") == Since(NOW - timedelta(days=30))


def test_nothing_is_said() -> None:
    assert keeping(None, None, None, None, None) is None


@pytest.mark.parametrize(
    "arguments",
    [
        (3, 7, None, None, None),
        (3, None, None, None, "30d"),
        (None, None, None, 0, "30d"),
        (None, 0, 0, 0, None),
        (None, None, None, None, "soon"),
    ],
)
def test_no_rule(arguments: tuple[int | None, ...]) -> None:
    with pytest.raises(UsageError):
        keeping(*arguments)  # type: ignore[arg-type]  # of several kinds


def test_names_of_local_stores(in_tmp: Path) -> None:
    assert name_meant("dir:data") == f"dir://{in_tmp}/data"
    assert name_meant(f"dir://{in_tmp}/data") == f"dir://{in_tmp}/data"
    url = "sqlite:../a.db?table=x&ttl=60"
    assert name_meant(url) == f"sqlite://{in_tmp.parent}/a.db?table=x&ttl=60"


@pytest.mark.parametrize(
    "name",
    [
        "cache",
        "",
        "users: all",
        "nowhere:data",
        "dir:",
        "dir:~no-body/x",
        "dir:data?color=red",
        "memory:",
        "redis://localhost",
        "s3://bucket/prefix",
    ],
)
def test_other_names(name: str) -> None:
    assert name_meant(name) == name
