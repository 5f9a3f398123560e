from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from zensols.persist.backup.retention import Count, Since, Tiers
from zensols.persist.cli.backupoptions import keeping
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
