"""Names of a package that are imported when they are first used (:pep:`562`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["lazy_names"]


def lazy_names(
    scope: dict[str, Any], modules: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return a package's ``__getattr__`` and ``__dir__``.

    Safe to use from many threads.

    :param scope: the ``globals()`` of the package

    :param modules: the module of the package that each name is in

    >>> scope = {"__name__": "zensols.persist.lazy_example"}
    >>> find, names = lazy_names(scope, {"Some": "some"})
    >>> names()
    ['Some', '__name__']

    """
    package = scope["__name__"]

    def find(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{modules[name]}"), name)
        scope[name] = value
        return value

    return find, lambda: sorted({*scope, *modules})
