"""What becomes of the program's main module in other processes."""

from __future__ import annotations

import sys

__all__ = ["is_main_importable"]


def is_main_importable() -> bool:
    """Return whether a process that ``multiprocessing`` spawns finds what the
    program's ``__main__`` module defines: it runs a script again, but knows nothing
    of what is typed into a prompt or a notebook, given to ``python -c``, or in the
    ``__main__.py`` of a package.

    >>> import subprocess
    >>> code = "import zensols.multi.engine.main_module as m; "
    >>> code += "print(m.is_main_importable())"
    >>> command = [sys.executable, "-c", code]
    >>> subprocess.run(command, capture_output=True, text=True).stdout.strip()
    'False'

    """
    main = sys.modules["__main__"]
    if hasattr(sys, "ps1"):
        # What was run with -i may have been added to.
        return False
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return not (spec.name == "__main__" or spec.name.endswith(".__main__"))
    return getattr(main, "__file__", None) is not None
