"""The command line: ``stash ls|get|put|rm|info|copy|verify|sign|export|import``.

It needs the extra ``cli``, and is described in ``docs/cli.md``.

"""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command ``stash`` with this process's arguments, and exit."""
    try:
        from .app import run

        code = run(sys.argv[1:])
    except ModuleNotFoundError as e:
        if (e.name or "").partition(".")[0] not in ("typer", "rich"):
            raise
        sys.stderr.write(
            f"stash: the package {e.name} is not installed; the command line needs: "
            f'pip install "zensols.persist[cli]"\n'
        )
        code = 2
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
