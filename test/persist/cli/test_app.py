from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import zensols.persist
from zensols.persist import DirectoryStash

COMMANDS = "ls get put rm info copy verify sign export import".split()


def test_help_names_exit_codes_and_commands(stash: Any) -> None:
    text = stash("--help").stdout
    for command in COMMANDS:
        assert f"  {command} " in text
    for code in ("0", "1", "2", "3", "4", "130", "141"):
        assert f" {code}  " in text


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_examples(call: Any, command: str) -> None:
    text = call(command, "--help").stdout
    assert "Examples:\n" in text
    assert f"    stash {command} " in text.partition("Examples:")[2]


def test_version(stash: Any) -> None:
    assert stash("--version").stdout == f"stash {zensols.persist.__version__}\n"


def test_completion(stash: Any) -> None:
    done = stash(
        _STASH_COMPLETE="complete_bash", COMP_WORDS="stash ver", COMP_CWORD="1"
    )
    assert done.stdout.split() == ["verify"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "Missing command"),
        (("no-such",), "No such command"),
        (("ls",), "URL"),
        (("ls", "data"), "No scheme"),
        (("ls", "nosuch:data"), "unknown scheme 'nosuch'; known: "),
        (("ls", "dir:data?speed=9"), "unknown option 'speed'; allowed: "),
        (("ls", "dir:data?trust=any"), "can't be set by a URL"),
        (("ls", "dir:data?codec=xml"), "unknown codec 'xml'"),
        (("ls", "dir://host/data"), "host 'host'"),
        (("copy", "dir:a"), "DST"),
        (("copy", "dir:a", "dir:a"), "same store"),
        (("copy", "dir:a", "dir:a?codec=json"), "same store"),
        (("get", "dir:a", "k", "--json", "--raw"), "not both"),
        (("rm", "dir:a"), "keys or --all"),
        (("rm", "dir:a", "k", "--all"), "keys or --all"),
        (("rm", "dir:a", "k"), "give --yes"),
        (("put", "dir:a", "k", "--json", "{"), "Not JSON"),
        (("put", "dir:a", "k", "no-such-file"), "Can't read no-such-file"),
        (("import", "dir:a", "no-such-file"), "Can't read no-such-file"),
        (("verify", "memory:"), "keeps no entries"),
        (("sign", "dir:a?codec=json"), "not signed"),
    ],
)
def test_wrong_use(call: Any, arguments: tuple[str, ...], complaint: str) -> None:
    done = call(*arguments, code=2)
    assert done.stdout == ""
    last = done.stderr.splitlines()[-1]
    assert last.startswith("stash: ")
    assert complaint in last


def test_no_password_is_printed(stash: Any) -> None:
    url = "nosuch://ann:secret@host/db"
    for arguments in (("ls", url), ("ls", "dir:a", url), ("copy", url)):
        done = stash(*arguments, code=2)
        assert "secret" not in done.stdout + done.stderr
        assert done.stderr


def test_locked_store(stash: Any, in_tmp: Path, clean_environment: Any) -> None:
    # That it is waited for at most so long is the store's own affair.
    holder = f"""if True:
        import sys
        from pathlib import Path
        from zensols.persist import ShelveStash
        stash = ShelveStash(Path({str(in_tmp / "shelf")!r}), auto_close=False)
        stash["a"] = 1
        print("held", flush=True)
        sys.stdin.read()
    """
    with subprocess.Popen(
        [sys.executable, "-c", holder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=clean_environment,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        stash("ls", "shelve:shelf?lock_timeout=0.1", code=3)
        process.communicate()


def test_server_that_is_not_there(stash: Any) -> None:
    done = stash("ls", "redis://ann:secret@127.0.0.1:1/0", code=3)
    assert done.stdout == ""
    assert done.stderr.startswith("stash: ")
    assert done.stderr.count("\n") == 1
    assert "redis://ann:***@127.0.0.1:1" in done.stderr
    assert "secret" not in done.stderr


def test_damaged_data(call: Any, filled: Any) -> None:
    Path("data", "a.dat").write_bytes(b"")
    done = call("get", "dir:data", "a", code=4)
    assert "a.dat" in done.stderr


@pytest.mark.parametrize("command", ["ls", "verify", "export"])
def test_pipe_that_closes_early(
    in_tmp: Path, command: str, clean_environment: Any, tmp_path: Path
) -> None:
    data: DirectoryStash[Any] = DirectoryStash(Path("data"))
    for n in range(3000):
        data.dump_entry(f"{n} {'x' * 100}", b"N.")
    read, write = os.pipe()
    os.close(read)
    arguments = [command, "dir:data"] + (["-"] if command == "export" else [])
    name = str(Path(sys.executable).with_name("stash"))
    done = subprocess.run(
        [name, *arguments],
        stdout=write,
        stderr=subprocess.PIPE,
        env=clean_environment,
        check=False,
    )
    os.close(write)
    assert done.returncode == 141
    assert done.stderr == b""


def test_head(in_tmp: Path, command: str, clean_environment: Any) -> None:
    data: DirectoryStash[Any] = DirectoryStash(Path("data"))
    for n in range(3000):
        data.dump_entry(f"{n} {'x' * 100}", b"N.")
    done = subprocess.run(
        f"{command} ls dir:data | head -n 1",
        shell=True,
        capture_output=True,
        env=clean_environment,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.count(b"\n") == 1
    assert done.stderr == b""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full disk here")
def test_full_disk(filled: Any, command: str, clean_environment: Any) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [command, "ls", "dir:data"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=clean_environment,
            check=False,
        )
    assert done.returncode == 4
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("package", ["typer", "rich"])
def test_missing_extra_is_one_line(
    in_tmp: Path, package: str, clean_environment: Any
) -> None:
    code = (
        f"import sys; sys.modules[{package!r}] = None; sys.argv = ['stash', 'ls', 'dir:a']"
        f"; from zensols.persist.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=clean_environment,
        check=False,
    )
    if package == "typer":
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert 'pip install "zensols.persist[cli]"' in done.stderr
    else:
        assert done.returncode == 0


def test_library_does_not_import_it() -> None:
    code = (
        "import sys, zensols.persist; from zensols.persist import *; "
        "print([m for m in ('typer', 'rich', 'click') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
