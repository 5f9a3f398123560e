"""The wheel, in an empty environment and beside the older distribution, as
docs/coexistence.md has it.

"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "coexistence.md").read_text("utf-8")
REMEDY = "pip install --force-reinstall --no-deps zensols.persist"
OLDER = "zensols.util"

OLDER_FILES = {
    "pyproject.toml": f"""
        [build-system]
        requires = ["setuptools"]
        build-backend = "setuptools.build_meta"
        [project]
        name = "{OLDER}"
        version = "1.16.0"
        [tool.setuptools.packages.find]
        include = ["zensols*"]
    """,
    "zensols/persist/__init__.py": """
        from zensols.persist.domain import Stash
        from zensols.persist.zip import ZipStash
        OLDER = True
    """,
    "zensols/persist/domain.py": """
        class Primeable: OLDER = True
        class Stash: OLDER = True
    """,
    "zensols/persist/zip.py": """
        class ZipStash: OLDER = True
    """,
    "zensols/util/__init__.py": """
        class APIError(Exception): pass
        class Failure: pass
    """,
    "zensols/config/__init__.py": """
        from zensols.persist.domain import Primeable
    """,
}
"""A stand-in for the older distribution: that it ships modules of these names
is all that matters here.

"""

OURS_IS_WHOLE = f"""
import runpy
runpy.run_path({str(ROOT / "test" / "installed.py")!r}, run_name="__main__")
"""


@dataclass
class Environment:
    """A virtual environment, and the wheels that it may install."""

    folder: Path
    wheels: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def pip(self, *arguments: str) -> None:
        run(sys.executable, "-m", "pip", "--python", str(self.python), *arguments)

    def install(self, *arguments: str) -> None:
        """Install from the wheels at hand; what they depend on is not wanted."""
        self.pip(
            *("install", "--no-index", "--find-links", str(self.wheels)),
            *("--no-deps", *arguments),
        )

    def heal(self) -> None:
        _, command, *arguments = shlex.split(REMEDY)
        assert command == "install"
        self.install(*arguments)

    def run(self, code: str) -> str:
        """What a program prints that sees our dependencies, too, which are not
        installed here.

        """
        borrow = f"import sys; sys.path.append({sysconfig.get_path('purelib')!r})\n"
        return run(str(self.python), "-I", "-c", borrow + code)

    def replaced(self) -> set[str]:
        """What the page's program prints."""
        found = re.search(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
        assert found is not None
        return set(self.run(found[1]).split())


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with our wheel and the stand-in's."""
    # Built from copies, since a build writes beside its source.
    ours = tmp_path_factory.mktemp("ours")
    for name in ("pyproject.toml", "setup.cfg", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, ours)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "zensols", ours / "zensols", ignore=ignore)
    older = tmp_path_factory.mktemp("older")
    for name, text in OLDER_FILES.items():
        path = older / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(re.sub(r"^ {8}", "", text, flags=re.MULTILINE), "utf-8")
    wheels = tmp_path_factory.mktemp("wheels")
    run(
        *(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-index"),
        *("--no-build-isolation", "--wheel-dir", str(wheels), str(ours), str(older)),
    )
    return wheels


@pytest.fixture
def environment(tmp_path: Path, wheels: Path) -> Environment:
    """An empty one."""
    venv.create(tmp_path / "venv", with_pip=False)
    return Environment(tmp_path / "venv", wheels)


def test_installs_into_an_empty_environment(environment: Environment) -> None:
    environment.install("zensols.persist")
    environment.run(OURS_IS_WHOLE)
    assert environment.replaced() == set()
    site = next(environment.folder.glob("lib/python*/site-packages"))
    assert {path.name for path in (site / "zensols").iterdir()} <= {"persist", "multi"}
    base = "import zensols.persist as p; print(p.PersistableError.__base__.__module__)"
    assert environment.run(base).strip() == "zensols.persist.error"


def test_ours_last_is_whole(environment: Environment) -> None:
    environment.install(OLDER)
    environment.install("zensols.persist")
    environment.run(OURS_IS_WHOLE)
    assert environment.replaced() == set()
    environment.run("""if True:
        import zensols.persist, zensols.persist.domain, zensols.util, zensols.config
        assert not hasattr(zensols.persist, "OLDER")
        assert not hasattr(zensols.persist.Stash, "OLDER")
        assert not hasattr(zensols.persist.ZipStash, "OLDER")
        assert zensols.config.Primeable is zensols.persist.Primeable
        assert zensols.persist.PersistableError.__base__ is zensols.util.APIError
    """)


def test_other_last_is_a_mixture_until_healed(environment: Environment) -> None:
    environment.install("zensols.persist")
    environment.install(OLDER)
    assert environment.replaced() == {
        "zensols/persist/__init__.py",
        "zensols/persist/zip.py",
    }
    environment.run("""if True:
        import zensols.persist
        assert zensols.persist.OLDER
        assert zensols.persist.ZipStash.OLDER
        # Ours is a package, which goes before a module of its name.
        assert not hasattr(zensols.persist.Stash, "OLDER")
    """)
    environment.heal()
    assert environment.replaced() == set()
    environment.run(OURS_IS_WHOLE)
    environment.run("import zensols.config, zensols.util")


@pytest.mark.soak
def test_upgrade_of_the_other_needs_healing(environment: Environment) -> None:
    environment.install(OLDER)
    environment.install("zensols.persist")
    environment.install("--force-reinstall", OLDER)
    assert "zensols/persist/__init__.py" in environment.replaced()
    environment.heal()
    environment.run(OURS_IS_WHOLE)


@pytest.mark.soak
def test_uninstall_of_the_other_needs_healing(environment: Environment) -> None:
    environment.install(OLDER)
    environment.install("zensols.persist")
    environment.pip("uninstall", "--yes", OLDER)
    assert "zensols/persist/__init__.py" in environment.replaced()
    environment.heal()
    environment.run(OURS_IS_WHOLE)


@pytest.mark.soak
def test_uninstall_of_ours_breaks_the_other(environment: Environment) -> None:
    environment.install(OLDER)
    environment.install("zensols.persist")
    environment.pip("uninstall", "--yes", "zensols.persist")
    environment.run("""if True:
        import zensols.util, zensols.persist
        assert zensols.persist.__file__ is None
    """)
    environment.install("--force-reinstall", OLDER)
    environment.run("import zensols.persist; assert zensols.persist.OLDER")


def test_page_names_the_remedy() -> None:
    assert REMEDY in PAGE
