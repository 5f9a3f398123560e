"""The demonstration runs unchanged over each store, which only its URL names."""

from __future__ import annotations

import json
from typing import Any

import pytest

LOCAL = [
    "dir:features",
    "dir:features?pattern={name}.bin&compress=zlib",
    "dir:features?ttl=3600",
    "lmdb:features.lmdb",
    "shelve:features",
    "sqlite:features.db",
    "sqlite:features.db?table=modules",
]


SERVERS = ["mongo", "postgres", "redis", "s3"]


@pytest.fixture
def server_url(request: pytest.FixtureRequest) -> str:
    """The URL of a store on a server, asked for before the environment is copied."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def demo(request, examples):
    """Runs the demonstration over a store, and returns its results."""
    if "server_url" in request.fixturenames:
        request.getfixturevalue("server_url")
    run = request.getfixturevalue("run")

    def demo(url: str) -> Any:
        return json.loads(
            run(
                examples / "demo.py",
                *("--data", "data", "--limit", "12", "--workers", "2", "--json"),
                *("--store", url),
            ).stdout
        )

    return demo


@pytest.fixture
def run_twice(demo):
    def run_twice(url: str) -> None:
        cold, warm, default = demo(url), demo(url), demo("dir:other")
        assert (cold["run"]["computed"], warm["run"]["computed"]) == (12, 0)
        assert default["run"]["computed"] == 12
        for part in ("packages", "most_complex", "pairs"):
            assert cold[part] == warm[part] == default[part]

    return run_twice


@pytest.mark.parametrize("url", LOCAL)
def test_local_stores(url: str, run_twice) -> None:
    run_twice(url)


@pytest.mark.parametrize("server_url", SERVERS, indirect=True)
def test_stores_on_servers(server_url: str, run_twice) -> None:
    run_twice(server_url)


def test_in_memory(demo) -> None:
    assert demo("memory:")["run"]["computed"] == 12
    assert demo("memory:")["run"]["computed"] == 12
