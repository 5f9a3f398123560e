"""The stack: one stash on another, from the sources to what they add up to."""

from __future__ import annotations

import sys
from pathlib import Path

from zensols.multi import MultiProcessFactoryStash
from zensols.persist import (
    CacheFactoryStash,
    CacheStash,
    DirectoryStash,
    IncrementKeyDirectoryStash,
    KeyLimitStash,
    SortedStash,
    Stash,
)
from zensols.persist.domain import StashURL, open_stash

from .corpus import CorpusStash
from .factory import FeatureFactory
from .features import Module
from .runs import Run
from .summary import Summary


class Census:
    """All that is known of the modules below a folder."""

    def __init__(
        self,
        corpus: Path,
        data: Path,
        limit: int = sys.maxsize,
        store: str | None = None,
        workers: int = 0,
    ) -> None:
        """
        :param corpus: the folder of the sources

        :param data: the folder that keeps what is found out

        :param limit: how many modules to look at

        :param store: the URL of the store that keeps the features; by default in
                      the folder

        :param workers: how many make them at the same time; 0 for one for each core

        """
        self.data = data
        # name -> source
        self.sources = KeyLimitStash(CorpusStash(corpus), limit)
        # name -> features: computed each time, ...
        self.factory = FeatureFactory(self.sources)
        # ... once for ever, also where they are None, since None is a value, ...
        url = store or StashURL.of_path("dir", data / "features")
        self.kept: Stash[Module | None] = open_stash(url)
        # ... all that are missing by many workers, before one is read, ...
        self.made = MultiProcessFactoryStash(
            factory=self.factory, delegate=self.kept, name="features", workers=workers
        )
        # ... of these modules only, whatever else is kept, ...
        once = CacheFactoryStash(self.made, self.factory, dump_factory_nones=True)
        # ... read from disk once in a run, in order.
        self.features = SortedStash(CacheStash(once))
        # part -> what all features add up to
        self.summary = Summary(self.features, DirectoryStash(data / "summary"))
        # number -> run
        self.runs = IncrementKeyDirectoryStash[Run](data / "runs", name="run")

    @property
    def missing(self) -> list[str]:
        """The modules whose features are still to be computed."""
        kept = set(self.kept.keys())
        return [name for name in self.features.keys() if name not in kept]

    def stored(self) -> tuple[int, int]:
        """Return how many entries there are, and how many bytes they take."""
        sizes = [path.stat().st_size for path in self.data.glob("*/*.dat")]
        return len(sizes), sum(sizes)
