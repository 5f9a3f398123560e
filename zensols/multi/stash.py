"""Stashes that are filled in parallel."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic

from zensols.persist.domain import Stash, V, snapshot
from zensols.persist.error import Failure

from .childlog import configure_logging
from .chunk import ChunkProcessor
from .failure import describe_item, failure_of
from .feed import Feed
from .filled import FilledStash
from .options import leave_to_class, not_given, take_from_class
from .policy import OnFailure, Retry
from .processor import MultiProcessor, PoolMultiProcessor, SingleMultiProcessor
from .progress import Progress
from .recipe import check_options

if TYPE_CHECKING:
    from .engine import Engine
    from .manifest import Manifest
    from .sizing import Sizer

__all__ = [
    "ChunkProcessor",
    "MultiProcessDefaultStash",
    "MultiProcessStash",
    "MultiProcessor",
    "PoolMultiProcessor",
    "SingleMultiProcessor",
]

_FOUND_OUT: Final = not_given(0)
_EACH_CORE: Final = not_given(0)


@dataclass(init=False)
class MultiProcessStash(FilledStash[V], Generic[V]):
    """Fills its delegate in parallel before it is first read.

    Subclasses implement :meth:`_create_data`, which yields the items to work on,
    and :meth:`_process`, which is called by workers with lists of them and yields
    what to store.

    What is done is recorded beside the delegate: after an interruption, however
    hard, the next access does what is left.

    Safe to use from many threads and, if the delegate is, processes: one fills it,
    the others wait.  Subclasses that are dataclasses and want defaults derive from
    :class:`MultiProcessDefaultStash`.

    >>> from zensols.persist import DictionaryStash
    >>> class Squares(MultiProcessStash):
    ...     def _create_data(self):
    ...         return range(5)
    ...     def _process(self, chunk):
    ...         for number in chunk:
    ...             yield str(number), number ** 2
    >>> stash = Squares(DictionaryStash(), workers=1)
    >>> stash["3"], len(stash)
    (9, 5)

    """

    ATTR_EXP_META: ClassVar[tuple[str, ...]] = ("chunk_size", "workers")
    LOG_CONFIG_SECTION: ClassVar[str] = "multiprocess_log_config"
    """The section of the configuration with the option ``section``, which names the
    section of the object that configures the logging of workers.
    """

    config: Any = field(default=None, kw_only=True)
    """The configuration that an object factory made this of, or None."""

    name: str | None = field(default=None, kw_only=True)
    """What the configuration calls this, or None."""

    chunk_size: int = field(default=0, kw_only=True)
    """How many items a worker is given at a time; 0 gives it as many as take about
    a fifth of a second.
    """

    workers: int | float = field(default=0, kw_only=True)
    """How many work at the same time: a number; 0 for one for each core; a negative
    number for so many less than there are cores; a float for a part of the cores.
    """

    engine: str | Executor | Engine | None = field(default=None, kw_only=True)
    """Where to work: ``processes``, ``threads``, ``serial``, ``dask``, an address of
    a Dask scheduler such as ``tcp://host:8786``, an executor, or an
    :class:`.Engine`.  By default processes, or this one for one worker.
    """

    on_failure: OnFailure | Retry = field(default="raise", kw_only=True)
    """What to do about an item that fails: ``raise`` what it raised, after the
    others have been done; ``collect``, see :meth:`iterfails`; or :func:`.retry`
    it first.
    """

    death_retries: int = field(default=1, kw_only=True)
    """How often a chunk is tried again whose worker died, before it is split to
    find the item that kills.
    """

    item_timeout: float | None = field(default=None, kw_only=True)
    """How many seconds an item may take."""

    version: str = field(default="", kw_only=True)
    """That of the code.  What another version has made is made again."""

    seed: int = field(default=0, kw_only=True)
    """Makes the random numbers of each chunk; see :attr:`chunk_seed`."""

    show_progress: bool | Callable[[Progress], None] | None = field(
        default=None, kw_only=True
    )
    """Whether to show a progress bar, or what to call with the progress; by default
    a bar on a terminal and otherwise a line in the log for each tenth.
    """

    processor_class: type[MultiProcessor] | None = field(default=None, init=False)
    """How chunks are run if no engine is set; by default in processes."""

    keys_are_items: ClassVar[bool] = False
    """Whether each item is the key of its result."""

    chunk_seed: ClassVar[int | None] = None
    """In a worker, the seed of the chunk that it works on, for generators of one's
    own; :mod:`random`, NumPy and PyTorch have been seeded with it, except in threads.
    """

    def __init__(
        self,
        delegate: Stash[V],
        config: Any = None,
        name: str | None = None,
        chunk_size: int = _FOUND_OUT,
        workers: float = _EACH_CORE,
        **options: Any,
    ) -> None:
        """
        :param delegate: what to fill

        :param config: see :attr:`config`

        :param name: see :attr:`name`

        :param chunk_size: see :attr:`chunk_size`; by default found out

        :param workers: see :attr:`workers`; by default one for each core

        :param options: the other attributes

        """
        self.delegate = delegate
        self.config = config
        self.name = name
        self.chunk_size = chunk_size
        self.workers = workers
        known = {option.name for option in fields(MultiProcessStash) if option.kw_only}
        for option, value in options.items():
            if option not in known:
                raise TypeError(f"{type(self).__name__} has no option {option!r}")
            setattr(self, option, value)
        self.__post_init__()

    def __post_init__(self) -> None:
        take_from_class(self)
        super().__post_init__()
        check_options(self)

    @abstractmethod
    def _create_data(self) -> Iterable[Any]:
        """Return the items to work on.  They are taken as they are needed, so that
        there may be more than fit in memory.

        """

    @abstractmethod
    def _process(self, chunk: list[Any]) -> Iterable[tuple[str, V]]:
        """Yield the keys and values that are made of some items.  Called by
        workers, with another copy of this stash.

        :param chunk: the items

        """

    def _create_chunk_processor(self, chunk_id: int, data: Any) -> ChunkProcessor:
        """Return what a worker gets to know of the items of a chunk."""
        return ChunkProcessor(self.config, self.name, chunk_id, data)

    def _init_child(self, processor: ChunkProcessor) -> None:
        """Set up a worker's copy of this stash, once for each worker.

        :param processor: the worker's first chunk

        """
        if processor.config_factory is not None:
            self._config_child_logging(processor.config_factory)

    def _config_child_logging(self, factory: Any) -> None:
        """Configure the logging of a worker, where the configuration says how.

        :param factory: the worker's object factory

        """
        configure_logging(factory, self.LOG_CONFIG_SECTION)

    def iterfails(self) -> Iterable[tuple[str, Failure]]:
        """Yield what has failed, with ``on_failure`` being ``collect``: the key
        where it is known, or else the item as text, and its failure.

        """
        self.prime()
        return ((describe_item(i), f) for i, f in self._life.kept_failures)

    def reprocess_failures(self) -> set[str]:
        """Try what has failed again, and return what :meth:`iterfails` called it."""
        failed = {key for key, _ in self.iterfails()}
        if failed:
            self._life.look()
        return failed

    def make_feed(self, manifest: Manifest, sizer: Sizer, *, look: bool) -> Feed | None:
        """Return what there is to do, or None if that is nothing.

        :param manifest: the record of what is done

        :param sizer: tells how many items make up a chunk

        :param look: whether to look at all items even if all are recorded as done

        """
        if not manifest.is_begun:
            # What is there without a record has been made by other means.
            if self.has_data and not look:
                return None
            return Feed(self._create_data(), sizer)
        if not look and manifest.is_complete(self._keys_there):
            return None
        done = manifest.done(set(self._keys_there()))
        return Feed(self._create_data(), sizer, done)

    def _keys_there(self) -> Iterable[str]:
        # A dictionary may have others that aren't text.
        return map(str, snapshot(self.delegate.keys()))

    def has_item(self, key: str) -> bool:
        """Return whether a key is known to be an item, so that it can be made before
        others.

        :param key: the key

        """
        return False

    def keep_failures(self, failures: list[tuple[Any, BaseException]]) -> None:
        """Keep the failures of a run.

        :param failures: items, and what they raised

        """
        self._life.kept_failures = [
            (item, failure_of(item, error, self)) for item, error in failures
        ]


leave_to_class(MultiProcessStash)


@dataclass
class MultiProcessDefaultStash(MultiProcessStash[V], Generic[V]):
    """A :class:`MultiProcessStash` with defaults for all but its delegate, for
    dataclasses whose own fields have defaults.

    >>> from zensols.persist import DictionaryStash
    >>> @dataclass
    ... class Powers(MultiProcessDefaultStash):
    ...     exponent: int = 2
    ...     def _create_data(self):
    ...         return range(5)
    ...     def _process(self, chunk):
    ...         return ((str(n), n ** self.exponent) for n in chunk)
    >>> Powers(DictionaryStash(), exponent=3)["4"]
    64

    """

    config: Any = None
    name: str | None = None
    chunk_size: int = 0
    workers: int | float = 1
    processor_class: type[MultiProcessor] | None = PoolMultiProcessor
