"""An agent that may be killed at any moment: it goes on where it was, its past can be
looked at, and it can be sent another way from any step of it.

It looks for the way out of a maze, sees no further than its next step, and saves what
it knows after each.  Without a command, all that is shown, in a temporary folder.

"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from multiprocessing import Process
from pathlib import Path

from zensols.persist import PersistableError
from zensols.persist.state import SQLitePersister, State

EXAMPLES = """\
examples:
  agent.py                           show it all
  agent.py run maze.db --kill-at 20  look for the way out, and die on it
  agent.py run maze.db               go on
  agent.py history maze.db           what it did
  agent.py diff maze.db 15 17        what it learned
  agent.py fork maze.db 6 other      let another one begin there,
  agent.py run maze.db --name other --order eswn
                                     and prefer other ways
"""

MAZE = """\
###################
#@..#.......#.....#
#.#.#.#####.#.###.#
#.#.......#.#.#...#
#.#####.#.#####.#.#
#.......#.......#.>
###################
""".splitlines()
START = 1, 1
EXIT = 5, 18
WAYS = {"n": (-1, 0), "e": (0, 1), "s": (1, 0), "w": (0, -1)}
MAZES = "mazes"
"""What such agents belong to."""


def decide(state: State) -> tuple[str, State]:
    """Take a step to where it was not before, or one back, and return which, and what
    is known then.

    """
    row, column = state["trail"][-1]
    for way in state["order"]:
        down, right = WAYS[way]
        place = row + down, column + right
        if MAZE[place[0]][place[1]] != "#" and place not in state["seen"]:
            return way, state.append(trail=place, seen=place)
    return "back", state.update(trail=state["trail"][:-1])


def run(
    persister: SQLitePersister,
    name: str,
    order: str | None = None,
    kill_at: int | None = None,
) -> None:
    """Go on from the last step that was saved, if there is one, to the way out."""
    found = persister.load(MAZES, name)
    if found is None:
        number, state = 0, State(order="nesw", trail=[START], seen=[START])
    else:
        number, state = found["sequence_id"], found["state"]
    if order is not None:
        state = state.update(order=order)
    print(f"{name}, from step {number + 1}: ", end="", flush=True)
    while state["trail"][-1] != EXIT:
        number += 1
        position, state = decide(state)
        if number == kill_at:
            # Without a chance to save, close or tidy anything.
            os.kill(os.getpid(), signal.SIGKILL)
        persister.save(MAZES, name, number, position, state, "completed")
        print(position[0], end="", flush=True)
    print(f"\nout after step {number}, by {len(state['trail']) - 1} places:")
    draw(state)


def draw(state: State) -> None:
    """Draw the trail, and what else the agent saw."""
    for row, line in enumerate(MAZE):
        places = [(row, column) for column in range(len(line))]
        print(
            "  "
            + "".join(
                "o" if place in state["trail"] else ":" if place in state["seen"] else c
                for place, c in zip(places, line, strict=True)
            )
        )


def print_history(persister: SQLitePersister, name: str, shown: int = 5) -> None:
    """Print the last steps."""
    for item in persister.history(MAZES, name)[-shown:]:
        print(
            f"  step {item.sequence_id:2}  {item.position:5}{item.status:10}"
            f"{item.size:6,} bytes"
        )


def print_difference(persister: SQLitePersister, name: str, a: int, b: int) -> None:
    """Print what changed from one step to another."""
    for difference in persister.diff(MAZES, name, a, b):
        print(f"  {difference}")


def run_and_die(file: str, kill_at: int) -> None:
    """Run in a process of its own."""
    with SQLitePersister(file) as persister:
        run(persister, "agent", kill_at=kill_at)


def show(file: str) -> None:
    """Show it all."""
    print("An agent looks for the way out, and is killed in its 20th step:")
    child = Process(target=run_and_die, args=(file, 20))
    child.start()
    child.join()
    print(f"\nexit code {child.exitcode}")
    with SQLitePersister(file) as persister:
        print("\nAnother process goes on:")
        run(persister, "agent")
        print("\nIts last steps:")
        print_history(persister, "agent")
        print("\nWhat it learned from step 15 to step 17:")
        print_difference(persister, "agent", 15, 17)
        print("\nFrom step 6, a fork of it prefers other ways:")
        persister.fork(MAZES, "agent", 6, "fork")
        run(persister, "fork", "eswn")


def main(argv: Sequence[str] | None = None) -> int:
    """Do as told, and return the program's exit code."""
    args = parse(argv)
    if args.command is None:
        with tempfile.TemporaryDirectory() as folder:
            show(str(Path(folder) / "maze.db"))
        return 0
    try:
        with SQLitePersister(args.file) as persister:
            match args.command:
                case "run":
                    run(persister, args.name, args.order, args.kill_at)
                case "history":
                    print_history(persister, args.name, shown=args.shown)
                case "diff":
                    print_difference(persister, args.name, args.a, args.b)
                case "fork":
                    persister.fork(MAZES, args.name, args.step, args.new)
    except PersistableError as e:
        print(f"agent.py: {e}", file=sys.stderr)
        return 1
    return 0


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", title="commands")
    for command, text in {
        "run": "begin, or go on",
        "history": "print the last steps",
        "diff": "print what changed from one step to another",
        "fork": "make an agent that has the past of another, up to a step",
    }.items():
        sub = commands.add_parser(command, help=text, description=text.capitalize())
        sub.add_argument("file", help="the file that keeps what agents know")
        sub.add_argument(
            "--name", default="agent", help="which agent (default: %(default)s)"
        )
        match command:
            case "run":
                sub.add_argument(
                    "--order",
                    type=to_order,
                    help="which ways to prefer from now on (default: as before, and "
                    "nesw at first)",
                )
                sub.add_argument(
                    "--kill-at", type=int, metavar="STEP", help="die in this step"
                )
            case "history":
                sub.add_argument(
                    "--shown",
                    type=int,
                    default=10,
                    metavar="N",
                    help="how many (default: %(default)s)",
                )
            case "diff":
                sub.add_argument("a", type=int, help="the number of one")
                sub.add_argument("b", type=int, help="the number of the other")
            case "fork":
                sub.add_argument("step", type=int, help="the last step that both have")
                sub.add_argument("new", help="the name of the new one")
    return parser.parse_args(argv)


def to_order(text: str) -> str:
    """Return an order of the ways, if it is one."""
    if sorted(text) != sorted(WAYS):
        raise argparse.ArgumentTypeError(f"{text!r} must have n, e, s and w, each once")
    return text


if __name__ == "__main__":
    sys.exit(main())
