"""What became of the items that a worker got."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from typing import Any

from .failure import portable

__all__ = ["Outcome"]


@dataclass
class Outcome:
    """What became of a chunk.

    For one thread.

    >>> import pickle
    >>> error = ValueError("no number")
    >>> error.__cause__ = KeyError("n")
    >>> outcome = pickle.loads(pickle.dumps(Outcome(failures={0: error})))
    >>> outcome.failures[0], outcome.failures[0].__cause__
    (ValueError('no number'), KeyError('n'))

    """

    keys: list[str] = field(default_factory=list)
    """What has been stored, or is handed back, in this order."""

    values: list[Any] = field(default_factory=list)
    """What is handed back, if anything is; pickled if it comes from afar."""

    failures: dict[int, BaseException] = field(default_factory=dict)
    """What the items of these places in the chunk have raised."""

    unknown: BaseException | None = None
    """What was raised for one of several items, it isn't known for which."""

    failed_values: int = 0
    """How many of the values are failures, kept as values."""

    seconds: float = 0.0
    """How long it took."""

    records: list[Any] = field(default_factory=list)
    """What was logged meanwhile."""

    def __getstate__(self) -> dict[str, Any]:
        # Which exceptions leave out when they are pickled.
        causes = {
            place: _bare(portable(error.__cause__))
            for place, error in self.failures.items()
            if error.__cause__ is not None
        }
        failures = {place: _bare(error) for place, error in self.failures.items()}
        unknown = None if self.unknown is None else _bare(self.unknown)
        bare = {"failures": failures, "unknown": unknown, "causes": causes}
        return {**vars(self), **bare}

    def __setstate__(self, state: dict[str, Any]) -> None:
        causes = state.pop("causes")
        vars(self).update(state)
        for place, cause in causes.items():
            self.failures[place].__cause__ = cause


def _bare(error: BaseException) -> BaseException:
    """Return a copy without what is pickled with exceptions where Dask is imported,
    whether it can be or not.

    """
    try:
        made = copy(error)
    except Exception:  # noqa: BLE001  each __reduce__ raises what it likes
        return error
    made.__cause__ = made.__context__ = made.__traceback__ = None
    return made
