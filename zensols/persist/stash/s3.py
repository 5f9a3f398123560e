"""A folder in a bucket of S3, or of a server that is compatible with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import Any, Final

from ..error import PersistableError, StoreUnavailableError
from .remote import RemoteFolder
from .s3lock import is_conflict, s3_lock

__all__ = ["S3Folder"]

_ATTEMPTS: Final = 2
_NOT_IN_XML: Final = re.compile("[\ufffe\uffff]")
"""What a request for many deletions can't have, though names can."""


class S3Folder(RemoteFolder):
    """The objects of a bucket that begin with a prefix, each written with one PUT
    and, but for the first request that fails for lack of a bucket, asked for with
    one request.

    Safe to use from many threads and processes.

    >>> S3Folder("s3://bucket/a", {}, timeout=10.0, lease=30.0).prefix
    'bucket/a/'

    """

    deletes = 1000

    def __init__(
        self,
        address: str,
        options: Mapping[str, Any],
        timeout: float,
        lease: float,
    ) -> None:
        """
        :param address: such as ``s3://bucket/prefix``

        :param options: what the constructor of :class:`s3fs.S3FileSystem` takes

        :param timeout: how many seconds to wait for the server to answer

        :param lease: how many seconds a lock outlives its owner

        """
        seconds = timeout / _ATTEMPTS
        config = {
            "connect_timeout": seconds,
            "read_timeout": seconds,
            # Which s3fs does itself.
            "retries": {"total_max_attempts": 1},
            **options.get("config_kwargs", {}),
        }
        super().__init__(address, {**options, "config_kwargs": config})
        self.fs.retries = _ATTEMPTS
        self._lease = lease
        self._has_bucket = False
        self._is_conditional = False
        self.bucket, _, key = self.path.partition("/")
        self._start = f"{key}/" if key else ""

    def unavailable(self, cause: object) -> StoreUnavailableError:
        if _code(cause) == "NoSuchBucket":
            return self._no_bucket()
        error = super().unavailable(cause)
        return StoreUnavailableError(str(error).replace(self.address, self._place, 1))

    @property
    def _place(self) -> str:
        endpoint = self.fs.endpoint_url
        return f"{self.address} of {endpoint}" if endpoint else self.address

    def _no_bucket(self) -> StoreUnavailableError:
        return StoreUnavailableError(
            f"Can't use {self._place}: there is no bucket {self.bucket!r}; check its "
            f"name and the endpoint, or make it"
        )

    def call(self, method: str, key: str, **arguments: Any) -> tuple[Any, bytes]:
        """Return the answer to a request, and its body.

        :param method: the method of the client

        :param key: the object

        :param arguments: more arguments of the method

        :raises FileNotFoundError: if there is no such object

        :raises StoreUnavailableError: if the server can't be reached or refuses

        """
        from fsspec.asyn import sync

        with self.errors():
            try:
                answer: tuple[Any, bytes] = sync(
                    self.fs.loop, self._call, method, Key=key, **arguments
                )
            except FileNotFoundError as e:
                self.check_missing(e)
                raise
        self._has_bucket = True
        return answer

    async def _call(self, method: str, **arguments: Any) -> tuple[Any, bytes]:
        attempt = 1
        while True:
            answer = await self.fs._call_s3(method, Bucket=self.bucket, **arguments)
            if "Body" not in answer:
                return answer, b""
            try:
                async with answer["Body"] as body:
                    return answer, await body.read()
            except Exception:  # the connection was lost on the way
                attempt += 1
                if attempt > _ATTEMPTS:
                    raise

    def check_missing(self, error: BaseException) -> None:
        super().check_missing(error)
        if _code(error) == "NoSuchBucket":
            raise self.unavailable(error) from error
        if not self._has_bucket:
            # The answer to HEAD doesn't tell what is missing.
            try:
                self.fs.call_s3("head_bucket", Bucket=self.bucket)
            except FileNotFoundError as e:
                raise self._no_bucket() from e
            except PermissionError:
                # It may be listed by others only.
                pass
            self._has_bucket = True

    def _run(self, method: str, calls: Sequence[dict[str, Any]]) -> list[Any]:
        with self.errors():
            return self.together(
                [partial(self._call, method, **arguments) for arguments in calls]
            )

    def read_many(self, names: Sequence[str]) -> list[bytes | None]:
        answers = self._run(
            "get_object", [{"Key": self._start + name} for name in names]
        )
        return [None if answer is None else answer[1] for answer in answers]

    def read_front(self, name: str, end: int) -> tuple[bytes, int]:
        key = self._start + name
        answer, data = self.call("get_object", key, Range=f"bytes=0-{end - 1}")
        return data, int(answer["ContentRange"].rpartition("/")[2])

    def write_many(self, files: Sequence[tuple[str, bytes]]) -> None:
        calls = [{"Key": self._start + name, "Body": data} for name, data in files]
        if None in self._run("put_object", calls):
            raise StoreUnavailableError(f"{self.address} lost what was written")

    def has(self, name: str) -> bool:
        try:
            self.call("head_object", self._start + name)
        except FileNotFoundError:
            return False
        return True

    def remove_many(self, names: Sequence[str]) -> None:
        keys = [self._start + name for name in dict.fromkeys(names)]
        plain = [key for key in keys if not _NOT_IN_XML.search(key)]
        if len(plain) < 2:
            self._run("delete_object", [{"Key": key} for key in keys])
            return
        self._run("delete_object", [{"Key": k} for k in set(keys).difference(plain)])
        objects = [{"Key": key} for key in plain]
        arguments = {"Delete": {"Objects": objects, "Quiet": True}}
        [answer] = self._run("delete_objects", [arguments])
        if failed := answer[0].get("Errors"):
            raise self.unavailable(f"{len(failed)} were not deleted: {failed[0]}")

    def scan(self) -> Iterator[str]:
        arguments: dict[str, Any] = {"Prefix": self._start, "Delimiter": "/"}
        while True:
            [answer] = self._run("list_objects_v2", [arguments])
            if answer is None:
                return
            page = answer[0]
            for item in page.get("Contents", ()):
                name = item["Key"][len(self._start) :]
                if name:
                    yield name
            if not page.get("IsTruncated"):
                return
            arguments["ContinuationToken"] = page["NextContinuationToken"]

    def lock(self, key: str, timeout: float | None) -> AbstractContextManager[None]:
        parent, _, name = self._start.rstrip("/").rpartition("/")
        folder = f"{parent}/" if parent else ""
        return s3_lock(self, f"{folder}.{name}.locks/", key, timeout, self._lease)

    def assert_conditional(self, key: str, tag: str) -> None:
        """Make sure, once, that the server minds conditions, without which two
        could have one lock.

        :param key: an object that is there

        :param tag: its entity tag

        :raises PersistableError: if it doesn't; the object is deleted then

        """
        if self._is_conditional:
            return
        for condition in {"IfNoneMatch": "*"}, {"IfMatch": f"{tag[:-1]}x{tag[-1:]}"}:
            try:
                self.call("put_object", key, Body=b"", **condition)
            except StoreUnavailableError as e:
                if not is_conflict(e):
                    raise
            else:
                self.call("delete_object", key)
                raise PersistableError(
                    f"Can't lock keys at {self.address}: its server doesn't know "
                    f"conditional writes, without which two could have one lock"
                )
        self._is_conditional = True

    def close(self) -> None:
        creator = getattr(self.fs, "_s3creator", None)
        if creator is not None:
            # What can't be closed is no more in use.
            with suppress(Exception):
                self.fs.close_session(self.fs.loop, creator)


def _code(error: object) -> str | None:
    response = getattr(getattr(error, "__cause__", None), "response", None)
    return None if response is None else response.get("Error", {}).get("Code")
