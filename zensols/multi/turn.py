"""Have one at a time fill a stash, of all that could."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from zensols.persist.domain import Stash
from zensols.persist.error import LockTimeoutError

from .error import WorkStoppedError

__all__ = ["turn"]

_KEY: Final = "zensols.multi prime"
_PERIOD: Final = 0.2


@contextmanager
def turn(
    delegate: Stash[Any], is_to_stop: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """Wait until nobody else fills a stash, nor anybody can while this is entered:
    other threads and, as far as the stash's lock excludes them, other processes.

    A thread may enter it again.

    :param delegate: what is filled

    :param is_to_stop: asked now and then whether to give up waiting

    :raises WorkStoppedError: if so

    >>> from zensols.persist import DictionaryStash
    >>> with turn(DictionaryStash()):
    ...     pass

    """
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(delegate.lock(_KEY, _PERIOD))
                break
            except LockTimeoutError:
                if is_to_stop():
                    raise WorkStoppedError(
                        f"Stopped while somebody else filled {delegate!r}; what is "
                        f"done is kept"
                    ) from None
        yield
