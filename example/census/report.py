"""What is shown in the end."""

from __future__ import annotations

from typing import Any

from .package import Package
from .summary import Summary


class Report:
    """The most of everything in a summary."""

    def __init__(self, summary: Summary, n: int = 10) -> None:
        """
        :param summary: computed as far as it isn't kept

        :param n: how many of each kind, apart from the packages

        """
        self.packages = summary.packages
        self.most_complex = summary.most_complex[:n]
        self.most_used = summary.identifiers[:n]
        self.most_called = summary.most_called[:n]
        self.pairs = summary.pairs(n)

    def to_json(self) -> dict[str, Any]:
        return {
            "packages": [_figures(package) for package in self.packages],
            "most_complex": [
                {
                    "module": module,
                    "line": function.line,
                    "function": function.name,
                    "complexity": function.complexity,
                }
                for module, function in self.most_complex
            ],
            "most_used": dict(self.most_used),
            "most_called": dict(self.most_called),
            "pairs": self.pairs,
        }


def _figures(package: Package) -> dict[str, Any]:
    return {
        "name": package.name,
        "modules": package.modules,
        "lines": package.lines,
        "nodes": package.nodes,
        "functions": package.functions,
        "mean_complexity": package.mean_complexity,
        "max_complexity": package.max_complexity,
        "documented": package.coverage,
    }
