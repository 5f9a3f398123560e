"""A stash that keeps its values in one of the standard library's shelves, and a
context manager that closes it.

"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .stash import ShelveStash

__all__ = ["ShelveStash", "shelve"]


class shelve:  # noqa: N801  a context manager's name, as clients import it
    """A context manager that closes a :class:`.ShelveStash` in the end.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from zensols.persist import shelve
    >>> with shelve(Path(tempfile.mkdtemp()) / "shelf") as stash:
    ...     stash["a"] = 1
    ...     len(stash)
    1

    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """
        :param args: given to the stash

        :param kwargs: given to the stash

        """
        from .stash import ShelveStash

        self.stash = ShelveStash[Any](*args, **kwargs)

    def __enter__(self) -> ShelveStash[Any]:
        return self.stash

    def __exit__(self, *exc_info: object) -> None:
        self.stash.close()


def __getattr__(name: str) -> Any:
    # The package binds the class above when it is imported, which must not cost
    # what the stash does.
    if name == "ShelveStash":
        from .stash import ShelveStash

        return ShelveStash
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
