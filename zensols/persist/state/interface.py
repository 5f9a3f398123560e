"""What loads and saves the states of applications."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Literal, Self, TypedDict

from .state import State

__all__ = [
    "BaseStateLoader",
    "BaseStatePersister",
    "BaseStateSaver",
    "PersistedStateData",
    "Status",
]

Status = Literal["completed", "failed"]
"""Whether the step of an application succeeded after which its state was saved."""


class PersistedStateData(TypedDict):
    """A state and what it was saved with.

    For one thread, as a dictionary is.

    """

    partition_key: str | None
    """What the application belongs to, such as a user."""

    app_id: str
    """The application."""

    sequence_id: int
    """Which step of the application it is the state after."""

    position: str
    """What that step was."""

    state: State
    """The state."""

    created_at: str
    """When it was saved: ISO 8601, in UTC."""

    status: Status
    """Whether the step succeeded."""


class BaseStateLoader(ABC):
    """Loads the states of applications.

    >>> class Demonstration(BaseStateLoader):
    ...     def list_app_ids(self, partition_key, **kwargs):
    ...         return ["demo"]
    ...     def load(self, partition_key, app_id, sequence_id=None, **kwargs):
    ...         return None
    >>> Demonstration().load("user 1", "chat")

    """

    @abstractmethod
    def list_app_ids(self, partition_key: str | None, **kwargs: Any) -> list[str]:
        """Return the applications of a partition, the one saved last first.

        :param partition_key: the partition

        :param kwargs: what else the class takes

        """

    @abstractmethod
    def load(
        self,
        partition_key: str | None,
        app_id: str | None,
        sequence_id: int | None = None,
        **kwargs: Any,
    ) -> PersistedStateData | None:
        """Return a state and what it was saved with, or None if there is no such.

        :param partition_key: the partition

        :param app_id: the application, or None for that of the partition that was
                       saved last

        :param sequence_id: which step, by default the one that was saved last

        :param kwargs: what else the class takes

        """


class BaseStateSaver(ABC):
    """Saves the states of applications.

    >>> class Printer(BaseStateSaver):
    ...     def save(self, partition_key, app_id, sequence_id, position, state,
    ...              status, **kwargs):
    ...         print(app_id, sequence_id, position, dict(state), status)
    >>> Printer().save(None, "chat", 1, "ask", {"text": "hello"}, "completed")
    chat 1 ask {'text': 'hello'} completed

    """

    def initialize(self) -> None:  # noqa: B027  most have nothing to do
        """Make what saving needs, such as a table, if it isn't there."""

    def is_initialized(self) -> bool:
        """Return whether there is what saving needs."""
        return True

    @abstractmethod
    def save(
        self,
        partition_key: str | None,
        app_id: str,
        sequence_id: int,
        position: str,
        state: Mapping[str, Any],
        status: Status,
        **kwargs: Any,
    ) -> None:
        """Save a state.

        :param partition_key: what the application belongs to, such as a user

        :param app_id: the application

        :param sequence_id: which step of the application it is the state after

        :param position: what that step was

        :param state: the state

        :param status: whether the step succeeded: ``completed`` or ``failed``

        :param kwargs: what else the class takes

        """

    def is_async(self) -> bool:
        """Return whether the other methods are coroutines: here they aren't."""
        return False


class BaseStatePersister(BaseStateLoader, BaseStateSaver):
    """Loads and saves the states of applications.

    It can be pickled if it keeps open connections, locks and the like out of its
    pickled state.  What its class says of threads holds.

    >>> class Memory(BaseStatePersister):
    ...     def __init__(self, name="memory"):
    ...         self.name = name
    ...     def list_app_ids(self, partition_key, **kwargs):
    ...         return []
    ...     def load(self, partition_key, app_id, sequence_id=None, **kwargs):
    ...         return None
    ...     def save(self, partition_key, app_id, sequence_id, position, state,
    ...              status, **kwargs):
    ...         pass
    >>> with Memory.from_config({"name": "other"}) as persister:
    ...     persister.copy().name
    'other'

    """

    @classmethod
    def from_values(cls, *args: Any, **values: Any) -> Self:
        """Return a persister that makes its own connections.

        :param args: what the class takes

        :param values: what the class takes, by name

        """
        return cls(*args, **values)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Return a persister for a section of a configuration.

        :param config: what :meth:`from_values` takes, by name

        """
        return cls.from_values(**config)

    def cleanup(self) -> None:
        """Free what it holds, such as connections."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cleanup()

    def copy(self) -> Self:
        """Return another persister of the same database, with connections of its
        own, as a pickled copy is.
        """
        return deepcopy(self)
