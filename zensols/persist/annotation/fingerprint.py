"""Fingerprints of code, which tell a value computed by it from one that an
earlier version computed.

"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import CodeType
from typing import Any

from ..error import PersistableError

__all__ = ["Fingerprinted", "code_fingerprint"]


class Fingerprinted:
    """A value in a stash, with the fingerprint of the code that computed it."""

    __slots__ = ("fingerprint", "value")

    def __init__(self, value: Any, fingerprint: str) -> None:
        """
        :param value: the value

        :param fingerprint: see :func:`code_fingerprint`

        """
        self.value = value
        self.fingerprint = fingerprint


def code_fingerprint(
    version: str | int | None, depends_on: Iterable[Callable[..., Any]]
) -> str:
    """Return a text that changes with a version and with the source code of
    functions, comments and formatting aside.

    The bytecode stands in for source code that is not at hand.

    :param version: any

    :param depends_on: functions, methods or classes

    :return: 32 hexadecimal digits, or nothing if nothing is given

    :raises PersistableError: if something has neither source nor bytecode

    >>> from zensols.persist.annotation.fingerprint import code_fingerprint
    >>> code_fingerprint(1, ()) == code_fingerprint("1", ())
    False
    >>> code_fingerprint(None, ())
    ''

    """
    texts = [_code_text(function) for function in depends_on]
    if version is None and not texts:
        return ""
    from hashlib import blake2b

    data = "\0".join((repr(version), *texts))
    return blake2b(data.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _code_text(function: Callable[..., Any]) -> str:
    import ast
    import inspect

    function = inspect.unwrap(function)
    try:
        source = inspect.getsource(function)
        if source[0].isspace():
            source = f"if True:\n{source}"
        return ast.unparse(ast.parse(source))
    except (OSError, SyntaxError, TypeError):
        code = getattr(function, "__code__", None)
        if code is None:
            raise PersistableError(
                f"Can't take the fingerprint of {function!r}, which has no source "
                "code: leave it out of depends_on and use version instead"
            ) from None
        return _bytecode_text(code)


def _bytecode_text(code: CodeType) -> str:
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    constants = ",".join(map(_constant_text, code.co_consts))
    return f"{code.co_code.hex()} {names} ({constants})"


def _constant_text(constant: object) -> str:
    if isinstance(constant, CodeType):
        return _bytecode_text(constant)
    if isinstance(constant, tuple):
        return f"({','.join(map(_constant_text, constant))})"
    if isinstance(constant, frozenset):
        # The order of a set differs between processes.
        return f"{{{','.join(sorted(map(_constant_text, constant)))}}}"
    return repr(constant)
