"""Have a client's own processor do the work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zensols.persist.domain import Reach, Stash
from zensols.persist.domain import chunks as batched
from zensols.persist.stash import DirectoryStash

from .chunk import is_configured
from .recipe import child_of
from .scratch import scratch_folder
from .travel import pack

if TYPE_CHECKING:
    from .feed import Feed
    from .processor import MultiProcessor
    from .stash import MultiProcessStash

__all__ = ["process_by"]


def process_by(
    processor: MultiProcessor, stash: MultiProcessStash[Any], workers: int, feed: Feed
) -> None:
    """Have a client's processor do what there is to do.

    :param processor: the processor

    :param stash: whose work it is

    :param workers: how many work at the same time

    :param feed: what there is to do

    :raises Exception: what the processor raises

    """
    items: list[Any] = []
    digests: list[bytes] = []
    for chunk_items, chunk_digests in feed:
        items += chunk_items
        digests += chunk_digests
    size = stash.chunk_size or max(1, -(-len(items) // workers))
    packed: bytes | None = None
    if not is_configured(stash.config, stash.name):
        shared = stash.delegate.reach > Reach.PROCESS
        child = child_of(stash, keep_delegate=shared)
        packed = pack(child, type(stash).__name__, by_value=False)
    with _scratch(stash.delegate) as scratch:
        chunks = []
        for number, part in enumerate(batched(items, size)):
            chunk = stash._create_chunk_processor(number, part)
            chunk.stash, chunk.delegate = packed, scratch
            chunks.append(chunk)
        processor.invoke_work(workers, size, chunks)
        if scratch is not None:
            stash.delegate.dump_many(scratch.items())
    # As which keys came of which items isn't known, all are done again if one is gone.
    stash.manifest().record(digests, map(str, stash.delegate.keys()))


@contextmanager
def _scratch(delegate: Stash[Any]) -> Iterator[Stash[Any] | None]:
    """Give a stash for results, if a process of the client's can't reach the
    delegate.

    """
    if delegate.reach > Reach.PROCESS:
        yield None
    else:
        with scratch_folder() as folder:
            # Which has a lock of its own.
            yield DirectoryStash(Path(folder) / "items")
