"""What the panel shows to its tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser import Served, Serving
from shop import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """What a test may change."""
    return Shop(tmp_path)


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A panel that only shows, with all there is, which tests share."""
    folder = tmp_path_factory.mktemp("shown")
    shop = Shop(folder)
    shop.fill_work()
    shop.fill_states()
    shop.fill_backups()
    shop.fill_foreign()
    shop.fill_many()
    shop.fill_arrays()
    shop.fill_odd()
    serving = Serving(folder)
    yield serving.panel(
        shop.url("work"),
        shop.url("many", "lmdb"),
        shop.url("empty", "sqlite"),
        "redis://127.0.0.1:1/0?timeout=1",
        shop.url("arrays"),
        shop.url("odd.db", "sqlite"),
        "--states",
        shop.url("states.db", "sqlite"),
        "--states",
        shop.url("none.db", "sqlite"),
        "--backups",
        shop.url("backups"),
        "--backups",
        shop.url("none"),
    )
    serving.close()
    # Nor is anything made by being looked at.
    assert not {"empty", "none", "none.db"} & {path.name for path in folder.iterdir()}
    errors = serving.errors()
    # Starlette complains of browsers that hang up, too.
    assert "In the panel" not in errors, errors
    assert "background_tasks" not in errors, errors


@pytest.fixture
def writing(shop: Shop, serving: Serving) -> Callable[[], Served]:
    """Starts a panel that may change what a test has in its shop."""

    def start() -> Served:
        return serving.panel(
            shop.url("work"),
            "--states",
            shop.url("states.db", "sqlite"),
            "--backups",
            shop.url("backups"),
            "--write",
        )

    return start
