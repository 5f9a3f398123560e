"""The arrows of docs/design.md, the public names and the mirror of the tests."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

import zensols.persist

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "zensols").rglob("*.py"))

FLOORS = {
    "error": -1,
    "missing": -1,
    "lazy": -1,
    "files": 0,
    "codec": 0,
    "dealloc": 0,
    "domain": 1,
    "annotation": 2,
    "stash": 2,
    "composite": 2,
    "shelve": 2,
    "zip": 2,
    "util": 2,
    "state": 3,
    "backup": 3,
    "module": 3,
    "convert": 3,
    "testing": 4,
    "ui": 4,
    "cli": 4,
}
"""The floor of each room of zensols.persist; a room imports from lower ones."""

SAME_FLOOR = {
    ("codec", "files"),
    ("composite", "annotation"),
    ("composite", "stash"),
    ("shelve", "annotation"),
    ("shelve", "stash"),
    ("zip", "annotation"),
    ("zip", "stash"),
    ("util", "annotation"),
    ("util", "stash"),
    ("module", "backup"),
    ("convert", "backup"),
    ("cli", "ui"),
}

MULTI_FLOOR = 2
"""The highest floor that zensols.multi imports from."""

FOREIGN = {
    "zensols.util": ("zensols.persist.error",),
    "zensols.config": ("zensols.multi",),
    "zensols.cli": ("zensols.multi",),
}
"""The rest of the name space, and who may import it (inside functions only,
but for error.py).

"""

DEFERRED = (
    "apscheduler",
    "asyncio",
    "boto3",
    "burr",
    "cloudpickle",
    "dill",
    "distributed",
    "fastapi",
    "filelock",
    "fsspec",
    "frozendict",
    "lmdb",
    "loky",
    "lz4",
    "msgspec",
    "multiprocessing",
    "nicegui",
    "numpy",
    "platformdirs",
    "playwright",
    "psycopg",
    "pydantic",
    "pymongo",
    "redis",
    "rich",
    "sqlite3",
    "typer",
    "uvicorn",
    "wrapt",
    "zstandard",
)
"""What is imported only when something is done that needs it."""

PUBLIC = {
    # 1, persist.dealloc
    "Deallocatable",
    "dealloc",
    "dealloc_recursive",
    # 2, persist.annotation
    "FileTextUtil",
    "PersistableContainer",
    "PersistableContainerMetadata",
    "PersistableError",
    "PersistedWork",
    "persisted",
    "resource",
    # 3, persist.domain
    "CacheFactoryStash",
    "CloseableStash",
    "DelegateDefaults",
    "DelegateStash",
    "FactoryStash",
    "KeyLimitStash",
    "KeySubsetStash",
    "NoopStash",
    "NotPickleable",
    "PreemptiveStash",
    "PrimablePreemptiveStash",
    "Primeable",
    "PrimeableStash",
    "ProtectiveStash",
    "ReadOnlyDelegateStash",
    "ReadOnlyStash",
    "Stash",
    "chunks",
    # 4, persist.stash
    "CacheStash",
    "DictionaryStash",
    "DirectoryStash",
    "IncrementKeyDirectoryStash",
    "LRUCacheStash",
    "OneShotFactoryStash",
    "SortedStash",
    "UnionStash",
    # 5, persist.composite
    "DirectoryCompositeStash",
    "MissingDataKeysError",
    # 6, persist.shelve
    "ShelveStash",
    "shelve",
    # 7, persist.zip
    "ZipStash",
    # Beyond the contract
    "EncodedStash",
    "ExpiringStash",
    "FsspecStash",
    "LmdbStash",
    "MappingStash",
    "MongoStash",
    "PostgresStash",
    "RedisStash",
    "SqliteStash",
    "Reach",
    "open_stash",
    "AlteredDataError",
    "ClassNotFoundError",
    "CorruptDataError",
    "LockTimeoutError",
    "StoreUnavailableError",
    "UntrustedDataError",
}
"""The names of zensols.persist, by sections of the behaviour contract."""

UNLISTED = {
    "BackupSchedule",
    "PersistentModule",
    "export_all",
    "export_button",
    "from_dict",
    "import_all",
    "import_button",
    "replace_dataclass",
    "replace_dict",
    "replace_list",
    "replace_set",
    "to_dict",
}
"""Names that programs use as ``persistence.PersistentModule``, which a star import
doesn't bring."""

HOMES = {
    "annotation": {"PersistableError", "PersistedWork", "persisted"},
    "composite": {"DirectoryCompositeStash", "MissingDataKeysError"},
    "dealloc": {"Deallocatable", "dealloc", "dealloc_recursive"},
    "domain": {"Primeable", "Stash", "chunks"},
    "shelve": {"ShelveStash", "shelve"},
    "stash": {"DirectoryStash", "UnionStash"},
    "util": {"FailureFilterStash"},
    "zip": {"ZipStash"},
}
"""Names that programs import from a sub-module of this name."""


class Import(NamedTuple):
    """One imported module, as seen in the source."""

    importer: str
    """The module that imports; that of a package is the package's name."""

    module: str
    """The absolute name that is imported, with the name taken from it."""

    line: int

    top: bool
    """Whether it is carried out when the importer is imported."""

    def __str__(self) -> str:
        return f"{self.importer}, line {self.line}: {self.module}"


def module_name(source: Path) -> str:
    parts = source.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_type_checking(node: ast.AST) -> bool:
    match node:
        case ast.If(test=ast.Name("TYPE_CHECKING") | ast.Attribute(_, "TYPE_CHECKING")):
            return True
    return False


def walk_run(node: ast.AST, top: bool = True) -> Iterator[tuple[ast.AST, bool]]:
    """The nodes under another that can run, and whether they do on import."""
    if is_type_checking(node):
        children: Iterator[ast.AST] = iter(node.orelse)
    else:
        children = ast.iter_child_nodes(node)
    top = top and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    for child in children:
        yield child, top
        yield from walk_run(child, top)


def parse_imports(code: str, importer: str, is_package: bool) -> Iterator[Import]:
    package = importer if is_package else importer.rpartition(".")[0]
    for node, top in walk_run(ast.parse(code)):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield Import(importer, alias.name, node.lineno, top)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = package.split(".")[: -(level - 1) or None] if level else []
                origin = ".".join([*base, *([module] if module else [])])
                for alias in names:
                    yield Import(importer, f"{origin}.{alias.name}", node.lineno, top)


@cache
def all_imports() -> tuple[Import, ...]:
    return tuple(
        found
        for source in SOURCES
        for found in parse_imports(
            source.read_text("utf-8"), module_name(source), source.stem == "__init__"
        )
    )


def room(module: str) -> str | None:
    """The room of zensols.persist that a module is in, if any."""
    parts = module.split(".")
    return parts[2] if parts[:2] == ["zensols", "persist"] and len(parts) > 2 else None


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def is_allowed(found: Import) -> bool:
    target = room(found.module)
    if is_within(found.importer, "zensols.multi"):
        return target is None or FLOORS.get(target, 9) <= MULTI_FLOOR
    origin = room(found.importer)
    if origin is None or not is_within(found.module, "zensols.persist"):
        return True
    return target in FLOORS and (
        FLOORS[origin] > FLOORS[target]
        or origin == target
        or (origin, target) in SAME_FLOOR
    )


@pytest.mark.parametrize(
    ("importer", "code", "allowed"),
    [
        ("zensols.persist.domain.stash", "from ..files import path_lock", True),
        ("zensols.persist.domain.stash", "from .. import files", True),
        ("zensols.persist.domain.stash", "from . import factory", True),
        ("zensols.persist.domain.stash", "from ..stash.cache import CacheStash", False),
        ("zensols.persist.domain.stash", "from .. import stash", False),
        ("zensols.persist.domain.stash", "import zensols.persist.stash", False),
        ("zensols.persist.domain.stash", "def f(): from ..stash import X", False),
        ("zensols.persist.domain.stash", "from zensols.persist import Stash", False),
        ("zensols.persist.domain.stash", "import zensols.persist", False),
        ("zensols.persist.codec.file", "from ..files import make_folder", True),
        ("zensols.persist.files.lock", "from ..codec import Codec", False),
        ("zensols.persist.zip", "from .stash import EncodedStash", True),
        ("zensols.persist.stash.cache", "from ..shelve import ShelveStash", False),
        ("zensols.multi.stash", "from zensols.persist.stash import X", True),
        ("zensols.multi.stash", "from zensols.persist.backup import X", False),
        (
            "zensols.persist.domain.stash",
            "if TYPE_CHECKING:\n  from ..stash import X\nelse:\n  import os",
            True,
        ),
        (
            "zensols.persist.domain.stash",
            "if TYPE_CHECKING:\n  import os\nelse:\n  from ..stash import X",
            False,
        ),
    ],
)
def test_rule_tells_arrows(importer: str, code: str, allowed: bool) -> None:
    found = list(parse_imports(code, importer, is_package=False))
    assert found
    assert all(map(is_allowed, found)) is allowed


def test_imports_follow_the_arrows() -> None:
    wrong = [str(found) for found in all_imports() if not is_allowed(found)]
    assert not wrong


def test_every_room_has_a_floor() -> None:
    rooms = {room(module_name(source)) for source in SOURCES} - {None}
    assert rooms
    assert rooms <= FLOORS.keys()


def drawn_rooms() -> dict[str, str]:
    """The rooms in the picture of docs/design.md, by name as their floor."""
    page = (ROOT / "docs" / "design.md").read_text("utf-8")
    picture = re.search(r"^```text\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert picture is not None
    lines = re.findall(
        r"^    ((?:\w+(?:\.py|/) +)+)(below|floor \d)", picture[1], re.MULTILINE
    )
    return {name: floor for names, floor in lines for name in names.split()}


def test_picture_shows_the_rooms() -> None:
    package = ROOT / "zensols" / "persist"
    rooms = {path.name for path in package.glob("[!_]*.py")}
    rooms |= {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    drawn = drawn_rooms()
    assert drawn.keys() == rooms
    floors = {-1: "below"}
    for name, floor in drawn.items():
        number = FLOORS[name.removesuffix(".py").rstrip("/")]
        assert floor == floors.get(number, f"floor {number}"), name


def test_rest_of_the_name_space_is_used_only_where_said() -> None:
    wrong = [
        str(found)
        for found in all_imports()
        for package, importers in FOREIGN.items()
        if is_within(found.module, package)
        and not (
            any(is_within(found.importer, importer) for importer in importers)
            and (not found.top or found.importer == "zensols.persist.error")
        )
    ]
    assert not wrong


def reads_pickles(source: Path) -> bool:
    readers = {"load", "loads", "Unpickler"}
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        match node:
            case ast.Attribute(ast.Name("pickle" | "dill"), name) if name in readers:
                return True
            case ast.ImportFrom(module="pickle" | "dill", names=names):
                if any(alias.name in readers for alias in names):
                    return True
    return False


def test_only_codecs_read_pickles() -> None:
    readers = [module_name(source) for source in SOURCES if reads_pickles(source)]
    assert {room(reader) for reader in readers} == {"codec"}, readers


@pytest.mark.parametrize(
    "statement",
    [
        "import zensols.persist",
        "from zensols.persist import *",
        "import zensols.persist.codec",
        "import zensols.persist.files",
        "import zensols.persist.util",
        "from zensols.persist.stash import *",
    ],
)
def test_import_loads_no_driver(statement: str) -> None:
    code = (
        f"import sys; bare = set(sys.modules); {statement}; "
        "print(*sorted(set(sys.modules) - bare))"
    )
    loaded = run_python(code).split()
    assert "zensols.persist" in loaded
    assert [module for module in loaded if module.partition(".")[0] in DEFERRED] == []


@pytest.mark.parametrize("name", ["dealloc", "shelve"])
def test_class_is_not_hidden_by_its_module(name: str) -> None:
    code = f"""if True:
        import zensols.persist
        first = zensols.persist.{name}
        import zensols.persist.{name}
        from zensols.persist.{name} import {name} as there
        assert zensols.persist.{name} is first is there, zensols.persist.{name}
        print(isinstance(there, type))
    """
    assert run_python(code).strip() == "True"


def test_modules_are_attributes_of_the_package() -> None:
    code = "import zensols.persist as p; print(p.annotation.persisted is p.persisted)"
    assert run_python(code).strip() == "True"


def run_python(code: str) -> str:
    """What a new interpreter prints."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_name_space_has_no_init() -> None:
    assert not (ROOT / "zensols" / "__init__.py").exists()


def test_public_names() -> None:
    assert set(zensols.persist.__all__) == PUBLIC
    assert sorted(zensols.persist.__all__) == sorted(set(zensols.persist.__all__))
    assert set(dir(zensols.persist)) >= PUBLIC


def test_star_import_brings_the_public_names_only() -> None:
    names: dict[str, object] = {}
    exec("from zensols.persist import *", names)
    del names["__builtins__"]
    assert names.keys() == PUBLIC


def test_type_checkers_see_the_public_names() -> None:
    source = ROOT / "zensols" / "persist" / "__init__.py"
    tree = ast.parse(source.read_text("utf-8"))
    seen = {
        alias.name: statement.module
        for node in tree.body
        for statement in ([node] if not is_type_checking(node) else node.body)
        if isinstance(statement, ast.ImportFrom) and statement.level == 1
        for alias in statement.names
    }
    assert seen.keys() == PUBLIC | UNLISTED
    objects = zensols.persist._OBJECTS
    assert objects == {name: seen[name] for name in UNLISTED}
    deferred = zensols.persist._MODULES
    assert deferred == {name: seen[name] for name in PUBLIC - {"dealloc", "shelve"}}


@pytest.mark.parametrize("name", sorted(UNLISTED))
def test_unlisted_name_is_loaded_when_used(name: str) -> None:
    code = (
        "import sys; from zensols import persist as persistence; "
        f"room = persistence._OBJECTS[{name!r}]; "
        "assert f'zensols.persist.{room}' not in sys.modules; "
        f"value = persistence.{name}; "
        f"assert {name!r} in dir(persistence); "
        f"print(value.__name__, value is vars(persistence)[{name!r}])"
    )
    assert run_python(code).strip() == f"{name} True"
    assert zensols.persist.__all__.count(name) == 0


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"zensols\.persist.*no_such_name"):
        zensols.persist.no_such_name  # noqa: B018


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_public_name_is_documented(name: str) -> None:
    value = getattr(zensols.persist, name)
    assert value.__doc__
    assert not value.__doc__.startswith(f"{name}("), "the dataclass's own"
    if not (isinstance(value, type) and issubclass(value, Exception)):
        assert ">>>" in value.__doc__, "no example"
    if isinstance(value, type):
        undocumented = [
            member
            for member, definition in vars(value).items()
            if not member.startswith("_")
            and (inspect.isroutine(definition) or isinstance(definition, property))
            and not inspect.getdoc(getattr(value, member))
        ]
        assert not undocumented


@pytest.mark.parametrize(
    ("module", "name"),
    [(module, name) for module, names in HOMES.items() for name in sorted(names)],
)
def test_name_is_in_its_module(module: str, name: str) -> None:
    assert hasattr(import_module(f"zensols.persist.{module}"), name)


@pytest.mark.parametrize(
    "package", [s for s in SOURCES if s.stem == "__init__"], ids=module_name
)
def test_package_says_what_is_public(package: Path) -> None:
    module = import_module(module_name(package))
    assert module.__doc__
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


def mirror(source: Path) -> Path:
    folder = source.relative_to(ROOT / "zensols").parent
    return Path("test") / folder / f"test_{source.name}"


def test_source_modules_have_test_modules() -> None:
    tests = [mirror(source) for source in SOURCES if not source.stem.startswith("__")]
    assert [str(test) for test in tests if not (ROOT / test).is_file()] == []


def test_source_files_are_short() -> None:
    lengths = {module_name(s): len(s.read_text("utf-8").splitlines()) for s in SOURCES}
    assert {module: n for module, n in lengths.items() if n > 300} == {}
