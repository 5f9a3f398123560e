from __future__ import annotations

from terminal import Terminal

BEGIN = """
import contextlib, io, logging, os, sys
from rich.console import Console
from rich.live import Live
from zensols.multi.above import above

console = Console(file=sys.stderr)

@contextlib.contextmanager
def shown(console=console):
    live = Live(console=console, auto_refresh=False, redirect_stdout=False,
                redirect_stderr=False, get_renderable=lambda: "SHOWN")
    with above(console), live:
        live.refresh()
        yield
"""


def on_terminal(code: str) -> list[str]:
    """What is on the screen at the end."""
    with Terminal(BEGIN + code) as terminal:
        return terminal.finish()


def test_lines_are_above() -> None:
    code = """
with shown():
    print("one")
    print("two\\n\\nthree", file=sys.stderr)
    sys.stdout.writelines(["four\\n", "five\\n"])
print("after")
"""
    assert on_terminal(code) == [
        *["one", "two", "", "three", "four", "five"],
        *["SHOWN", "after", ""],
    ]


def test_line_in_pieces() -> None:
    code = """
with shown():
    print("one", end=", ", flush=True)
    print("two")
    print("rest", end="")
print(" of it")
"""
    assert on_terminal(code) == ["one, two", "SHOWN", "rest of it", ""]


def test_long_lines_and_markup_are_left_as_they_are() -> None:
    code = """
with shown():
    print("[red]x[/y] :smile: " + "word " * 30)
    print("\\x1b[31mred\\x1b[0m")
"""
    first, second, *rest = on_terminal(code)
    assert (first + second).startswith("[red]x[/y] :smile: word word")
    assert first + second == ("[red]x[/y] :smile: " + "word " * 30).rstrip()
    assert rest == ["red", "SHOWN", ""]


def test_handlers_are_above() -> None:
    code = """
logging.basicConfig(format="root: %(message)s")
own = logging.getLogger("own.deep")
own.addHandler(logging.StreamHandler(sys.stdout))
own.propagate = False
before = [h.stream for h in (logging.root.handlers[0], own.handlers[0])]
with shown():
    logging.warning("a")
    own.warning("b")
print([h.stream for h in (logging.root.handlers[0], own.handlers[0])] == before)
"""
    assert on_terminal(code) == ["root: a", "b", "SHOWN", "True", ""]


def test_handlers_of_files_are_left_alone() -> None:
    code = """
text = io.StringIO()
logging.basicConfig(stream=text, format="%(message)s")
with shown():
    logging.warning("a")
print(repr(text.getvalue()))
"""
    assert on_terminal(code) == ["SHOWN", "'a\\n'", ""]


def test_what_somebody_else_replaces_stays() -> None:
    code = """
logging.basicConfig(format="%(message)s")
handler = logging.root.handlers[0]
text = io.StringIO()
original = sys.stdout
with shown():
    ours = sys.stdout
    sys.stdout = text
    handler.setStream(text)
print("a")
logging.warning("b")
sys.stdout = original
print(repr(text.getvalue()), handler.stream is text)
# Who has kept the replacement can go on with it.
print("c", file=ours)
"""
    assert on_terminal(code) == ["SHOWN", "'a\\nb\\n' True", "c", ""]


def test_all_is_restored_after_an_exception() -> None:
    code = """
logging.basicConfig()
handler = logging.root.handlers[0]
before = sys.stdout, sys.stderr, handler.stream
try:
    with shown():
        raise KeyError("x")
except KeyError:
    print(before == (sys.stdout, sys.stderr, handler.stream))
"""
    assert on_terminal(code) == ["SHOWN", "True", ""]


def test_standard_output_into_a_file_goes_there() -> None:
    code = """
with shown():
    print("one")
    print("two", file=sys.stderr)
"""
    with Terminal(BEGIN + code, stdout=False) as terminal:
        assert terminal.finish() == ["two", "SHOWN", ""]
        assert terminal.process.stdout is not None
        assert terminal.process.stdout.read() == b"one\n"


def test_streams_that_are_no_files_are_left_alone() -> None:
    code = """
real, sys.stdout = sys.stdout, io.StringIO()
with shown():
    print("one")
real.write(repr(sys.stdout.getvalue()))
"""
    assert on_terminal(code) == ["SHOWN", "'one\\n'"]


def test_forked_process_writes_as_ever() -> None:
    code = """
with shown():
    print("begun", end="")
    if os.fork() == 0:
        print("\\nchild", flush=True)
        os._exit(0)
    os.wait()
    print(" and ended")
"""
    # At the cursor, which is behind what is shown; then that is shown again.
    shown, child, *rest = on_terminal(code)
    assert shown == "SHOWN"
    assert child == "child"
    assert rest == ["begun and ended", "SHOWN", ""]


def test_the_stream_is_still_one() -> None:
    code = """
with shown():
    same = sys.stdout.fileno() == 1, sys.stdout.isatty(), sys.stdout.encoding
    written = sys.stdout.write("four\\n")
print(same, written)
"""
    assert on_terminal(code) == ["four", "SHOWN", "(True, True, 'utf-8') 5", ""]


def test_printing_while_printing() -> None:
    # As a signal's handler does that comes at a bad time.
    code = """
import signal
signal.signal(signal.SIGALRM, lambda *_: print("alarm"))

original = console.print
def rude(*args, **options):
    console.print = original
    signal.raise_signal(signal.SIGALRM)
    original(*args, **options)
console.print = rude
with shown():
    print("one")
"""
    assert on_terminal(code) == ["alarm", "one", "SHOWN", ""]


def test_many_threads() -> None:
    code = """
import threading
def work(name):
    for n in range(100):
        print(name * 10)
with shown():
    threads = [threading.Thread(target=work, args=[name]) for name in "abcde"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""
    *lines, shown, _ = on_terminal(code)
    assert shown == "SHOWN"
    whole = [line for line in lines if line and line == line[0] * 10]
    assert len(whole) == 500
