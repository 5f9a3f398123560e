"""Locks that all who use a bucket share."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from ..error import PersistableError, StoreUnavailableError
from .lease import Lease

if TYPE_CHECKING:
    from .s3 import S3Folder

__all__ = ["is_conflict", "s3_lock"]

_CONFLICTS: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


class _ObjectLease(Lease):
    """An object that only one can make, and that its owner keeps renewing.  Once
    it has not been renewed for as long as it says, by the server's clock, its owner
    is dead and another one may replace it.

    """

    polls = 0.05, 1.0, 1.5

    def __init__(self, folder: S3Folder, name: str, seconds: float) -> None:
        import secrets
        import socket

        super().__init__((folder.fs.endpoint_url, folder.bucket, name), seconds)
        self._folder = folder
        self._name = name
        self._token = secrets.token_hex(16)
        self._content: dict[str, Any] = {
            "owner": f"process {os.getpid()} of {socket.gethostname()}",
            "token": self._token,
            "seconds": seconds,
            "renewals": 0,
        }
        self._tag = ""
        self._guard = threading.Lock()

    def take(self) -> str | None:
        if not self._put(IfNoneMatch="*"):
            found = self._find()
            if found is None:
                return "somebody who just freed it"
            content, tag, age = found
            if self._is_ours(content):
                # The answer to the first attempt was lost.
                self._tag = tag
            elif age <= content["seconds"] + 1 or not self._put(IfMatch=tag):
                return str(content["owner"])
        self._folder.assert_conditional(self._name, self._tag)
        return None

    def renew(self) -> bool:
        with self._guard:
            return not self.released.is_set() and self._renew()

    def _renew(self) -> bool:
        # The content changes, and so the tag, for nobody to replace it who has
        # seen it before.
        self._content["renewals"] += 1
        if self._put(IfMatch=self._tag):
            return True
        found = self._find()
        if found is None or not self._is_ours(found[0]):
            return False
        self._tag = found[1]
        return True

    def release(self) -> bool:
        with self._guard:
            found = self._find()
            if found is None or not self._is_ours(found[0]):
                return False
            return self._call("delete_object", IfMatch=found[1]) is not None

    def _put(self, **condition: str) -> bool:
        body = json.dumps(self._content).encode()
        answer = self._call("put_object", Body=body, **condition)
        if answer is None:
            return False
        self._tag = answer["ETag"]
        return True

    def _call(self, method: str, **arguments: Any) -> Any:
        try:
            answer, _ = self._folder.call(method, self._name, **arguments)
        except FileNotFoundError:
            # What was to be replaced is gone.
            return None
        except StoreUnavailableError as e:
            if is_conflict(e):
                return None
            raise
        return answer

    def _find(self) -> tuple[dict[str, Any], str, float] | None:
        from email.utils import parsedate_to_datetime

        try:
            answer, body = self._folder.call("get_object", self._name)
        except FileNotFoundError:
            return None
        date = answer["ResponseMetadata"]["HTTPHeaders"]["date"]
        age = parsedate_to_datetime(date) - answer["LastModified"]
        try:
            content = json.loads(body)
            content["seconds"] + 0, content["owner"]
        except (ValueError, TypeError, LookupError):
            content = {"owner": "somebody else", "seconds": self.seconds}
        return content, answer["ETag"], age.total_seconds()

    def _is_ours(self, content: dict[str, Any]) -> bool:
        return self._token == content.get("token")


def is_conflict(error: PersistableError) -> bool:
    """Return whether an error is that of a request whose condition doesn't hold.

    :param error: what the request raised

    """
    cause = error.__cause__
    response = getattr(getattr(cause, "__cause__", None), "response", None) or {}
    return response.get("Error", {}).get("Code") in _CONFLICTS


@contextmanager
def s3_lock(
    folder: S3Folder, prefix: str, key: str, timeout: float | None, seconds: float
) -> Iterator[None]:
    """Hold a lock while the ``with`` block runs.  One thread of one process, of all
    that use the bucket, has it at a time, and may enter as many blocks with the
    same key as it likes.

    The lock of a process that dies, or is cut off from the server, expires; as
    long as it lives, it renews it.

    :param folder: whose key it is

    :param prefix: where the objects are that stand for locks

    :param key: the key

    :param timeout: how many seconds to wait at most; None waits as long as it
                    takes, and 0 not at all

    :param seconds: how long the lock outlives its owner

    :raises LockTimeoutError: if somebody else still has the lock by then

    :raises StoreUnavailableError: if the server can't be reached

    :raises PersistableError: if the server doesn't know conditional writes

    """
    data = key.encode("utf-8", "surrogatepass")
    name = f"{prefix}{blake2b(data, digest_size=16).hexdigest()}.lock"
    label = f"key {key!r} of {folder.address}"
    with _ObjectLease(folder, name, seconds).hold(label, timeout):
        yield
