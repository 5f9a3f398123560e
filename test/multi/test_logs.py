from __future__ import annotations

import io
import logging
import pickle
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from programs import run_script

import zensols.multi.logs
from zensols.multi.logs import MOST, capture, replay

logger = logging.getLogger(__name__)


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """Leaves logging as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    assert root.level == level
    assert root.handlers == handlers
    logger.setLevel(logging.NOTSET)


@pytest.fixture
def printed() -> Iterator[io.StringIO]:
    """What the root logger's handler prints."""
    root = logging.getLogger()
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.INFO)
    yield handler.stream
    root.setLevel(level)
    assert handler.filters == []
    root.removeHandler(handler)


def send(records: list[logging.LogRecord]) -> list[logging.LogRecord]:
    """What arrives in another process."""
    arrived = pickle.loads(pickle.dumps(records))
    assert isinstance(arrived, list)
    return arrived


def test_logged_when_replayed(printed: io.StringIO) -> None:
    with capture(logging.INFO) as records:
        logger.info("Read %d words of %r", 12, "a")
        logger.debug("left out")
    assert printed.getvalue() == ""
    replay(send(records))
    assert printed.getvalue() == f"INFO {__name__} Read 12 words of 'a'\n"


def test_logged_as_usual_before_and_after(printed: io.StringIO) -> None:
    logger.info("before")
    with pytest.raises(KeyError), capture(logging.INFO):
        logger.info("within")
        raise KeyError
    logger.info("after")
    assert printed.getvalue() == f"INFO {__name__} before\nINFO {__name__} after\n"


def test_lowers_the_root_level() -> None:
    level = logging.getLogger().level
    with capture(logging.DEBUG) as records:
        logger.debug("low")
    assert [record.levelname for record in records] == ["DEBUG"]
    assert logging.getLogger().level == level


def test_does_not_raise_the_root_level(printed: io.StringIO) -> None:
    with capture(logging.ERROR) as records:
        assert logger.isEnabledFor(logging.INFO)
        logger.warning("too low to be kept")
    assert records == []
    assert printed.getvalue() == ""


def test_loggers_keep_their_levels(printed: io.StringIO) -> None:
    logger.setLevel(logging.ERROR)
    with capture(logging.DEBUG) as records:
        logger.warning("too low")
        logger.error("kept")
    assert [record.getMessage() for record in records] == ["kept"]


def test_replay_honours_levels(printed: io.StringIO) -> None:
    with capture(logging.DEBUG) as records:
        logger.debug("low")
        logger.warning("middle")
        logger.error("high")
    logger.setLevel(logging.ERROR)
    replay(send(records))
    assert printed.getvalue() == f"ERROR {__name__} high\n"


def test_replay_honours_filters(printed: io.StringIO) -> None:
    def refuse(record: logging.LogRecord) -> bool:
        return "secret" not in record.getMessage()

    with capture(logging.INFO) as records:
        logger.info("a secret")
        logger.info("news")
    logger.addFilter(refuse)
    try:
        replay(send(records))
    finally:
        logger.removeFilter(refuse)
    assert printed.getvalue() == f"INFO {__name__} news\n"


def test_exceptions_are_texts() -> None:
    with capture(logging.INFO) as records:
        try:
            int("four")
        except ValueError:
            logger.exception("No number", stack_info=True)
    (record,) = send(records)
    assert record.exc_info is None
    text = logging.Formatter("%(message)s").format(record)
    assert text.startswith("No number\nTraceback (most recent call last):\n")
    assert 'int("four")' in text
    assert "ValueError: invalid literal" in text
    assert "test_exceptions_are_texts" in (record.stack_info or "")


def test_extra_attributes_are_kept() -> None:
    lock = threading.Lock()
    extra = {"word": "a", "parts": [1, 2], "lock": lock, "made": lambda: 1}
    with capture(logging.INFO) as records:
        logger.info("Read", extra=extra)
    (record,) = send(records)
    assert vars(record)["word"] == "a"
    assert vars(record)["parts"] == [1, 2]
    assert vars(record)["lock"] == repr(lock)
    assert "<lambda>" in vars(record)["made"]
    assert record.lineno == records[0].lineno
    assert record.created == records[0].created
    assert record.process == records[0].process


def test_messages_are_texts() -> None:
    with capture(logging.INFO) as records:
        logger.info({"lock": threading.Lock()})
        logger.info("%s", threading.Lock())
    first, second = send(records)
    assert first.getMessage().startswith("{'lock': <unlocked")
    assert second.getMessage().startswith("<unlocked")


def test_wrong_messages_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    with capture(logging.INFO) as records:
        logger.info("%d", "four")
        logger.info("next")
    assert [record.getMessage() for record in records] == ["next"]
    assert "Logging error" in capsys.readouterr().err


def test_says_how_many_are_left_out(
    printed: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST == 10_000
    monkeypatch.setattr(zensols.multi.logs, "MOST", 3)
    with capture(logging.INFO) as records:
        for number in range(5):
            logger.info("%d", number)
    assert [record.getMessage() for record in records] == [
        *"012",
        "Left out 2 more log records of a chunk, of which 3 are kept",
    ]
    replay(send(records))
    assert printed.getvalue().endswith(
        "WARNING zensols.multi.logs "
        "Left out 2 more log records of a chunk, of which 3 are kept\n"
    )


def test_loggers_that_do_not_propagate() -> None:
    alone = logging.getLogger(f"{__name__}.alone")
    child = logging.getLogger(f"{__name__}.alone.child")
    handler = logging.StreamHandler(io.StringIO())
    alone.addHandler(handler)
    alone.propagate = False
    try:
        with capture(logging.INFO) as records:
            alone.info("alone")
            child.info("child")
        assert handler.stream.getvalue() == ""
        assert [record.getMessage() for record in records] == ["alone", "child"]
        assert alone.handlers == [handler]
        assert handler.filters == []
    finally:
        alone.propagate = True
        alone.removeHandler(handler)


def test_threads_collect_their_own(printed: io.StringIO) -> None:
    barrier = threading.Barrier(3, timeout=60)

    def work(level: int, name: str) -> list[str]:
        with capture(level) as records:
            barrier.wait()
            logger.debug("low %s", name)
            logger.info("%s", name)
            barrier.wait()
        return [record.getMessage() for record in send(records)]

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(work, logging.INFO, "first")
        second = pool.submit(work, logging.DEBUG, "second")
        barrier.wait()
        logger.info("main")
        barrier.wait()
        assert first.result() == ["first"]
        assert second.result() == ["low second", "second"]
    assert printed.getvalue() == f"INFO {__name__} main\n"


def test_one_within_another() -> None:
    with capture(logging.INFO) as outer:
        logger.info("outer")
        with capture(logging.DEBUG) as inner:
            logger.debug("inner")
        logger.debug("too low")
    assert [record.getMessage() for record in inner] == ["inner"]
    assert [record.getMessage() for record in outer] == ["outer"]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers(method: str, tmp_path: Path) -> None:
    """They print nothing themselves, and what they log is printed once."""
    code = """
        import logging
        import multiprocessing
        import sys
        from concurrent.futures import ProcessPoolExecutor

        from zensols.multi.logs import capture, replay

        def work(number):
            with capture(logging.INFO) as records:
                logging.getLogger("words").info("Read %d", number)
                logging.getLogger("words").debug("too low")
            return records

        if __name__ == "__main__":
            file = open(sys.argv[2], "a")
            form = "%(levelname)s %(name)s %(message)s %(processName)s"
            logging.basicConfig(stream=file, level=logging.INFO, format=form)
            context = multiprocessing.get_context(sys.argv[1])
            with ProcessPoolExecutor(1, context) as pool:
                records = pool.submit(work, 12).result()
            file.flush()
            before = open(sys.argv[2]).read()
            replay(records)
            file.flush()
            print(repr(before), open(sys.argv[2]).read())
    """
    printed = run_script(tmp_path, code, method, str(tmp_path / "log"))
    assert printed.startswith("'' INFO words Read 12 ")
    assert "Process-" in printed
    assert len(printed.splitlines()) == 1
