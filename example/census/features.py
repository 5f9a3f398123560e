"""What is found out about a module: the expensive part."""

from __future__ import annotations

import ast
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Function:
    """A function or method, without those that are defined inside of it."""

    name: str
    """Qualified, as in ``Path.exists``."""

    line: int

    complexity: int
    """The number of paths through it, after McCabe: 1 and 1 for each branch."""

    identifiers: frozenset[str]

    calls: tuple[str, ...]
    """The names it calls: its edges in the call graph."""


@dataclass(frozen=True)
class Module:
    """The features of a module."""

    lines: int

    nodes: Counter[str]
    """How many nodes of each type its syntax tree has."""

    identifiers: Counter[str]

    functions: tuple[Function, ...]

    public: int
    """How many things it has that should have a docstring: itself, and its
    classes and functions without a leading underscore."""

    documented: int
    """How many of these have one."""


def extract(source: bytes) -> Module | None:
    """Return the features of a module, or None if it isn't written in this
    Python, as some of the test data isn't.

    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    scopes = list(_scopes(tree))
    documents = [
        ast.get_docstring(scope.node, clean=False) is not None
        for scope in scopes
        if not scope.name.rpartition(".")[2].startswith("_")
    ]
    return Module(
        lines=source.count(b"\n"),
        nodes=Counter(type(node).__name__ for s in scopes for node in s.own),
        identifiers=Counter(name for s in scopes for name in _identifiers(s.own)),
        functions=tuple(
            Function(
                name=scope.name,
                line=scope.node.lineno,
                complexity=1 + sum(map(_branches, scope.own)),
                identifiers=frozenset(_identifiers(scope.own)),
                calls=tuple(_calls(scope.own)),
            )
            for scope in scopes
            if isinstance(scope.node, _Function)
        ),
        public=len(documents),
        documented=sum(documents),
    )


_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Definition = ast.ClassDef | _Function


@dataclass(frozen=True)
class _Scope:
    """A definition, and the nodes that belong to it and not to a nested one."""

    node: _Definition | ast.Module
    name: str
    own: list[ast.AST]


def _scopes(node: _Definition | ast.Module, name: str = "") -> Iterator[_Scope]:
    own: list[ast.AST] = []
    todo = list(ast.iter_child_nodes(node))
    while todo:
        child = todo.pop()
        own.append(child)
        if isinstance(child, _Definition):
            yield from _scopes(child, f"{name}.{child.name}" if name else child.name)
        else:
            todo.extend(ast.iter_child_nodes(child))
    yield _Scope(node, name, own)


def _identifiers(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name


def _calls(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                yield name


def _branches(node: ast.AST) -> int:
    match node:
        case ast.If() | ast.IfExp() | ast.For() | ast.AsyncFor() | ast.While():
            return 1
        case ast.ExceptHandler() | ast.match_case():
            return 1
        case ast.comprehension(ifs=conditions):
            return 1 + len(conditions)
        case ast.BoolOp(values=values):
            return len(values) - 1
    return 0
