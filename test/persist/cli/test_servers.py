"""The installed command on stores that servers keep, whose passwords it never
shows.

"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import pytest
from server_mongo import connect_mongo
from server_postgres import GUARDED, PASSWORD

from zensols.persist import DirectoryStash, open_stash
from zensols.persist.codec import SignedPickleCodec
from zensols.persist.stash.wording import unescape

Run = Callable[..., CompletedProcess[str]]

VALUES: dict[str, Any] = {
    "a": [1, 2],
    "b\tc": {"x": None},
    "empty": "",
    "long": b"\x00\xff" * 4000,
    "none": None,
    "$where *": (1, {2}),
}


class Served(NamedTuple):
    """An empty store on a server."""

    kind: str
    """The name of its class."""

    url: str

    refused: str
    """The URL of what the server doesn't give."""

    shown: str
    """What the URL begins with where it is shown."""

    secrets: tuple[str, ...]


def of_user(kind: str, url: str, user: str) -> Served:
    """A store that needs a user's password."""
    place = urlsplit(url)
    host = place.netloc.rpartition("@")[2]

    def give(password: str) -> str:
        return place._replace(netloc=f"{user}:{password}@{host}").geturl()

    quoted = quote(PASSWORD, safe="")
    shown = f"{place.scheme}://{user}:***@{host}{place.path}"
    return Served(kind, give(quoted), give("wr0ng"), shown, (PASSWORD, quoted, "wr0ng"))


@pytest.fixture
def served_redis(redis_url: str) -> Iterator[Served]:
    from redis import Redis

    address, _, user = redis_url.partition("?namespace=")
    with Redis.from_url(address, protocol=2) as client:
        rules: Any = {"keys": ["*"], "commands": ["+@all"]}
        client.acl_setuser(user, True, passwords=[f"+{PASSWORD}"], **rules)
        yield of_user("RedisStash", redis_url, user)
        client.acl_deluser(user)


@pytest.fixture
def served_postgres(postgres_guarded_url: str) -> Served:
    return of_user("PostgresStash", postgres_guarded_url, GUARDED)


@pytest.fixture
def served_mongo(mongo_url: str) -> Iterator[Served]:
    with connect_mongo(mongo_url) as client:
        database = client.get_default_database()
        database.command("createUser", "ann", pwd=PASSWORD, roles=["readWrite"])
        yield of_user("MongoStash", mongo_url, "ann")
        database.command("dropUser", "ann")


@pytest.fixture
def served_s3(s3_url: str) -> Served:
    """Whose password is in the environment."""
    bucket = urlsplit(s3_url).netloc
    refused = s3_url.replace(bucket, f"no-{bucket}", 1)
    secret = os.environ["AWS_SECRET_ACCESS_KEY"]
    return Served("FsspecStash", s3_url, refused, f"s3://{bucket}/", (secret,))


@pytest.fixture(params=["redis", "postgres", "mongo", "s3"])
def server(request: pytest.FixtureRequest) -> Served:
    served: Served = request.getfixturevalue(f"served_{request.param}")
    return served


@pytest.fixture
def run(call: Run, server: Served) -> Run:
    """Runs the command, which shows no secret."""

    def run(*arguments: str, **options: Any) -> CompletedProcess[str]:
        done = call(*arguments, **options)
        assert all(secret not in done.stdout + done.stderr for secret in server.secrets)
        return done

    return run


@pytest.fixture
def stored(server: Served) -> dict[str, Any]:
    """The values that the server keeps."""
    with closing(open_stash(server.url)) as there:
        there.dump_many(VALUES.items())
    return VALUES


def contents(url: str) -> dict[str, Any]:
    with closing(open_stash(url)) as there:
        return dict(there)


def tally(done: CompletedProcess[str]) -> tuple[int, ...]:
    assert done.stderr == ""
    return tuple(json.loads(done.stdout).values())


def test_put_get_and_rm(run: Run, server: Served) -> None:
    run("put", server.url, "k", "--json", '{"x": [null, ""]}')
    with closing(open_stash(server.url)) as there:
        assert dict(there) == {"k": {"x": [None, ""]}}
        there["other"] = 1
    assert run("get", server.url, "k").stdout == "{'x': [None, '']}\n"
    done = run("get", server.url, "none", code=1)
    assert (done.stdout, done.stderr) == ("", "stash: No such key: none\n")
    done = run("rm", server.url, "k", "none", "--yes", code=1)
    assert (done.stdout, done.stderr) == ("", "stash: No such key: none\n")
    assert contents(server.url) == {"other": 1}
    asked = run("rm", server.url, "--all", code=2).stderr
    assert f"Delete all 1 entries in {server.shown}" in asked
    run("rm", server.url, "--all", "--yes")
    assert contents(server.url) == {}


def test_ls_and_info(run: Run, server: Served, stored: dict[str, Any]) -> None:
    lines = run("ls", server.url, "--sort", "key").stdout.splitlines()
    assert [unescape(line.split("\t")[0]) for line in lines] == sorted(stored)
    done = run("ls", server.url, "--json")
    assert done.stderr == ""
    rows = {row["key"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert rows.keys() == stored.keys()
    assert {row["signed"] for row in rows.values()} == {True}
    assert rows["long"]["size"] > 8000
    assert rows["long"]["type"] == "builtins.bytes"
    info = json.loads(run("info", server.url, "--json").stdout)
    assert (info["store"], info["entries"]) == (server.kind, len(stored))
    assert info["url"].startswith(server.shown)
    assert info["bytes"] == sum(row["size"] for row in rows.values())
    assert info["largest"] == {"key": "long", "size": rows["long"]["size"]}
    assert f"{server.kind} at {info['url']}\n" in run("info", server.url).stdout


def test_verify(run: Run, server: Served, stored: dict[str, Any]) -> None:
    theirs = SignedPickleCodec(key="42" * 32)
    with closing(open_stash(server.url)) as there:
        there.dump_entry("forged", bytes(theirs.encode(1, "forged")))
        there.dump_entry("long", there.load_entry("long")[:-100])
    done = run("verify", server.url, "--json", code=1)
    *found, summary = map(json.loads, done.stdout.splitlines())
    assert {row["key"]: row["kind"] for row in found} == {
        "forged": "untrusted",
        "long": "corrupt",
    }
    assert summary == {"entries": 7, "sound": 5}
    assert "forged" in run("get", server.url, "forged", code=4).stderr


def test_copy(run: Run, server: Served) -> None:
    source = DirectoryStash[Any](Path("data"))
    source.dump_many(VALUES.items())
    for origin, target in (
        ("dir:data", server.url),
        (server.url, "lmdb:copy.lmdb"),
        (server.url, "dir:copy"),
    ):
        assert tally(run("copy", origin, target, "--json")) == (6, 0, 0)
        assert contents(target) == VALUES
        assert tally(run("copy", origin, target, "--json")) == (0, 6, 0)
    assert files("copy") == files("data")
    source["a"] = "changed"
    assert tally(run("copy", "dir:data", server.url, "--json")) == (1, 5, 0)
    assert contents(server.url) == VALUES | {"a": "changed"}


def files(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


@pytest.mark.parametrize("form", [[], pytest.param(["--json"], marks=pytest.mark.soak)])
def test_export_and_import(
    run: Run, server: Served, stored: dict[str, Any], form: list[str]
) -> None:
    done = run("export", server.url, "file", *form)
    assert done.stderr == "stash: 6 exported, 0 failed\n"
    with closing(open_stash(server.url)) as there:
        there.delete_many(["a", "none"])
        there["mine"] = 1
    assert tally(run("import", server.url, "file", "--json")) == (2, 4, 0)
    assert contents(server.url) == stored | {"mine": 1}


@pytest.mark.parametrize("arguments", [["ls"], ["copy", "dir:data"]])
def test_refused(run: Run, server: Served, arguments: list[str]) -> None:
    DirectoryStash[Any](Path("data"))["a"] = 1
    done = run(*arguments, server.refused, code=3)
    assert done.stdout == ""
    assert done.stderr.startswith("stash: ")
    assert done.stderr.count("\n") == 1
