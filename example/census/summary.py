"""What the features of all modules add up to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from operator import attrgetter
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from zensols.persist import Stash, persisted

from .features import Function, Module

F = TypeVar("F", bound=Callable[..., Any])

VOCABULARY = 1024
"""How many identifiers are compared with each other."""


@dataclass(frozen=True)
class Package:
    """The modules that have the first part of their name in common."""

    name: str
    modules: int
    lines: int
    nodes: int
    complexities: Counter[int]
    public: int
    documented: int

    @property
    def functions(self) -> int:
        return self.complexities.total()

    @property
    def mean_complexity(self) -> float:
        return sum(c * n for c, n in self.complexities.items()) / (self.functions or 1)

    @property
    def max_complexity(self) -> int:
        return max(self.complexities, default=0)

    @property
    def coverage(self) -> float:
        """The share of what should have a docstring that has one."""
        return self.documented / (self.public or 1)


def kept(part: str) -> Callable[[F], F]:
    """Decorates a method of :class:`Summary` to run once for the same modules,
    and never again in later runs of the program.

    """
    return persisted(
        stash=attrgetter("stash"), key=lambda summary: f"{part}-{summary.digest}"
    )


class Summary:
    """Sums up features.  Where the summary is kept, no features are loaded."""

    def __init__(self, features: Stash[Module | None], stash: Stash[Any]) -> None:
        """
        :param features: the features by the names of modules

        :param stash: keeps the parts of the summary

        """
        self.features = features
        self.stash = stash

    @property
    @persisted("_digest")
    def digest(self) -> str:
        """Tells the summary of these modules from that of others."""
        names = "\n".join(self.features.keys())
        return blake2b(names.encode(), digest_size=8).hexdigest()

    @property
    @kept("packages")
    def packages(self) -> list[Package]:
        """All packages, the longest first."""
        members = defaultdict(list)
        for name, module in self._modules():
            members[name.partition(".")[0]].append(module)
        packages = [_package(name, modules) for name, modules in members.items()]
        return sorted(packages, key=lambda package: -package.lines)

    @property
    @kept("complex")
    def most_complex(self) -> list[tuple[str, Function]]:
        """The most complex functions, with the names of their modules."""
        functions = [(n, f) for n, module in self._modules() for f in module.functions]
        return sorted(functions, key=lambda pair: -pair[1].complexity)[:100]

    @property
    @kept("calls")
    def most_called(self) -> list[tuple[str, int]]:
        """The names that most calls go to, with the number of calls."""
        return _count(
            name
            for _, module in self._modules()
            for function in module.functions
            for name in function.calls
        ).most_common(100)

    @property
    @kept("identifiers")
    def identifiers(self) -> list[tuple[str, int]]:
        """The vocabulary: the most used identifiers, with the number of uses."""
        uses: Counter[str] = Counter()
        for _, module in self._modules():
            uses.update(module.identifiers)
        return uses.most_common(VOCABULARY)

    @property
    @kept("together")
    def together(self) -> NDArray[np.int32]:
        """In how many functions each two words of the vocabulary stand together;
        on the diagonal, in how many each stands.  When it comes from the stash,
        it is mapped into memory, and read only as far as it is used.

        """
        index = {name: i for i, (name, _) in enumerate(self.identifiers)}
        counts = np.zeros((len(index), len(index)), np.int32)
        for _, module in self._modules():
            for function in module.functions:
                words = [index[name] for name in function.identifiers & index.keys()]
                counts[np.ix_(words, words)] += 1
        return counts

    def pairs(self, n: int) -> list[tuple[str, str, float]]:
        """Return identifiers that go together: two that seldom stand in a function
        without each other, and how often they don't, as a share.

        :param n: how many pairs; no identifier is in two of them

        """
        counts = self.together
        alone = counts.diagonal()
        either = np.maximum(alone[:, None] + alone - counts, 1)
        # What is rare goes together by chance.
        share = np.where(counts > alone.max(initial=0) // 1000 + 2, counts / either, 0)
        left, right = np.nonzero(np.triu(share, 1))
        order = np.argsort(-share[left, right], kind="stable")
        names = [name for name, _ in self.identifiers]
        ranked = (
            (names[i], names[j], float(share[i, j]))
            for i, j in zip(left[order], right[order], strict=True)
        )
        return list(islice(_disjoint(ranked), n))

    def _modules(self) -> Iterator[tuple[str, Module]]:
        for name, module in self.features:
            if module is not None:
                yield name, module


def _package(name: str, modules: list[Module]) -> Package:
    return Package(
        name=name,
        modules=len(modules),
        lines=sum(module.lines for module in modules),
        nodes=sum(module.nodes.total() for module in modules),
        complexities=Counter(f.complexity for m in modules for f in m.functions),
        public=sum(module.public for module in modules),
        documented=sum(module.documented for module in modules),
    )
