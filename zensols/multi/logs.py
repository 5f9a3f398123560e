"""Log records of a worker, on their way to the program's handlers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from zensols.persist.codec.culprit import show
from zensols.persist.missing import MISSING

from .travel import as_received

__all__ = ["capture", "replay"]

MOST: Final = 10_000
"""How many records are kept of one chunk."""

_PLAIN: Final = (str, int, float, bool, type(None))
_FORMATTER: Final = logging.Formatter()


@contextmanager
def capture(level: int) -> Iterator[list[logging.LogRecord]]:
    """Return a context manager that collects what the calling thread logs, and gives
    the list of it, complete at the end: records that can be pickled, the first
    10,000 of them, and one that says how many there were besides.

    Handlers don't get what is collected, unless they are added meanwhile.  Loggers
    that have a level of their own keep it; for others it is the level given, if that
    is lower than the root logger's, which is lowered meanwhile.

    Safe to use in several threads at once, each of which collects its own.

    :param level: the lowest one that is collected

    >>> with capture(logging.INFO) as records:
    ...     logging.getLogger("words").info("Read %d words", 12)
    >>> [record.getMessage() for record in records]
    ['Read 12 words']

    """
    collector = _Collector(level)
    root = logging.getLogger()
    loggers = [root, *_loggers()]
    with ExitStack() as stack:
        stack.callback(collector.finish)
        for handler in {id(h): h for each in loggers for h in each.handlers}.values():
            handler.addFilter(collector.is_elsewhere)
            stack.callback(_remove_filter, handler, collector.is_elsewhere)
        for logger in loggers:
            # What it logs is not seen further up.
            if logger is root or not logger.propagate:
                logger.addHandler(collector)
                stack.callback(_remove_handler, logger, collector)
        stack.enter_context(_lowered(level))
        yield collector.records


def replay(records: Iterable[logging.LogRecord]) -> None:
    """Log what was collected in another process, as if it had been logged here: by
    loggers of the same names, if their levels and filters let it through.

    :param records: what :func:`capture` gave

    """
    for record in records:
        logger = logging.getLogger(record.name)
        if logger.isEnabledFor(record.levelno):
            logger.handle(record)


class _Collector(logging.Handler):
    """Keeps what one thread logs."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.records: list[logging.LogRecord] = []
        self._thread = threading.get_ident()
        self._left_out = 0

    def is_elsewhere(self, _: logging.LogRecord) -> bool:
        """Return whether this is another thread."""
        return threading.get_ident() != self._thread

    def emit(self, record: logging.LogRecord) -> None:
        if self.is_elsewhere(record):
            return
        if len(self.records) >= MOST:
            self._left_out += 1
            return
        try:
            self.records.append(_portable(record))
        except Exception:  # noqa: BLE001  a record can hold anything
            self.handleError(record)

    def finish(self) -> None:
        """Say how much is missing."""
        if self._left_out:
            record = logging.getLogger(__name__).makeRecord(
                __name__,
                logging.WARNING,
                __file__,
                0,
                "Left out %d more log records of a chunk, of which %d are kept",
                (self._left_out, MOST),
                None,
            )
            self.records.append(record)


def _portable(record: logging.LogRecord) -> logging.LogRecord:
    """Return a copy that can be pickled, with texts for what can't."""
    state = dict(vars(record))
    state["msg"] = record.getMessage()
    state["args"] = None
    if record.exc_info:
        if not record.exc_text:
            state["exc_text"] = _FORMATTER.formatException(record.exc_info)
        state["exc_info"] = None
    for name, value in state.items():
        if not isinstance(value, _PLAIN) and as_received(value) is MISSING:
            state[name] = show(value)
    return logging.makeLogRecord(state)


def _loggers() -> list[logging.Logger]:
    # A copy, since another thread may add one meanwhile; some are mere places in the
    # tree.
    known = list(logging.Logger.manager.loggerDict.values())
    return [logger for logger in known if isinstance(logger, logging.Logger)]


# What is logged by other threads meanwhile goes on with the lists as they were;
# without an element that is removed in place, it would miss the next one.


def _remove_filter(handler: logging.Handler, filter_: Callable[..., Any]) -> None:
    handler.filters = [each for each in handler.filters if each != filter_]


def _remove_handler(logger: logging.Logger, handler: logging.Handler) -> None:
    logger.handlers = [each for each in logger.handlers if each is not handler]


_lock: Final = threading.Lock()
_levels: Final[list[int]] = []


@contextmanager
def _lowered(level: int) -> Iterator[None]:
    """Lower the root logger's level to the lowest that is asked for at a time."""
    with _lock:
        if not _levels:
            _levels.append(logging.getLogger().level)
        _levels.append(level)
        _use_lowest()
    try:
        yield
    finally:
        with _lock:
            _levels.remove(level)
            _use_lowest()
            if len(_levels) == 1:
                _levels.clear()


def _use_lowest() -> None:
    root, lowest = logging.getLogger(), min(_levels)
    # Setting it makes all loggers forget what they worked out.
    if root.level != lowest:
        root.setLevel(lowest)
