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

    def load(self, name: str) -> Module | None:
        source = self.sources.load(name)
        return None if source is None else extract(source)

    def exists(self, name: str) -> bool:
        return self.sources.exists(name)

    def keys(self) -> Iterable[str]:
        # A list, by whose length the progress tells when all is done.
        return list(self.sources.keys())
