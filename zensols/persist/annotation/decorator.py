"""Methods that are run once."""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType, FunctionType
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast, overload

from ..error import PersistableError
from .class_hook import register
from .definition import Definition
from .fingerprint import code_fingerprint
from .lock import locked
from .lookup import work_of
from .reuse import check_function, is_coroutine
from .wrapper import make_wrapper

if TYPE_CHECKING:
    from ..codec import Codec
    from ..domain import Stash

__all__ = ["persisted"]

F = TypeVar("F", bound=Callable[..., Any])

# From inspect, which takes long to import.
_VARARGS: Final = 0x04 | 0x08


@overload
def persisted(name: F, /) -> F: ...


@overload
def persisted(
    name: str | None = ...,
    path: str | Path | None = ...,
    cache_global: bool = ...,
    transient: bool = ...,
    allocation_track: bool = ...,
    mkdir: bool = ...,
    deallocate_recursive: bool = ...,
    recover_empty: bool = ...,
    *,
    stash: Stash[Any] | str | Callable[[Any], Stash[Any]] | None = ...,
    key: str | Callable[[Any], str] | None = ...,
    version: str | int | None = ...,
    depends_on: Iterable[Callable[..., Any]] = ...,
    lock_timeout: float | None = ...,
    codec: Codec | None = ...,
) -> Callable[[F], F]: ...


def persisted(
    name: Any = None,
    path: str | Path | None = None,
    cache_global: bool = False,
    transient: bool = False,
    allocation_track: bool = True,
    mkdir: bool = False,
    deallocate_recursive: bool = False,
    recover_empty: bool = False,
    *,
    stash: Stash[Any] | str | Callable[[Any], Stash[Any]] | None = None,
    key: str | Callable[[Any], str] | None = None,
    version: str | int | None = None,
    depends_on: Iterable[Callable[..., Any]] = (),
    lock_timeout: float | None = None,
    codec: Codec | None = None,
) -> Any:
    """Decorates a method to run once for an instance, whose work, a
    :class:`.PersistedWork`, keeps what it returned.  Goes under ``@property``.

    A work that the instance already has under ``name``, such as one made in the
    constructor, is used as it is; then the parameters from ``path`` to
    ``recover_empty`` have no effect.

    Methods that are coroutines share one computation among all that await it;
    one that failed or was cancelled is not kept.  Generators can't be decorated,
    as they can be used only once.  The arguments of a method matter only when it
    runs, and it may be called without them later.

    Safe to use from several threads and, for a value on disk or in a stash that
    is, processes: one computes and the others wait.

    :param name: the attribute of the instance that holds the work, which also
                 names the value; by default made of the method's name

    :param path: the file that keeps the value, see :class:`.PersistedWork`; by
                 default it is kept in memory

    :param cache_global: whether all instances of a class share the value

    :param transient: whether to leave the value out of the pickled instance

    :param allocation_track: whether to record the work while allocation tracking
                             is on, see :class:`.Deallocatable`

    :param mkdir: whether to make the folder of the file

    :param deallocate_recursive: whether to deallocate what is in a container
                                 that is the value

    :param recover_empty: whether to compute the value again if the file is empty
                          or truncated, rather than raise

    :param stash: keeps the value instead of a file; a stash, or a function of
                  the instance that returns one

    :param key: the value's key in the stash; a string, or a function of the
                instance

    :param version: a value stored under another version is computed again

    :param depends_on: functions; a value stored when their source code, comments
                       and formatting aside, was another is computed again

    :param lock_timeout: how many seconds to wait for another thread or process
                         to compute the value; by default as long as it takes

    :param codec: writes and reads the file; by default signed pickles

    :raises PersistableError: if a method can't be decorated as told; and when it
                              is called, if the value can't be read or written

    :raises LockTimeoutError: when it is called, if the value is not there in time

    >>> from zensols.persist.annotation import persisted
    >>> class Corpus:
    ...     @property
    ...     @persisted("_size")
    ...     def size(self):
    ...         print("counting")
    ...         return 3
    ...
    ...     @persisted
    ...     def words(self):
    ...         return ["a", "b", "c"]
    >>> corpus = Corpus()
    >>> corpus.size
    counting
    3
    >>> corpus.size
    3
    >>> corpus.words() is corpus.words()
    True

    """
    attribute = None if callable(name) else name
    if not isinstance(attribute, str | None):
        raise _misplaced(name)
    if (stash is None) != (key is None):
        raise PersistableError("Give stash and key together, or neither")
    if stash is not None and path is not None:
        raise PersistableError("Give either path or stash, since a value has one place")
    fingerprint = code_fingerprint(version, depends_on)

    def define(function: Callable[..., Any]) -> Definition:
        return Definition(
            function=function,
            name=_work_name(function, attribute),
            path=None if path is None else Path(path),
            cache_global=cache_global,
            transient=transient,
            allocation_track=allocation_track,
            mkdir=mkdir,
            deallocate_recursive=deallocate_recursive,
            recover_empty=recover_empty,
            stash=stash,
            key=key,
            fingerprint=fingerprint,
            lock_timeout=lock_timeout,
            codec=codec,
        )

    def decorate(function: F, /) -> F:
        return cast(F, _decorate(define(function), sys._getframe(1)))

    if callable(name):
        return _decorate(define(name), sys._getframe(1))
    return decorate


def _misplaced(thing: object) -> PersistableError:
    return PersistableError(
        f"Neither a method nor a name: {thing!r}; put @persisted(name) right above the "
        "method, under @property if there is one"
    )


def _work_name(function: Any, name: str | None) -> str:
    if not callable(function):
        raise _misplaced(function)
    method = getattr(function, "__name__", "")
    if name is None:
        if not method.isidentifier():
            raise PersistableError(
                f"Can't name the work of {function!r} after it: give a name"
            )
        return f"_{method}_pw"
    if name == method:
        raise PersistableError(
            f"The work of method {method} can't have the method's own name, which is "
            f"taken in the class: name it '_{method}', or leave the name out"
        )
    return name


def _decorate(definition: Definition, frame: FrameType) -> Callable[..., Any]:
    function = definition.function
    has_arguments = True
    asynchronous = False
    if isinstance(function, FunctionType):
        check_function(function)
        code = function.__code__
        asynchronous = is_coroutine(code)
        has_arguments = (code.co_argcount, code.co_kwonlyargcount) != (1, 0) or bool(
            code.co_flags & _VARARGS
        )
        required = _required_arguments(function)
        if required:
            warnings.warn(
                f"Method {function.__qualname__} requires arguments ({required}), but "
                "its first result is kept whatever they are: keep results that depend "
                "on arguments in a stash",
                UserWarning,
                stacklevel=3,
            )
    wrapper = make_wrapper(
        _async_miss(definition) if asynchronous else _miss(definition),
        definition.name,
        has_arguments,
        asynchronous,
    )
    register(frame, definition, None if asynchronous else wrapper)
    return functools.update_wrapper(wrapper, function)


def _required_arguments(function: FunctionType) -> str:
    code = function.__code__
    optional = len(function.__defaults__ or ())
    count = code.co_argcount
    names = list(code.co_varnames[1 : max(count - optional, 1)])
    names += (
        name
        for name in code.co_varnames[count : count + code.co_kwonlyargcount]
        if name not in (function.__kwdefaults__ or ())
    )
    return ", ".join(names)


def _miss(definition: Definition) -> Callable[..., Any]:
    def miss(owner: Any, /, *args: Any, **kwargs: Any) -> Any:
        work = work_of(owner, definition)
        with locked(work._lock_holder, definition.lock_timeout):
            outer = work.worker, work._definition
            work.worker, work._definition = definition.function, definition
            try:
                return work(owner, *args, **kwargs)
            finally:
                if work._is_busy:
                    work.worker, work._definition = outer

    return miss


def _async_miss(definition: Definition) -> Callable[..., Any]:
    async def miss(owner: Any, /, *args: Any, **kwargs: Any) -> Any:
        from .asynchronous import call

        work = work_of(owner, definition)
        return await call(work, definition, (owner, *args), kwargs)

    return miss
