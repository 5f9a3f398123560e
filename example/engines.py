"""One pipeline, and where it runs is one argument: in this process, in others, on a
Dask cluster, or on whatever else executes.  The table is the same each time.

A stash says what there is to do (``_create_data``) and how to do some of it
(``_process``); its argument ``engine`` says where.  Reading it has the work done.
What workers can't reach themselves, such as the dictionary that keeps the results
here, this process writes for them; a file or a server, they write to.

"""

from __future__ import annotations

import argparse
import lzma
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from zensols.multi import MultiProcessStash
from zensols.persist import PersistableError, Stash, open_stash

EXAMPLES = """\
examples:
  engines.py                   in a process for each core
  engines.py --engine serial   in this process, which a debugger can follow
  engines.py --engine dask     on a Dask cluster of this machine
  engines.py --engine tcp://10.0.0.1:8786 --store redis://10.0.0.1
                               on a Dask cluster that is there
  engines.py --store dir:news  keep the results: kill it, and run it again

Each prints the same table; how long it took is said apart from it.
"""


class News(MultiProcessStash[tuple[int, int]]):
    """How many bytes each module of the standard library has, and how many are left
    when what it repeats is left out.

    """

    def _create_data(self) -> list[tuple[str, bytes]]:
        folder = Path(sysconfig.get_path("stdlib"))
        # Rather than paths, which other machines may not have.
        return [(path.stem, path.read_bytes()) for path in sorted(folder.glob("*.py"))]

    def _process(
        self, chunk: list[tuple[str, bytes]]
    ) -> Iterator[tuple[str, tuple[int, int]]]:
        for name, source in chunk:
            yield name, (len(source), len(lzma.compress(source)))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the pipeline, and return the program's exit code."""
    args = parse(argv)
    try:
        store = open_stash(args.store)
        with closing(News(store, engine=args.engine, workers=args.workers)) as news:
            print_table(news)
            print(f"{args.engine}: {news.progress()}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    except PersistableError as e:
        print(f"engines.py: {e}", file=sys.stderr)
        return 1
    return 0


def print_table(news: Stash[tuple[int, int]], shown: int = 10) -> None:
    """Print which modules of some size have the most news."""
    sizes = dict(news)
    long = [name for name, (size, _) in sizes.items() if size >= 4096]
    long.sort(key=lambda name: (-sizes[name][1] / sizes[name][0], name))
    print(f"{'module':24}{'bytes':>12}{'compressed':>12}{'left':>6}")
    for name in long[:shown]:
        print_row(name, *sizes[name])
    print_row(f"all {len(sizes)}", *map(sum, zip(*sizes.values(), strict=True)))


def print_row(name: str, size: int, compressed: int) -> None:
    """Print a row of the table."""
    print(f"{name:24}{size:12,}{compressed:12,}{compressed / size:6.0%}")


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--engine",
        default="processes",
        help="where to work: serial, threads, processes, dask, or the address of a "
        "Dask scheduler (default: %(default)s)",
    )
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        default=0,
        help="how many work at the same time (default: one for each core)",
    )
    parser.add_argument(
        "--store",
        metavar="URL",
        default="memory:",
        help="what keeps the results, such as dir:news or redis://localhost:6379/0 "
        "(default: this program, as long as it runs)",
    )
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
