"""Features, made of sources."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from zensols.persist import ReadOnlyStash, Stash

from .features import Module, extract


@dataclass
class FeatureFactory(ReadOnlyStash[Module | None]):
    """Computes the features of a module each time they are loaded: to be put
    under a stash that keeps them.

    """

    sources: Stash[bytes]

    computed: int = 0
    """How many times it did."""

    def load(self, name: str) -> Module | None:
        source = self.sources.load(name)
        if source is None:
            return None
        self.computed += 1
        return extract(source)

    def exists(self, name: str) -> bool:
        return self.sources.exists(name)

    def keys(self) -> Iterable[str]:
        return self.sources.keys()
