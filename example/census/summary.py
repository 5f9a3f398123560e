"""What the features of all modules add up to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from hashlib import blake2b
from operator import attrgetter
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from zensols.persist import Stash, persisted

from .cooccurrence import count_together, find_pairs
from .features import Function, Module
from .package import Package

F = TypeVar("F", bound=Callable[..., Any])


def kept(part: str) -> Callable[[F], F]:
    """Decorates a method of :class:`Summary` to run once for the same modules:
    later runs of the program find in the stash what it returned.

    """
    return persisted(
        stash=attrgetter("stash"), key=lambda summary: f"{part}-{summary.digest}"
    )


class Summary:
    """Sums up features.  Where that has been done before, it loads none."""

    def __init__(self, features: Stash[Module | None], stash: Stash[Any]) -> None:
        """
        :param features: the features of each module

        :param stash: keeps the parts of the summary

        """
        self.features = features
        self.stash = stash

    @property
    @persisted
    def digest(self) -> str:
        """Tells these modules from others."""
        names = "\n".join(self.features.keys())
        return blake2b(names.encode(), digest_size=8).hexdigest()

    @property
    @kept("packages")
    def packages(self) -> list[Package]:
        """The packages, the longest first."""
        members = defaultdict(list)
        for name, module in self._modules():
            members[name.partition(".")[0]].append(module)
        packages = [Package.of(name, modules) for name, modules in members.items()]
        return sorted(packages, key=lambda package: -package.lines)

    @property
    @kept("complex")
    def most_complex(self) -> list[tuple[str, Function]]:
        """The most complex functions, with the names of their modules."""
        pairs = [(n, f) for n, module in self._modules() for f in module.functions]
        return sorted(pairs, key=lambda pair: -pair[1].complexity)[:100]

    @property
    @kept("called")
    def most_called(self) -> list[tuple[str, int]]:
        """The names that are called most, with the number of calls."""
        calls = Counter(name for f in self._functions() for name in f.calls)
        return calls.most_common(100)

    @property
    @kept("identifiers")
    def identifiers(self) -> list[tuple[str, int]]:
        """The identifiers that are used most, with the number of uses."""
        uses: Counter[str] = Counter()
        for _, module in self._modules():
            uses.update(module.identifiers)
        return uses.most_common(1024)

    @property
    @kept("together")
    def together(self) -> NDArray[np.int32]:
        """In how many functions each two of these identifiers stand together.
        Four megabytes, which later runs map into memory and don't read.

        """
        groups = (function.identifiers for function in self._functions())
        return count_together(groups, [name for name, _ in self.identifiers])

    def pairs(self, n: int) -> list[tuple[str, str, float]]:
        """Return identifiers that go together, see :func:`.find_pairs`."""
        return find_pairs(self.together, [name for name, _ in self.identifiers], n)

    def _modules(self) -> Iterator[tuple[str, Module]]:
        for name, module in self.features:
            if module is not None:
                yield name, module

    def _functions(self) -> Iterator[Function]:
        for _, module in self._modules():
            yield from module.functions
