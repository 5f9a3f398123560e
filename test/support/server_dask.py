"""A Dask cluster of separate processes for the tests."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from server import PYTHON, Server

_PATH = os.pathsep.join([str(Path(__file__).parents[2]), str(Path(__file__).parent)])


class DaskCluster(Server):
    """A scheduler, which can be killed and started again, and its workers.

    It gives workers up that show no sign of life for five seconds, the least that
    Dask has.

    """

    def __init__(self, folder: Path) -> None:
        """
        :param folder: where the log is, and the workers' files

        """
        super().__init__(folder)
        self.workers: list[subprocess.Popen[bytes]] = []

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def command(self) -> Sequence[str]:
        return [
            *(PYTHON, "-m", "distributed.cli.dask_scheduler", "--no-dashboard"),
            *("--host", "127.0.0.1", "--port", str(self.port)),
            *("--dashboard-address", "127.0.0.1:0", "--no-show"),
        ]

    def options(self) -> dict[str, Any]:
        more = {"PYTHONPATH": _PATH, "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "1s"}
        return {"env": {**os.environ, **more}, "cwd": self.folder}

    def is_ready(self) -> bool:
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", self.port)) == 0

    def add_worker(self) -> subprocess.Popen[bytes]:
        """Start a process that works for it, soon."""
        with (self.folder / "worker.log").open("ab") as log:
            worker = subprocess.Popen(
                [
                    *(PYTHON, "-m", "distributed.cli.dask_worker", self.address),
                    *("--nthreads", "1", "--no-nanny", "--no-dashboard"),
                    *("--host", "127.0.0.1", "--local-directory", str(self.folder)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self.options(),
            )
        self.workers.append(worker)
        return worker

    def wait_for_workers(self, number: int) -> None:
        """Wait until so many work for it."""
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(number, timeout=self.seconds_to_start)

    def stop(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()
        # It is killed, since it would wait for its clients.
        self.kill()


@pytest.fixture
def start_dask(tmp_path: Path) -> Iterator[Callable[[int], DaskCluster]]:
    """Starts clusters that are the test's own, each with so many workers."""
    clusters: list[DaskCluster] = []

    def start(workers: int) -> DaskCluster:
        folder = tmp_path / f"dask-{len(clusters)}"
        folder.mkdir()
        cluster = DaskCluster(folder)
        clusters.append(cluster)
        cluster.start()
        for _ in range(workers):
            cluster.add_worker()
        if workers:
            cluster.wait_for_workers(workers)
        return cluster

    yield start
    for cluster in clusters:
        cluster.stop()
