"""The key that entries are signed with, and where it is kept."""

from __future__ import annotations

import os
import secrets
import stat
from hashlib import blake2b
from typing import Final

from ..error import PersistableError

__all__ = ["SigningKey"]

SIZE: Final = 32
ENV: Final = "ZENSOLS_PERSIST_KEY"
ENV_FILE: Final = "ZENSOLS_PERSIST_KEY_FILE"
_REMEDY: Final = (
    f"set {ENV} to 64 hex digits or {ENV_FILE} to a file that holds them (made, "
    f'for instance, with: python -c "import secrets; print(secrets.token_hex(32))")'
)


class SigningKey:
    """A key of 32 bytes.  Whoever has it can write entries that are trusted.

    It is taken from the argument, else from the environment variable
    ``ZENSOLS_PERSIST_KEY`` (64 hex digits), else from the file named by
    ``ZENSOLS_PERSIST_KEY_FILE``, else from the file ``zensols.persist/key`` in
    the user's configuration folder, which is made when it is first needed to
    write.

    Instances are immutable and safe to share between threads and processes.

    >>> SigningKey.of("00" * 32).fingerprint.hex()
    '8824d083229c6cc4'

    """

    __slots__ = ("fingerprint", "secret")

    def __init__(self, secret: bytes) -> None:
        """
        :param secret: the 32 bytes

        """
        if len(secret) != SIZE:
            raise PersistableError(
                f"A signing key has {SIZE} bytes, not {len(secret)}: {_REMEDY}"
            )
        self.secret = secret
        self.fingerprint = blake2b(secret, digest_size=8, person=b"zsp-key").digest()

    def __repr__(self) -> str:
        return f"SigningKey(fingerprint={self.fingerprint.hex()})"

    @classmethod
    def of(cls, key: bytes | str, name: str = "the key argument") -> SigningKey:
        """Return a key from what a user gives.

        :param key: the 32 bytes, or their 64 hex digits

        :param name: says where it is from in errors

        :raises PersistableError: if it isn't a key

        """
        if isinstance(key, bytes):
            return cls(key)
        digits = key.strip()
        try:
            secret = bytes.fromhex(digits)
        except ValueError:
            secret = b""
        if len(secret) != SIZE or len(digits) != 2 * SIZE:
            raise PersistableError(
                f"Not a signing key in {name}: expecting {2 * SIZE} hex digits"
            )
        return cls(secret)

    @classmethod
    def find(cls, create: bool = False) -> SigningKey | None:
        """Return the key of this user.

        :param create: whether to make the user's key file if there is no key;
                       processes that start at once agree on one key

        :return: the key, or None if there is none

        :raises PersistableError: if a key is given but can't be used: it isn't
                                  one, its file is missing, or others than this
                                  user may read or write it

        """
        if digits := os.environ.get(ENV):
            return cls.of(digits, ENV)
        if path := os.environ.get(ENV_FILE):
            try:
                return cls._read(path)
            except FileNotFoundError:
                raise PersistableError(
                    f"No such key file: {path}, named by {ENV_FILE}: {_REMEDY}"
                ) from None
        path = default_path()
        try:
            return cls._read(path)
        except (FileNotFoundError, NotADirectoryError):
            return cls._make(path) if create else None

    @classmethod
    def _read(cls, path: str) -> SigningKey:
        try:
            fd = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        except (FileNotFoundError, NotADirectoryError):
            raise
        except OSError as e:
            raise _unreadable(path, e) from e
        try:
            _refuse_shared(fd, path)
            digits = os.read(fd, 4096)
        except OSError as e:
            raise _unreadable(path, e) from e
        finally:
            os.close(fd)
        return cls.of(digits.decode("ascii", "replace"), f"file {path}")

    @classmethod
    def _make(cls, path: str) -> SigningKey:
        from ..files import make_folder

        folder = os.path.dirname(path)
        draft = f"{path}.{os.getpid()}-{secrets.token_hex(4)}"
        try:
            make_folder(folder)
            fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                os.write(fd, secrets.token_hex(SIZE).encode() + b"\n")
                os.fsync(fd)
            finally:
                os.close(fd)
            try:
                # Fails where the key exists: the first of several processes
                # decides, and none sees a half-written key.
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                os.unlink(draft)
        except (OSError, PersistableError) as e:
            raise PersistableError(
                f"Can't make the signing key {path}: {e}.  Where there is no "
                f"folder to keep it in, {_REMEDY}"
            ) from e
        return cls._read(path)


def _unreadable(path: str, error: OSError) -> PersistableError:
    return PersistableError(
        f"Can't read key file {path}: {error.strerror}.  If it is not to be used, "
        f"{_REMEDY}"
    )


def default_path() -> str:
    """Return the path of the user's key file."""
    from platformdirs import user_config_dir

    return os.path.join(user_config_dir("zensols.persist", appauthor=False), "key")


def _refuse_shared(fd: int, path: str) -> None:
    if os.name == "nt":
        return
    status = os.fstat(fd)
    if status.st_uid != os.geteuid():
        raise PersistableError(
            f"Key file {path} is owned by user {status.st_uid}, not by you "
            f"({os.geteuid()}): whoever owns it can forge your data; {_REMEDY}"
        )
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise PersistableError(
            f"Key file {path} can be read or written by others than its owner: "
            f"make a new key, since this one may be known, or, if you are sure "
            f"that it isn't, run: chmod 600 {path}"
        )
