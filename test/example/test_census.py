"""What the census finds in a module, and which words it says go together."""

from __future__ import annotations

from collections import Counter
from importlib import import_module

import pytest

SOURCE = b'''"""A module."""

class Stack:
    def push(self, item):
        """Push."""
        if item and self.open or item is None:
            self.items.append(item)
        def inner():
            return [i for i in range(3) if i]

def _private():
    pass

async def main():
    while True:
        try:
            print(await Stack())
        except OSError:
            return 1 if Stack else 2
'''


@pytest.fixture
def census(monkeypatch, examples):
    """Imports a module of the census."""
    monkeypatch.syspath_prepend(examples)
    return lambda name: import_module(f"census.{name}")


def test_extracts_functions(census):
    module = census("features").extract(SOURCE)
    functions = {function.name: function for function in module.functions}
    assert {name: f.complexity for name, f in functions.items()} == {
        "Stack.push": 4,
        "Stack.push.inner": 3,
        "_private": 1,
        "main": 4,
    }
    push = functions["Stack.push"]
    assert push.line == 4
    assert push.identifiers == {"self", "item", "open", "items", "append"}
    assert push.calls == ("append",)
    assert sorted(functions["main"].calls) == ["Stack", "print"]


def test_extracts_counts(census):
    module = census("features").extract(SOURCE)
    assert module.lines == SOURCE.count(b"\n")
    # The module and push, of these, Stack, inner and main.
    assert (module.documented, module.public) == (2, 5)
    assert module.nodes["ClassDef"] == module.nodes["AsyncFunctionDef"] == 1
    assert module.nodes["FunctionDef"] == 3
    assert module.identifiers["item"] == 4


@pytest.mark.parametrize("source", [b"print 1", b"\x00", b"# coding: none\n", b"\xff"])
def test_other_languages_have_no_features(census, source):
    assert census("features").extract(source) is None


def test_corpus_names_modules(census, tmp_path):
    for name in "a.py", "b/__init__.py", "b/c.py", "site-packages/d.py", "b/e.txt":
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    corpus = census("corpus").CorpusStash(tmp_path)
    assert list(corpus) == [("a", b"a.py"), ("b", b"b/__init__.py"), ("b.c", b"b/c.py")]
    assert "site-packages.d" not in corpus
    assert corpus.load("nothing") is None


def test_pairs_are_disjoint_and_frequent(census):
    cooccurrence = census("cooccurrence")
    groups = [frozenset("ab")] * 8 + [frozenset("abc")] * 5 + [frozenset("de")] * 2
    counts = cooccurrence.count_together(groups, "abcde")
    assert counts.diagonal().tolist() == [13, 13, 5, 2, 2]
    assert counts[0, 1] == 13
    assert counts[1, 2] == counts[2, 1] == 5
    assert cooccurrence.find_pairs(counts, "abcde", 3) == [("a", "b", 1.0)]


def test_packages_add_up(census):
    features, package = census("features"), census("package")
    modules = [features.extract(SOURCE), features.extract(b"def f():\n    pass\n")]
    whole = package.Package.of("p", modules)
    parts = [package.Package.of("p", [module]) for module in modules]
    assert package.Package.together("p", parts) == whole
    assert whole.complexities == Counter({1: 2, 4: 2, 3: 1})
    assert (whole.functions, whole.max_complexity) == (5, 4)
    assert whole.mean_complexity == pytest.approx(13 / 5)
    assert whole.coverage == pytest.approx(2 / 7)
    assert package.Package.of("empty", []).mean_complexity == 0


def test_speedup_compares_with_runs_over_the_same_modules(census):
    runs = census("runs")
    cold = [runs.Run(9, 4, 3.0, False), runs.Run(9, 5, 5.0, True)]
    other = runs.Run(2, 2, 100.0, True)
    assert runs.speedup([*cold, other, runs.Run(9, 0, 0.5, True)]) == 16
    assert runs.speedup([other, *cold]) is None
    assert runs.speedup([other, runs.Run(9, 0, 0.5, True)]) is None
