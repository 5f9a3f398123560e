"""What an installed copy must show, by the interpreter that it was installed
for: ``build/empty/bin/python -I test/installed.py``.

"""

from __future__ import annotations

import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path


def main() -> None:
    import zensols

    for folder in zensols.__path__:
        assert not Path(folder, "__init__.py").exists(), f"{folder} has an __init__.py"

    import zensols.persist

    here = Path(zensols.persist.__file__).parent
    assert "site-packages" in here.parts, f"{here} is not an installed copy"
    assert Path(here, "py.typed").exists(), f"{here} has no py.typed"
    assert zensols.persist.__version__ == version("zensols.persist")
    for name in zensols.persist.__all__:
        assert getattr(zensols.persist, name).__module__.startswith("zensols."), name

    os.environ["ZENSOLS_PERSIST_KEY"] = "0f" * 32
    with tempfile.TemporaryDirectory() as folder:
        stash = zensols.persist.DirectoryStash(Path(folder, "data"))
        stash["greeting"] = {"hello": [1, 2, None]}
        assert dict(stash) == {"greeting": {"hello": [1, 2, None]}}
    sys.stdout.write(f"zensols.persist {zensols.persist.__version__} in {here}\n")


if __name__ == "__main__":
    main()
