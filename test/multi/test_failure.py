from __future__ import annotations

import copyreg
import io
import pickle
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import pytest
from programs import run_script

from zensols.multi.error import MultiProcessError
from zensols.multi.failure import annotate, describe_item, make_failure, portable
from zensols.persist import DirectoryStash, MissingDataKeysError
from zensols.persist.error import Failure


@pytest.fixture(autouse=True)
def _reducers() -> Iterator[None]:
    before = dict(copyreg.dispatch_table)
    # tblib, which Dask loads, has its own way with each exception that there is.
    for kind, reducer in before.items():
        if reducer.__module__.startswith("tblib"):
            del copyreg.dispatch_table[kind]
    yield
    copyreg.dispatch_table.clear()
    copyreg.dispatch_table.update(before)


class Plain(Exception):
    pass


class Renamed(Exception):
    """Passes on another argument than it takes."""

    def __init__(self, word: str) -> None:
        super().__init__(f"No such word: {word}")


class Demanding(ValueError):
    """Can't be made from its arguments."""

    def __init__(self, word: str, *, status: int) -> None:
        super().__init__(f"No such word: {word}")
        self.status = status


class Forgetful(Exception):
    """Pickled without its notes."""

    def __reduce__(self) -> Any:
        return Forgetful, self.args


class Failing(Exception):
    def __init__(self, status: int) -> None:
        if status:
            raise RuntimeError
        super().__init__(status)
        self.args = (1,)


@dataclass
class Coded(Exception):
    code: int
    text: str = ""


@dataclass(frozen=True)
class Frozen(Exception):
    code: int


class System(OSError):
    def __init__(self, code: int, text: str, path: str, *, more: str) -> None:
        super().__init__(code, text, path)
        self.more = more


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError


class Unnotable(Exception):
    __notes__ = "not a list"  # type: ignore[assignment]


def raised(error: BaseException) -> BaseException:
    def fail() -> NoReturn:
        raise error

    try:
        fail()
    except BaseException as e:
        return e


def send(error: BaseException) -> BaseException:
    """What arrives in another process."""
    arrived = pickle.loads(pickle.dumps(portable(error)))
    assert isinstance(arrived, BaseException)
    return arrived


class TestDescribeItem:
    def test_short_ones_are_shown(self) -> None:
        assert describe_item("word-12") == "'word-12'"
        assert describe_item(("a", 1)) == "('a', 1)"

    @pytest.mark.parametrize(
        "item", ["x" * 10**6, b"x" * 10**6, 10**999, list(range(10**6)), "€\n" * 1000]
    )
    def test_long_ones_are_shortened(self, item: Any) -> None:
        assert len(describe_item(item)) <= 120
        assert "..." in describe_item(item)

    def test_in_one_line(self) -> None:
        class Table:
            def __repr__(self) -> str:
                return "a b\n1 2"

        assert describe_item([Table()]) == "[a b 1 2]"

    def test_broken_ones(self) -> None:
        class Unwilling:
            def __repr__(self) -> str:
                raise ValueError

        assert "Unwilling" in describe_item(Unwilling())


class TestAnnotate:
    def test_names_the_item_and_the_place(self) -> None:
        error = raised(Plain("four"))
        annotate(error, "'word'")
        item, place = error.__notes__
        assert item == "Raised by item 'word'"
        assert "in fail\n    raise error" in place
        assert place.endswith("Plain: four")

    def test_tells_the_cause(self) -> None:
        try:
            try:
                int("four")
            except ValueError as e:
                raise Plain("no number") from e
        except Plain as e:
            error = e
        annotate(error, "'word'")
        assert 'int("four")' in error.__notes__[1]
        assert "direct cause" in error.__notes__[1]

    def test_replaces_its_own_notes_only(self) -> None:
        error = Plain("four")
        error.add_note("mine")
        annotate(error, "'a'")
        annotate(error, "'b'")
        assert error.__notes__[:2] == ["mine", "Raised by item 'b'"]
        assert len(error.__notes__) == 3
        assert "Raised by" not in error.__notes__[2]
        assert "mine" in error.__notes__[2]

    def test_long_tracebacks_lose_their_middle(self) -> None:
        error = Plain("start" + "x" * 10**6 + "end")
        annotate(error, "'word'")
        assert len(error.__notes__[1]) < 9000
        assert "start" in error.__notes__[1]
        assert error.__notes__[1].endswith("xend")
        assert "characters …]" in error.__notes__[1]

    @pytest.mark.parametrize("error", [Frozen(1), Unnotable(1), Mute(1)])
    def test_unwilling_exceptions(self, error: Exception) -> None:
        annotate(error, "'word'")
        assert error.__notes__[0] == "Raised by item 'word'"
        assert type(error).__name__ in error.__notes__[1]


class TestPortable:
    @pytest.mark.parametrize(
        "error",
        [
            Plain("four"),
            KeyError("four"),
            ValueError(),
            OSError(2, "No such file", "/a/b"),
            UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"),
            KeyboardInterrupt(),
            SystemExit(3),
            ExceptionGroup("both", [KeyError(1), Plain("a")]),
            Coded(3, "a"),
            MultiProcessError("died"),
        ],
    )
    def test_well_behaved_ones_stay_as_they_are(self, error: BaseException) -> None:
        annotate(error, "'word'")
        assert portable(error) is error
        assert copyreg.dispatch_table.get(type(error)) is None
        arrived = send(error)
        assert repr(arrived) == repr(error)
        assert arrived.__notes__ == error.__notes__

    @pytest.mark.parametrize(
        "error",
        [
            Renamed("four"),
            Demanding("four", status=404),
            Forgetful("four"),
            Failing(0),
            Frozen(code=3),
            Coded(code=3),
            System(2, "No such file", "/a/b", more="x"),
            MissingDataKeysError({"a"}),
        ],
    )
    def test_ill_behaved_ones_arrive_all_the_same(self, error: Exception) -> None:
        annotate(error, "'word'")
        arrived = send(error)
        assert type(arrived) is type(error)
        assert arrived.args == error.args
        assert vars(arrived) == vars(error)
        assert arrived.__notes__[0] == "Raised by item 'word'"

    def test_text_arrives(self) -> None:
        arrived = send(Demanding("four", status=404))
        assert str(arrived) == "No such word: four"
        assert isinstance(arrived, Demanding)
        assert arrived.status == 404

    def test_sent_on_from_where_they_arrive(self) -> None:
        data = pickle.dumps(portable(Renamed("four")))
        del copyreg.dispatch_table[Renamed]
        arrived = pickle.loads(pickle.dumps(pickle.loads(data)))
        assert repr(arrived) == "Renamed('No such word: four')"

    def test_reducer_of_tblib_is_of_no_use(self) -> None:
        pickling_support = pytest.importorskip("tblib.pickling_support")
        pickling_support.install(Frozen(code=3))
        arrived = send(Frozen(code=3))
        assert type(arrived) is Frozen
        assert arrived.code == 3

    def test_a_reducer_of_the_program_is_kept(self) -> None:
        def reduce(error: Renamed) -> Any:
            return Renamed, ("kept",)

        copyreg.pickle(Renamed, reduce)  # type: ignore[arg-type]
        arrived = send(Renamed("four"))
        assert copyreg.dispatch_table[Renamed] is reduce
        assert repr(arrived) == "MultiProcessError('Renamed: No such word: four')"

    def test_texts_stand_for_what_is_live(self) -> None:
        error = Demanding("four", status=404)
        error.response = lock = threading.Lock()  # type: ignore[attr-defined]
        arrived = send(error)
        assert type(arrived) is Demanding
        assert str(arrived) == "No such word: four"
        assert vars(arrived) == {"status": 404, "response": repr(lock)}
        assert vars(error)["response"] is lock

    def test_texts_stand_for_live_arguments(self) -> None:
        error = raised(KeyError("four", io.StringIO, threading.Lock()))
        arrived = send(error)
        assert type(arrived) is KeyError
        assert arrived.args[:2] == ("four", io.StringIO)
        assert arrived.args[2] == repr(error.args[2])
        assert portable(error).__traceback__ is error.__traceback__
        assert KeyError not in copyreg.dispatch_table

    def test_arguments_that_are_never_equal(self) -> None:
        error = Plain(object(), float("nan"))
        assert portable(error) is error

    def test_local_classes(self) -> None:
        class Local(Exception):
            pass

        cause = KeyError("root")
        error = Local("four")
        error.__cause__ = cause
        error.add_note("mine")
        annotate(error, "'word'")
        substitute = portable(error)
        assert type(substitute) is MultiProcessError
        assert str(substitute).endswith("Local: four")
        assert substitute.__notes__ == error.__notes__
        assert substitute.__cause__ is cause
        assert repr(send(error)) == repr(substitute)

    def test_those_that_nothing_can_be_made_of(self) -> None:
        error = ExceptionGroup("both", [Plain(threading.Lock())])
        assert str(send(error)) == "ExceptionGroup: both (1 sub-exception)"

    def test_without_a_text(self) -> None:
        class Local(Mute):
            pass

        assert str(portable(Local(1))).endswith("Local: (1,)")

    def test_another_program_gets_them(self, tmp_path: Any) -> None:
        """It has not seen any such exception before."""
        code = """
            import os, pickle
            from zensols.multi.failure import annotate, portable

            class NotFound(Exception):
                def __init__(self, word, *, status):
                    super().__init__(f"No such word: {word}")
                    self.status = status

            reading, writing = os.pipe()
            if not os.fork():
                try:
                    raise NotFound("four", status=404)
                except NotFound as e:
                    annotate(e, "'four'")
                    os.write(writing, pickle.dumps(portable(e)))
                os._exit(0)
            os.wait()
            try:
                raise pickle.loads(os.read(reading, 10**6))
            except NotFound as e:
                print(e, e.status, e.__notes__[0])
        """
        expected = "No such word: four 404 Raised by item 'four'"
        assert run_script(tmp_path, code) == expected


class Thrower:
    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def fail(self) -> NoReturn:
        raise Renamed("four")


class Broken:
    """Can be pickled, but not restored."""

    def __reduce__(self) -> Any:
        return int, ("four",)


class TestMakeFailure:
    def test_keeps_what_was_raised_where(self) -> None:
        thrower = Thrower(3)
        try:
            thrower.fail()
        except Renamed as e:
            failure = make_failure(e, thrower, "item 'four'")
        assert type(failure) is Failure
        assert failure.thrower is thrower
        assert 'raise Renamed("four")' in failure.traceback
        assert str(failure) == "item 'four': No such word: four"
        with pytest.raises(Renamed, match="No such word: four"):
            pickle.loads(pickle.dumps(failure)).rethrow()

    @pytest.mark.parametrize(
        "inner",
        [threading.Lock(), Broken(), b"x" * 100_000],
        ids=["lock", "broken", "large"],
    )
    def test_a_text_stands_for_the_thrower(self, inner: Any) -> None:
        thrower = Thrower(inner)
        failure = make_failure(ValueError("four"), thrower, "item")
        assert pickle.loads(pickle.dumps(failure)).thrower == repr(thrower)

    def test_is_stored(self, tmp_path: Any) -> None:
        error = raised(Demanding("four", status=404))
        error.lock = threading.Lock()  # type: ignore[attr-defined]
        stash = DirectoryStash[Failure](tmp_path / "data")
        stash["a"] = make_failure(error, Thrower(error), "item")
        assert str(stash["a"]) == "item: No such word: four"
        assert "in fail" in stash["a"].traceback
