"""The modules that have the first part of their name in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .features import Module


@dataclass(frozen=True)
class Package:
    """What the modules of a package add up to; a module on its own is one, too."""

    name: str
    modules: int
    lines: int
    nodes: int
    complexities: Counter[int]
    """How many functions there are of each complexity."""
    public: int
    documented: int

    @classmethod
    def of(cls, name: str, modules: Sequence[Module]) -> Package:
        return cls(
            name=name,
            modules=len(modules),
            lines=sum(module.lines for module in modules),
            nodes=sum(module.nodes.total() for module in modules),
            complexities=Counter(f.complexity for m in modules for f in m.functions),
            public=sum(module.public for module in modules),
            documented=sum(module.documented for module in modules),
        )

    @classmethod
    def together(cls, name: str, packages: Sequence[Package]) -> Package:
        return cls(
            name=name,
            modules=sum(package.modules for package in packages),
            lines=sum(package.lines for package in packages),
            nodes=sum(package.nodes for package in packages),
            complexities=sum((p.complexities for p in packages), Counter[int]()),
            public=sum(package.public for package in packages),
            documented=sum(package.documented for package in packages),
        )

    @property
    def functions(self) -> int:
        return self.complexities.total()

    @property
    def mean_complexity(self) -> float:
        paths = sum(c * n for c, n in self.complexities.items())
        return paths / max(self.functions, 1)

    @property
    def max_complexity(self) -> int:
        return max(self.complexities, default=0)

    @property
    def coverage(self) -> float:
        """The share of what should have a docstring that has one."""
        return self.documented / max(self.public, 1)
