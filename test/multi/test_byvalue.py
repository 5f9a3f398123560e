"""What programs define that have no module to import it from."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from programs import run_code, run_script

SENDER = """
import sys
from zensols.multi.travel import pack

{definitions}

with open(sys.argv[1], "wb") as file:
    file.write(pack({value}, "value", by_value=True))
"""

RECEIVER = """
import sys
from zensols.multi.travel import unpack

with open(sys.argv[1], "rb") as file:
    value = unpack(file.read())
print({shown})
"""


def send(folder: Path, definitions: str, value: str, shown: str) -> str:
    """What another program prints that gets what one defines."""
    package = str(folder / "package")
    definitions = dedent(definitions)
    run_script(folder, SENDER.format(definitions=definitions, value=value), package)
    return run_code(RECEIVER.format(shown=shown), package)


STASH = """
    import functools
    import logging
    from dataclasses import dataclass, field
    from typing import Any
    from zensols.persist import DelegateStash, DictionaryStash, persisted

    logger = logging.getLogger("words")

    @dataclass
    class Base(DelegateStash[Any]):
        size: int = field(default=3)
        tags: list[str] = field(default_factory=list)

        def make(self, key):
            return len(key) + self.size

        @functools.cached_property
        def half(self):
            return self.size / 2

        @property
        @persisted("_double")
        def double(self):
            return self.size * 2

    @dataclass
    class Words(Base):
        extra: int = field(default=1, kw_only=True)

        def make(self, key):
            logger.debug(key)
            return super().make(key) + self.extra + helper(self)

        @classmethod
        def named(cls):
            return cls.__name__, Words is cls

        @staticmethod
        def one():
            return 1

    def helper(stash):
        return 100 if isinstance(stash, Words) else 0
"""


def test_a_stash_of_the_script(tmp_path: Path) -> None:
    shown = "value.make('ab'), value.half, value.double, value.named(), value.one(), "
    shown += "[f.name for f in __import__('dataclasses').fields(value)], dict(value)"
    value = "Words(DictionaryStash({'a': 1}))"
    assert send(tmp_path, STASH, value, shown) == (
        "106 1.5 6 ('Words', True) 1 ['delegate', 'size', 'tags', 'extra'] {'a': 1}"
    )


@pytest.mark.parametrize(
    ("definitions", "value", "shown", "expected"),
    [
        (
            """
            def even(n): return n == 0 or odd(n - 1)
            def odd(n): return n != 0 and even(n - 1)
            """,
            "even",
            "value(4)",
            "True",
        ),
        ("factor = 3", "lambda x: x * factor", "value(2)", "6"),
        (
            """
            from enum import Enum
            class Color(Enum):
                RED = 1
                def shade(self): return self, self is Color.RED
            """,
            "Color.RED",
            "value.shade()",
            "(<Color.RED: 1>, True)",
        ),
        (
            """
            from typing import NamedTuple
            class Pair(NamedTuple):
                left: int
                right: int = 2
                def sum(self): return self.left + self.right
            """,
            "Pair(1)",
            "(value, value.sum())",
            "(Pair(left=1, right=2), 3)",
        ),
        (
            """
            from dataclasses import dataclass
            @dataclass(slots=True, frozen=True)
            class Slotted:
                a: int
            """,
            "Slotted(1)",
            "value",
            "Slotted(a=1)",
        ),
        (
            """
            import functools
            @functools.lru_cache(maxsize=7)
            def fibonacci(n):
                return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)
            """,
            "fibonacci",
            "(value(80), value.cache_parameters()['maxsize'])",
            "(23416728348467685, 7)",
        ),
        (
            """
            from abc import ABC, abstractmethod
            class Shape(ABC):
                @abstractmethod
                def area(self): ...
            class Square(Shape):
                def area(self): return 4
            """,
            "(Shape, Square())",
            "(value[1].area(), value[0].__abstractmethods__)",
            "(4, frozenset({'area'}))",
        ),
        (
            """
            class NotFound(KeyError):
                def __init__(self, word): super().__init__(word + '?')
            """,
            "NotFound",
            "repr(value('four'))",
            "NotFound('four?')",
        ),
    ],
    ids=[
        "functions",
        "lambda",
        "enum",
        "tuple",
        "slots",
        "cached",
        "abstract",
        "error",
    ],
)
def test_what_is_defined(
    definitions: str, value: str, shown: str, expected: str, tmp_path: Path
) -> None:
    assert send(tmp_path, definitions, value, shown) == expected


CLASSES = """
import sys
from zensols.multi.travel import pack, unpack

class Outer:
    class Inner:
        def made(self):
            return Word()

class Word:
    read = []

class Unused:
    pass

def read(text):
    return Word

if sys.argv[1:]:
    data = pack([Outer.Inner(), read], "value", by_value=True)
    with open(sys.argv[1], "wb") as file:
        file.write(data)
else:
    with open("answer", "rb") as file:
        inner, made, function = unpack(file.read())
    print(type(inner) is Outer.Inner, type(made) is Word, function is read)
"""

WORKER = """
import pickle, sys
from zensols.multi.travel import unpack

{before}
with open(sys.argv[1], "rb") as file:
    data = file.read()
value, function = unpack(data)
{between}
with open("answer", "wb") as file:
    pickle.dump([value, value.made(), function], file)
print(hasattr(sys.modules["__main__"], "Unused"))
"""


@pytest.mark.parametrize("between", ["", "value, function = unpack(data)"])
def test_instances_are_sent_back_by_name(between: str, in_tmp: Path) -> None:
    """Whoever has the classes gets instances of them, and not of copies."""
    run_script(in_tmp, CLASSES, "package")
    worker = WORKER.format(before="", between=between)
    assert run_code(worker, "package") == "False"
    assert run_script(in_tmp, CLASSES) == "True True True"


def test_what_is_defined_anew_replaces_what_was_sent(in_tmp: Path) -> None:
    run_script(in_tmp, CLASSES, "old")
    run_script(in_tmp, CLASSES.replace("read = []", "read = [1]"), "package")
    worker = WORKER.format(
        before="unpack(open('old', 'rb').read())", between="print(Word.read)"
    )
    assert run_code(worker, "package") == "[1]\nFalse"
    assert run_script(in_tmp, CLASSES) == "True True True"


def test_names_of_the_receiver_are_its_own(in_tmp: Path) -> None:
    run_script(in_tmp, CLASSES, "package")
    worker = """
        import sys
        from zensols.multi.travel import unpack
        def read(text): return "mine"
        value, function = unpack(open(sys.argv[1], "rb").read())
        print(read(""), function("") is type(value.made()), "Outer" in globals())
    """
    assert run_code(worker, "package") == "mine True True"


def test_same_program_gets_what_it_has(tmp_path: Path) -> None:
    code = """
        from zensols.multi.travel import pack, unpack
        class Word: pass
        mine = Word
        print(type(unpack(pack(Word(), "word", by_value=True))) is Word, Word is mine)
    """
    assert run_script(tmp_path, code) == "True True"


@pytest.mark.parametrize(
    ("definitions", "value", "path"),
    [
        ("class Words:\n    lock = LOCK", "Words()", r"value.lock: <unlocked"),
        (
            "class Words:\n    def make(self): return LOCK",
            "Words()",
            r"value.make.<global 'LOCK'>: <unlocked",
        ),
        (
            "def outer(): return inner()\ndef inner(): return LOCK",
            "[1, outer]",
            "value[1].<global 'inner'>.<global 'LOCK'>: <unlocked",
        ),
        (
            "class Words: pass\nwords = Words()\nwords.log = open('log', 'w')",
            "{'a': words}",
            "value['a'].log: <_io.TextIOWrapper",
        ),
    ],
)
def test_what_cannot_be_sent_is_named(
    definitions: str, value: str, path: str, in_tmp: Path
) -> None:
    definitions = f"import threading\nLOCK = threading.Lock()\n{definitions}"
    code = SENDER.format(definitions=definitions, value=value)
    with pytest.raises(AssertionError, match="CannotTravelError") as error:
        run_script(in_tmp, code, "package")
    assert f"Can't send {path}" in str(error.value)


def test_a_program_without_file(in_tmp: Path) -> None:
    """As in a notebook, or at the prompt."""
    code = "from zensols.multi.travel import pack\n"
    code += "class Word:\n    def twice(self): return 2 * OFFSET\n"
    code += "OFFSET = 3\n"
    code += "open('package', 'wb').write(pack(Word(), 'word', by_value=True))"
    run_code(code)
    assert run_code(RECEIVER.format(shown="value.twice()"), "package") == "6"


def test_without_cloudpickle(in_tmp: Path) -> None:
    definitions = "sys.modules['cloudpickle'] = None\nclass Word: pass"
    code = SENDER.format(definitions=definitions, value="Word()")
    with pytest.raises(AssertionError, match="pip install cloudpickle"):
        run_script(in_tmp, code, "package")
