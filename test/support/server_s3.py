"""An S3 server (moto) for the tests, and the fixtures that need it."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from server import PYTHON, Server, environment_url

_buckets = itertools.count()

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test-key",
    "AWS_SECRET_ACCESS_KEY": "test-secret",
    # Else they are looked for in the network.
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_DEFAULT_REGION": "us-east-1",
}


class S3Server(Server):
    """A server that keeps objects in memory, one request at a time, so that its
    conditional writes are atomic.

    """

    def __init__(self, folder: Path, **environment: str) -> None:
        """
        :param folder: where the log is

        :param environment: more variables of its environment

        """
        super().__init__(folder)
        self._environment = environment

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> Sequence[str]:
        return [PYTHON, __file__, str(self.port)]

    def options(self) -> dict[str, Any]:
        environment = {k: v for k, v in os.environ.items() if k not in CREDENTIALS}
        return {"env": {**environment, **self._environment}}

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.endpoint}/moto-api/", timeout=5):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False


def s3_client(endpoint: str) -> Any:
    """Return the server's own client."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 1}),
    )


def new_bucket(endpoint: str) -> str:
    """Return the name of a bucket that is made."""
    bucket = f"test-{os.getpid()}-{next(_buckets)}"
    client = s3_client(endpoint)
    try:
        client.create_bucket(Bucket=bucket)
    finally:
        client.close()
    return bucket


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The URL of a server that all tests of this process share."""
    url = environment_url("s3")
    if url is not None:
        yield url
        return
    folder = Path(tempfile.mkdtemp(prefix="zensols-persist-s3-"))
    try:
        with S3Server(folder) as server:
            yield server.endpoint
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def s3_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The credentials where all tools look for them."""
    if environment_url("s3") is None:
        for name, value in CREDENTIALS.items():
            monkeypatch.setenv(name, value)


@pytest.fixture
def s3_url(s3_endpoint: str, s3_environment: None) -> str:
    """The URL of a prefix in a bucket that is the test's own."""
    return f"s3://{new_bucket(s3_endpoint)}/some/prefix?endpoint_url={s3_endpoint}"


@pytest.fixture
def start_s3(tmp_path: Path, s3_environment: None) -> Iterator[Callable[..., S3Server]]:
    """Starts servers that are the test's own, to be killed or restricted."""
    servers: list[S3Server] = []

    def start(**environment: str) -> S3Server:
        folder = tmp_path / f"s3-{len(servers)}"
        folder.mkdir()
        servers.append(S3Server(folder, **environment))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def _serve(port: int) -> None:
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import run_simple

    app = DomainDispatcherApplication(create_backend_app)
    run_simple("127.0.0.1", port, app, threaded=False)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
