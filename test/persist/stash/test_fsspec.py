from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import strategies as st
from server_s3 import s3_client

from zensols.persist.codec import (
    default_codec,
    file_info,
    load_file,
    read_info,
)
from zensols.persist.domain import (
    Stash,
    open_stash,
)
from zensols.persist.missing import MISSING
from zensols.persist.stash.fsspec import FsspecStash
from zensols.persist.testing import StashContract

_numbers = itertools.count()


class TestInMemory(StashContract):
    """In fsspec's own memory, which is that of the process."""

    @pytest.fixture
    def stash(self) -> Stash[Any]:
        return FsspecStash(f"memory://test/{next(_numbers)}")

    def reopen(self, stash: Any) -> Stash[Any]:
        return FsspecStash(stash.address)


class TestLocal(StashContract):
    processes = True

    @pytest.fixture
    def stash(self, tmp_path: Path) -> Stash[Any]:
        return FsspecStash(f"file://{tmp_path}/data")

    def reopen(self, stash: Any) -> Stash[Any]:
        return FsspecStash(stash.address)

    def _files(self, stash: Any) -> dict[str | None, str]:
        """Find the files without going by their names."""
        folder = Path(urlsplit(stash.address).path)
        if not folder.exists():
            return {}
        files = [str(path) for path in folder.iterdir()]
        found = {file_info(file).key: file for file in files}
        assert len(found) == len(files)
        return found

    def raw_get(self, stash: Any, key: str) -> Any:
        file = self._files(stash).get(key)
        return MISSING if file is None else load_file(default_codec(), file, key)

    def raw_keys(self, stash: Any) -> Iterable[str]:
        return [key for key in self._files(stash) if key is not None]


class TestInS3(StashContract):
    """Looked into with the server's own client."""

    processes = True
    examples = 5
    workers = 4

    @pytest.fixture
    def stash(self, s3_url: str) -> Iterator[Stash[Any]]:
        stash = open_stash(s3_url)
        self.client = s3_client(stash.storage_options["endpoint_url"])
        yield stash
        self.client.close()
        stash.close()

    def reopen(self, stash: Any) -> Stash[Any]:
        return open_stash(stash.url)

    def _objects(self, stash: Any) -> dict[str, bytes]:
        url = urlsplit(stash.address)
        place = {"Bucket": url.netloc, "Prefix": url.path[1:] + "/"}
        found = {}
        for page in self.client.get_paginator("list_objects_v2").paginate(**place):
            for item in page.get("Contents", []):
                answer = self.client.get_object(Bucket=url.netloc, Key=item["Key"])
                data = answer["Body"].read()
                found[read_info(data).key] = data
        return found

    def raw_get(self, stash: Any, key: str) -> Any:
        data = self._objects(stash).get(key)
        return MISSING if data is None else default_codec().decode(data, key)

    def raw_put(self, stash: Any, key: str, value: Any) -> None:
        url = urlsplit(stash.address)
        _, name = stash._place(key)
        data = bytes(default_codec().encode(value, key))
        self.client.put_object(
            Bucket=url.netloc, Key=f"{url.path[1:]}/{name}", Body=data
        )

    def raw_keys(self, stash: Any) -> Iterable[str]:
        return list(self._objects(stash))

    def key_strategy(self) -> Any:
        return st.sampled_from(["a", "b", "c/d", "*", "", "é" * 200])


