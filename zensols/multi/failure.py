"""What an item raised, on its way to whoever asked for it."""

from __future__ import annotations

import copyreg
import pickle
from reprlib import Repr
from traceback import format_exception
from typing import Any, Final

from zensols.persist.codec.culprit import show
from zensols.persist.error import Failure
from zensols.persist.missing import MISSING

from .error import MultiProcessError
from .travel import as_received

__all__ = ["annotate", "describe_item", "failure_of", "make_failure", "portable"]

_PLAIN: Final = (str, bytes, int, float, complex, bool, type(None))
_HISTORY: Final = ("__traceback__", "__context__", "__cause__", "__suppress_context__")
_ITEM_NOTE: Final = "Raised by item "
_TRACEBACK_NOTE: Final = "Where it was raised:\n"
_HEAD: Final = 2000
_TAIL: Final = 6000
_LARGEST_THROWER: Final = 1 << 16

_repr: Final = Repr()
_repr.maxstring = _repr.maxother = _repr.maxlong = 100


def describe_item(item: Any) -> str:
    """Return a short text for an item, whatever it is.

    :param item: what ``_create_data`` yielded

    >>> describe_item("word")
    "'word'"
    >>> describe_item(list(range(1000)))
    '[0, 1, 2, 3, 4, 5, ...]'

    """
    return _repr.repr(item).replace("\n", " ")


def annotate(error: BaseException, item_text: str) -> None:
    """Add notes to an exception that say which item raised it, and where: the
    traceback as text, which travels where tracebacks can't, without its middle where
    it is long.

    If it has such notes already, they are replaced.

    :param error: what was raised

    :param item_text: names the item, see :func:`describe_item`

    >>> error = KeyError("root")
    >>> annotate(error, "'word'")
    >>> error.__notes__[0]
    "Raised by item 'word'"

    """
    # So and not as attributes, which an exception that is a frozen dataclass refuses.
    state = vars(error)
    state["__notes__"] = [note for note in _notes(error) if not _is_ours(note)]
    text = _shorten("".join(format_exception(error)).rstrip())
    state["__notes__"] += [_ITEM_NOTE + item_text, _TRACEBACK_NOTE + text]


def portable(error: BaseException) -> BaseException:
    """Return an exception that arrives in another process as it is here, notes
    included: the same one if it does; else one of the same type that is made anew
    without calling it, in which texts stand for what can't be pickled; else, if its
    type is not found there, a :class:`.MultiProcessError` with the type's name and
    the message.

    Safe to call from several threads.

    :param error: what was raised

    >>> error = ValueError("no such word")
    >>> portable(error) is error
    True
    >>> class Local(Exception):
    ...     pass
    >>> portable(Local("no such word"))
    MultiProcessError('Local: no such word')

    """
    if _arrives(error):
        return error
    made = _remake(error)
    if made is not None:
        if _arrives(made):
            return made
        kind = type(made)
        # Its constructor takes other arguments than it passes on, or it leaves out
        # the notes.
        before = copyreg.dispatch_table.get(kind)
        # What tblib, which Dask loads, says of all exceptions is of no use here.
        is_free = before is None or before.__module__.startswith("tblib")
        if is_free and as_received(_by_state(made)) is not MISSING:
            copyreg.pickle(kind, _by_state)
            if _arrives(made):
                return made
            del copyreg.dispatch_table[kind]
            if before is not None:
                copyreg.dispatch_table[kind] = before
    text = f"{type(error).__qualname__}: {_message(error)}"
    return _with_history(
        _from_state(MultiProcessError, (text,), {"__notes__": _notes(error)}), error
    )


def make_failure(exception: BaseException, thrower: Any, message: str) -> Failure:
    """Return what is stored for an item that failed, which can be pickled whatever
    the exception and its thrower are.

    :param exception: what was raised

    :param thrower: the object in which it was raised, for which a text stands if it
                    is large or can't be pickled

    :param message: what was attempted

    >>> failure = make_failure(ValueError("no such word"), None, "item 12")
    >>> print(failure)
    item 12: no such word

    """
    if _is_large(thrower) or as_received(thrower) is MISSING:
        thrower = show(thrower)
    return Failure(portable(exception), thrower, message=message)  # type: ignore[arg-type]  # not only Exceptions


def failure_of(item: Any, error: BaseException, stash: object) -> Failure:
    """Return what is kept for an item that failed.

    :param item: what ``_create_data`` yielded

    :param error: what it raised

    :param stash: whose item it is

    >>> print(failure_of("word", ValueError("too long"), None))
    Could not process 'word': too long

    """
    return make_failure(error, stash, f"Could not process {describe_item(item)}")


def _arrives(error: BaseException) -> bool:
    there = as_received(error)
    return (
        type(there) is type(error)
        and len(there.args) == len(error.args)
        and all(map(_same, there.args, error.args))
        and _notes(there) == _notes(error)
        # The text of an object may contain its address.
        and (not _is_plain(error.args) or _message(there) == _message(error))
    )


def _same(there: Any, here: Any) -> bool:
    return type(there) is type(here) and (
        not isinstance(here, _PLAIN) or repr(there) == repr(here)
    )


def _is_plain(args: tuple[Any, ...]) -> bool:
    return all(isinstance(arg, _PLAIN) for arg in args)


def _remake(error: BaseException) -> BaseException | None:
    args = tuple(map(_or_text, error.args))
    state = {name: _or_text(value) for name, value in vars(error).items()}
    try:
        made = _from_state(type(error), args, state)
    except Exception:  # noqa: BLE001  its class can do what it likes
        return None
    return _with_history(made, error)


def _or_text(value: Any) -> Any:
    return show(value) if as_received(value) is MISSING else value


def _by_state(error: BaseException) -> tuple[Any, ...]:
    return _registered, (type(error), error.args, vars(error))


def _registered(
    kind: type[BaseException], args: tuple[Any, ...], state: dict[str, Any]
) -> BaseException:
    # Whoever gets it may send it on, or store it.
    copyreg.pickle(kind, _by_state)
    return _from_state(kind, args, state)


def _from_state(
    kind: type[BaseException], args: tuple[Any, ...], state: dict[str, Any]
) -> BaseException:
    made = kind.__new__(kind, *args)
    object.__setattr__(made, "args", args)
    vars(made).update(state)
    return made


def _with_history(made: BaseException, error: BaseException) -> BaseException:
    for name in _HISTORY:
        object.__setattr__(made, name, getattr(error, name))
    return made


def _notes(error: BaseException) -> list[str]:
    notes = getattr(error, "__notes__", None)
    if not isinstance(notes, list | tuple):
        return []
    return [note for note in notes if isinstance(note, str)]


def _is_ours(note: str) -> bool:
    return note.startswith((_ITEM_NOTE, _TRACEBACK_NOTE))


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  its __str__ can raise anything
        return show(error.args)


def _shorten(text: str) -> str:
    left_out = len(text) - _HEAD - _TAIL
    if left_out <= 0:
        return text
    return f"{text[:_HEAD]}\n[… {left_out} characters …]\n{text[-_TAIL:]}"


def _is_large(thrower: Any) -> bool:
    try:
        return len(pickle.dumps(thrower, 5)) > _LARGEST_THROWER
    except Exception:  # noqa: BLE001  each __reduce__ raises what it likes
        return False
