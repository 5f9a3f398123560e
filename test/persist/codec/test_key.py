from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.codec import SignedPickleCodec, SigningKey
from zensols.persist.codec.key import default_path
from zensols.persist.error import PersistableError, UntrustedDataError

FIND = """
import sys
from zensols.persist.codec import SigningKey
print("ready", flush=True)
sys.stdin.readline()
print(SigningKey.find(create=True).fingerprint.hex())
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def write_key(path: Path, digits: str, permissions: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(digits)
    path.chmod(permissions)
    return path


@given(st.binary(min_size=32, max_size=32))
def test_bytes_and_digits(secret: bytes) -> None:
    key = SigningKey(secret)
    for same in (secret, secret.hex(), secret.hex().upper(), f" {secret.hex()}\n"):
        assert SigningKey.of(same).secret == secret
        assert SigningKey.of(same).fingerprint == key.fingerprint
    assert len(key.fingerprint) == 8


def test_repr_hides_the_secret() -> None:
    key = SigningKey.of("42" * 32)
    assert "4242" not in repr(key)
    assert key.fingerprint.hex() in repr(key)


@pytest.mark.parametrize("key", [b"", b"x" * 31, b"x" * 33])
def test_wrong_size(key: bytes) -> None:
    with pytest.raises(PersistableError, match="32 bytes"):
        SigningKey.of(key)


@pytest.mark.parametrize(
    "key", ["", "42", "42" * 31, "42" * 33, "zz" * 32, "42 " * 21 + "4", "é" * 64]
)
def test_not_a_key(key: str) -> None:
    with pytest.raises(PersistableError, match="64 hex digits") as error:
        SigningKey.of(key)
    assert not key or key not in str(error.value)


def test_precedence(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def used(argument: str | None = None) -> str:
        codec = SignedPickleCodec(argument)
        codec.encode(1)
        return codec.key_fingerprint.hex()

    def fingerprint(digits: str) -> str:
        return SigningKey.of(digits * 32).fingerprint.hex()

    write_key(config, "44" * 32)
    assert used() == fingerprint("44")
    path = write_key(tmp_path / "file", "33" * 32 + "\n")
    monkeypatch.setenv("ZENSOLS_PERSIST_KEY_FILE", str(path))
    assert used() == fingerprint("33")
    monkeypatch.setenv("ZENSOLS_PERSIST_KEY", "22" * 32)
    assert used() == fingerprint("22")
    assert used("11" * 32) == fingerprint("11")


def test_empty_variables_are_unset(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZENSOLS_PERSIST_KEY", "")
    monkeypatch.setenv("ZENSOLS_PERSIST_KEY_FILE", "")
    assert SigningKey.find() is None
    assert not config.exists()


def test_made_on_first_write_only(config: Path, codec: SignedPickleCodec) -> None:
    assert default_path() == str(config)
    with pytest.raises(UntrustedDataError, match="No signing key"):
        SignedPickleCodec().decode(bytes(codec.encode(1)))
    assert not config.parent.parent.exists()
    with pytest.raises(PersistableError, match="generator"):
        SignedPickleCodec().encode(x for x in ())
    assert not config.parent.parent.exists()
    data = bytes(SignedPickleCodec().encode(1))
    assert mode(config) == 0o600
    assert mode(config.parent) == mode(config.parent.parent) == 0o700
    assert re.fullmatch(r"[0-9a-f]{64}\n", config.read_text())
    assert os.listdir(config.parent) == ["key"]
    assert SignedPickleCodec().decode(data) == 1


def test_existing_folders_keep_their_modes(config: Path) -> None:
    config.parent.mkdir(parents=True)
    config.parent.chmod(0o755)
    assert SigningKey.find(create=True) is not None
    assert mode(config.parent) == 0o755
    assert mode(config) == 0o600


def test_a_narrow_umask_is_no_obstacle(config: Path) -> None:
    old = os.umask(0o077)
    try:
        assert SigningKey.find(create=True) is not None
    finally:
        os.umask(old)
    assert mode(config) == 0o600


def test_keys_differ(config: Path) -> None:
    first = SigningKey.find(create=True)
    config.unlink()
    second = SigningKey.find(create=True)
    assert first is not None
    assert second is not None
    assert first.secret != second.secret


def test_processes_agree_on_one_key(
    config: Path, start_python: Callable[..., Popen[str]]
) -> None:
    children = [start_python(FIND) for _ in range(8)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
    found = {child.communicate(timeout=60)[0] for child in children}
    key = SigningKey.find()
    assert key is not None
    assert found == {f"{key.fingerprint.hex()}\n"}
    assert os.listdir(config.parent) == ["key"]


@pytest.mark.parametrize("permissions", [0o640, 0o604, 0o620, 0o602, 0o610, 0o666])
def test_refuses_what_others_can_use(config: Path, permissions: int) -> None:
    write_key(config, "42" * 32, permissions)
    for create in (False, True):
        with pytest.raises(PersistableError, match=f"chmod 600 {config}"):
            SigningKey.find(create)
    config.chmod(0o400)
    assert SigningKey.find() is not None


def test_refuses_what_another_owns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    path = write_key(tmp_path / "file", "42" * 32)
    os.chown(path, 12345, -1)
    monkeypatch.setenv("ZENSOLS_PERSIST_KEY_FILE", str(path))
    with pytest.raises(PersistableError, match="owned by user 12345"):
        SigningKey.find()


def test_checks_what_is_opened(config: Path, tmp_path: Path) -> None:
    """Of a symbolic link, that is, the file that it leads to."""
    target = write_key(tmp_path / "target", "42" * 32)
    config.parent.mkdir(parents=True)
    config.symlink_to(target)
    found = SigningKey.find()
    assert found is not None
    assert found.secret == bytes.fromhex("42" * 32)
    target.chmod(0o644)
    with pytest.raises(PersistableError, match="others than its owner"):
        SigningKey.find()


def test_missing_key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENSOLS_PERSIST_KEY_FILE", str(tmp_path / "none"))
    for create in (False, True):
        with pytest.raises(PersistableError, match="No such key file") as error:
            SigningKey.find(create)
        assert str(tmp_path / "none") in str(error.value)
    assert not (tmp_path / "none").exists()


def test_key_file_without_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_key(tmp_path / "file", "not a key")
    monkeypatch.setenv("ZENSOLS_PERSIST_KEY_FILE", str(path))
    with pytest.raises(PersistableError, match=f"file {path}"):
        SigningKey.find()
    path.write_bytes(b"\xff" * 64)
    with pytest.raises(PersistableError, match=f"file {path}"):
        SigningKey.find()
    monkeypatch.setenv("ZENSOLS_PERSIST_KEY_FILE", str(tmp_path))
    with pytest.raises(PersistableError, match="key file"):
        SigningKey.find()


def test_bad_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENSOLS_PERSIST_KEY", "secret stuff")
    with pytest.raises(PersistableError, match="in ZENSOLS_PERSIST_KEY") as error:
        SigningKey.find()
    assert "secret stuff" not in str(error.value)


def test_home_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file" / "config"))
    assert SigningKey.find() is None
    with pytest.raises(PersistableError, match="ZENSOLS_PERSIST_KEY") as error:
        SignedPickleCodec().encode(1)
    assert str(tmp_path / "file") in str(error.value)


def test_folder_that_cannot_be_written(
    config: Path, run_python: Callable[..., str]
) -> None:
    config.parent.mkdir(parents=True)
    config.parent.chmod(0o500)
    try:
        found = run_python(
            """
import os
from zensols.persist.codec import SigningKey
from zensols.persist.error import PersistableError
if os.geteuid() == 0:
    import platformdirs
    os.setuid(12345)
try:
    SigningKey.find(create=True)
except PersistableError as e:
    print(e)
"""
        )
    finally:
        config.parent.chmod(0o700)
    assert "ZENSOLS_PERSIST_KEY" in found
    assert not config.exists()
