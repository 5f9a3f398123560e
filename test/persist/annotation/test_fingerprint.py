from __future__ import annotations

import importlib.util
import pickle
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.annotation.fingerprint import Fingerprinted, code_fingerprint
from zensols.persist.error import PersistableError


@pytest.fixture
def define(tmp_path: Path) -> Callable[[str], Any]:
    """Returns the function ``f`` of a source file."""
    count = iter(range(1000))

    def define(source: str) -> Any:
        path = tmp_path / f"module{next(count)}.py"
        path.write_text(source)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.f

    return define


def compiled(source: str) -> Any:
    """Returns the function ``f`` of source code that is nowhere to be found."""
    names: dict[str, Any] = {}
    exec(compile(source, "<nowhere>", "exec"), names)
    return names["f"]


def test_nothing() -> None:
    assert code_fingerprint(None, ()) == ""


def test_version() -> None:
    one = code_fingerprint(1, ())
    assert len(one) == 32
    assert one == code_fingerprint(1, ())
    assert len({one, code_fingerprint(2, ()), code_fingerprint("1", ())}) == 3


SAME = [
    "def f(x):\n    return x + 1\n",
    "def f(x):  # add\n    # one\n    return (x\n            + 1)\n",
    "\n\n\ndef f( x ) :\n\n    return x+1  # more\n",
]
OTHER = [
    "def f(x):\n    return x + 2\n",
    "def f(y):\n    return y + 1\n",
    "def f(x):\n    return x - 1\n",
    "def f(x, y=0):\n    return x + 1\n",
]


def test_comments_and_formatting_do_not_matter(define: Callable[[str], Any]) -> None:
    assert len({code_fingerprint(None, [define(source)]) for source in SAME}) == 1


def test_code_matters(define: Callable[[str], Any]) -> None:
    prints = {code_fingerprint(None, [define(s)]) for s in (SAME[0], *OTHER)}
    assert len(prints) == 5


def test_bytecode_where_there_is_no_source() -> None:
    assert len({code_fingerprint(None, [compiled(source)]) for source in SAME}) == 1
    prints = {code_fingerprint(None, [compiled(s)]) for s in (SAME[0], *OTHER[1:])}
    assert len(prints) == 4


def test_constants_in_bytecode_matter() -> None:
    sources = [
        "def f(x):\n    return x in {'a', 'b', 'c'}\n",
        "def f(x):\n    return x in {'a', 'b', 'd'}\n",
        "def f(x):\n    return lambda: (1, 2)\n",
        "def f(x):\n    return lambda: (1, 3)\n",
    ]
    assert len({code_fingerprint(None, [compiled(s)]) for s in sources}) == 4


def test_bytecode_is_the_same_in_other_processes(
    run_python: Callable[..., str],
) -> None:
    code = """if True:
        from zensols.persist.annotation.fingerprint import code_fingerprint
        names = {}
        exec("def f(x): return x in {'a', 'b', 'c', 'd'}", names)
        print(code_fingerprint(None, [names["f"]]))
    """
    assert len({run_python(code) for _ in range(4)}) == 1


def test_order_and_version_matter(define: Callable[[str], Any]) -> None:
    f, g = define(SAME[0]), define(OTHER[0])
    prints = [(f, g), (g, f), (f,), (g,)]
    assert len({code_fingerprint(v, p) for p in prints for v in (None, 1)}) == 8


def test_methods_classes_lambdas_and_wrapped() -> None:
    class Local:
        def method(self) -> int:
            return 1

    @wraps(Local.method)
    def wrapper(self: Local) -> int:
        return 2

    method = code_fingerprint(None, [Local.method])
    assert method == code_fingerprint(None, [Local().method])
    assert method == code_fingerprint(None, [wrapper])
    assert method != code_fingerprint(None, [Local])
    assert code_fingerprint(None, [lambda: 1]) != ""


def test_lambda_inside_of_an_expression_that_does_not_parse_alone() -> None:
    functions = [
        lambda: "one",
        lambda: "two",
    ]
    assert len({code_fingerprint(None, [f]) for f in functions}) == 2


@pytest.mark.parametrize("thing", [len, 3])
def test_neither_source_nor_bytecode(thing: Any) -> None:
    with pytest.raises(PersistableError, match="use version instead"):
        code_fingerprint(None, [thing])


def test_fingerprinted_pickles() -> None:
    restored = pickle.loads(pickle.dumps(Fingerprinted([1], "abc")))
    assert (restored.value, restored.fingerprint) == ([1], "abc")
