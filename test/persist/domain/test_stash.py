from __future__ import annotations

import inspect
import logging
import pickle
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import zensols.persist
from zensols.persist.annotation import PersistableContainer, persisted
from zensols.persist.dealloc import Deallocatable
from zensols.persist.domain import (
    DelegateStash,
    FactoryStash,
    PrimablePreemptiveStash,
    Primeable,
    PrimeableStash,
    Reach,
    ReadOnlyStash,
    Stash,
    open_stash,
    require_key,
)
from zensols.persist.error import PersistableError
from zensols.persist.missing import MISSING
from zensols.persist.stash import DictionaryStash

PUBLIC = [
    name
    for name in zensols.persist.__all__
    if isinstance(cls := getattr(zensols.persist, name), type)
    and issubclass(cls, Stash)
    and not inspect.isabstract(cls)
]


class Minimal(Stash[Any]):
    """Implements no more than it must; lists its keys lazily."""

    def __init__(self, **data: Any) -> None:
        self.rows = data
        self.loaded: list[str] = []
        self.listed = 0

    def load(self, name: str) -> Any:
        self.loaded.append(name)
        return self.rows.get(name)

    def dump(self, name: str, inst: Any) -> None:
        self.rows[name] = inst

    def delete(self, name: str | None = None) -> None:
        self.rows.pop(require_key(self, name), None)

    def keys(self) -> Iterator[str]:
        self.listed += 1
        return iter(list(self.rows))


def test_is_abstract() -> None:
    with pytest.raises(TypeError, match=r"'?delete'?, '?dump'?, '?keys'?, '?load'?"):
        Stash()
    assert "__slots__" not in vars(Stash)


def test_mapping_methods() -> None:
    stash = Minimal(a=1)
    stash["b"] = 2
    assert stash["b"] == 2
    assert "b" in stash
    assert stash.exists("a")
    assert len(stash) == 2
    del stash["a"]
    assert dict(stash) == {"b": 2}
    assert bool(stash)
    stash.clear()
    assert not stash


def test_iterating_gives_pairs() -> None:
    stash = Minimal(a=1, b=2)
    assert list(stash) == list(stash.items()) == [("a", 1), ("b", 2)]
    assert list(stash.values()) == [1, 2]


def test_f_none_is_a_value() -> None:
    stash = Minimal(a=None)
    assert stash["a"] is None
    assert stash.get("a", 9) is None
    assert list(stash) == [("a", None)]
    assert list(stash.values()) == [None]
    assert "a" in stash


def test_absent_key() -> None:
    stash = Minimal(a=1)
    assert stash.load("b") is None
    assert stash.get("b") is None
    assert stash.get("b", MISSING) is MISSING
    with pytest.raises(KeyError) as e:
        stash["b"]
    assert e.value.args == ("b",)
    stash.delete("b")
    with pytest.raises(KeyError) as e:
        del stash["b"]
    assert e.value.args == ("b",)


def test_get_does_not_load_what_is_absent() -> None:
    class Strict(Minimal):
        def load(self, name: str) -> Any:
            return self.rows[name]

    stash = Strict(a=1)
    assert stash.get("b", 9) == 9
    with pytest.raises(KeyError):
        stash["b"]


def test_f_delete_without_a_key_is_an_error() -> None:
    stash = Minimal(a=1)
    with pytest.raises(PersistableError, match=r"Minimal\.delete\(\) needs a key"):
        stash.delete()
    assert len(stash) == 1


SERVERS = {"MongoStash": "mongo", "PostgresStash": "postgres", "RedisStash": "redis"}


@pytest.fixture
def public(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """A stash of any public class, a folder or an empty stash behind it."""
    name = request.param
    memory = DictionaryStash[Any]()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", "text")
    arguments: dict[str, tuple[Any, ...]] = {
        "CacheFactoryStash": (memory, DictionaryStash()),
        "DictionaryStash": (),
        "DirectoryCompositeStash": (tmp_path / "docs", ({"text"},), "features"),
        "DirectoryStash": (tmp_path / "data",),
        "ExpiringStash": (memory, 60),
        "FactoryStash": (memory, DictionaryStash()),
        "FsspecStash": (f"file://{tmp_path}/files",),
        "IncrementKeyDirectoryStash": (tmp_path / "data",),
        "KeySubsetStash": (memory, {"a"}, False),
        "LRUCacheStash": (9,),
        "LmdbStash": (tmp_path / "data.lmdb",),
        "MappingStash": ({},),
        "NoopStash": (),
        "ProtectiveStash": (memory, False),
        "ShelveStash": (tmp_path / "shelf",),
        "SqliteStash": (tmp_path / "data.db",),
        "UnionStash": ([memory],),
        "ZipStash": (tmp_path / "a.zip",),
    }
    if name in SERVERS:
        stash = open_stash(request.getfixturevalue(f"{SERVERS[name]}_url"))
    else:
        stash = getattr(zensols.persist, name)(*arguments.get(name, (memory,)))
    assert type(stash).__name__ == name
    stash.worker = ()
    yield stash
    if hasattr(stash, "close"):
        stash.close()


@pytest.mark.parametrize("public", PUBLIC, indirect=True)
def test_f_delete_without_a_key_is_the_same_error_everywhere(public: Any) -> None:
    public["a"] = SimpleNamespace(features={"text": 1})
    before = dict(public)
    name = type(public).__name__
    for delete in (public.delete, lambda: public.delete(None)):
        with pytest.raises(PersistableError, match=rf"{name}\.delete\(\) needs a key"):
            delete()
    assert dict(public) == before


@pytest.mark.parametrize("public", PUBLIC, indirect=True)
def test_f_absent_key_is_the_same_everywhere(public: Any) -> None:
    assert public.load("9") is None
    assert public.get("9") is None
    assert public.get("9", MISSING) is MISSING
    assert not public.exists("9")
    public.delete("9")
    with pytest.raises(KeyError, match="9"):
        public["9"]
    with pytest.raises(KeyError, match="9"):
        del public["9"]
    assert "9" not in list(public.keys())


REACHES = {
    "DirectoryCompositeStash": Reach.MACHINE,
    "DirectoryStash": Reach.MACHINE,
    "FsspecStash": Reach.MACHINE,
    "IncrementKeyDirectoryStash": Reach.MACHINE,
    "LmdbStash": Reach.MACHINE,
    "SqliteStash": Reach.MACHINE,
    "ZipStash": Reach.MACHINE,
}


@pytest.mark.parametrize("public", PUBLIC, indirect=True)
def test_reach(public: Any) -> None:
    name = type(public).__name__
    if name in SERVERS:
        # Given, it may be a server of another machine.
        assert public.reach in {Reach.MACHINE, Reach.NETWORK}
    else:
        assert public.reach is REACHES.get(name, Reach.PROCESS)


WITHOUT_BESIDE = {"MappingStash", "NoopStash", "UnionStash"}


@pytest.mark.parametrize("public", PUBLIC, indirect=True)
def test_beside(public: Any) -> None:
    beside = public.beside("notes")
    assert (beside is None) is (type(public).__name__ in WITHOUT_BESIDE)
    if beside is not None:
        beside["a"] = {"done": [None]}
        assert dict(beside) == {"a": {"done": [None]}}
        if hasattr(beside, "close"):
            beside.close()
    with pytest.raises(PersistableError, match="Wrong name 'a b' of a stash beside"):
        public.beside("a b")


def test_reach_unless_a_class_knows_of_more() -> None:
    assert Minimal().reach is Reach.PROCESS
    assert Minimal().beside("notes") is None


def test_f_clear_lists_the_keys_before_it_deletes() -> None:
    class Live(Minimal):
        def keys(self) -> Any:
            return self.rows.keys()

    stash = Live(a=1, b=2)
    stash.clear()
    assert stash.rows == {}


@pytest.mark.parametrize(
    "iterate",
    [
        lambda stash: stash.items(),
        lambda stash: stash.values(),
        lambda stash: iter(stash),
        lambda stash: stash.as_mapping().values(),
    ],
)
def test_values_are_loaded_one_at_a_time(
    iterate: Callable[[Minimal], Iterable[Any]],
) -> None:
    stash = Minimal(a=1, b=2, c=3)
    iterator = iter(iterate(stash))
    assert stash.loaded == []
    next(iterator)
    assert stash.loaded == ["a"]
    next(iterator)
    assert stash.loaded == ["a", "b"]
    assert list(iterator)
    assert stash.loaded == ["a", "b", "c"]


def test_keys_are_listed_once_however_many_there_are() -> None:
    stash = Minimal(**{f"k{i}": i for i in range(50)})
    assert sum(value for _, value in stash) == sum(range(50))
    assert stash.listed == 1


def test_overridden_get_decides_what_is_iterated() -> None:
    class Doubling(Minimal):
        def get(self, name: str, default: Any = None) -> Any:
            return super().get(name, 0) * 2

    stash = Doubling(a=1, b=2)
    assert dict(stash) == {"a": 2, "b": 4}
    assert stash["a"] == 2


def test_overridden_exists_decides_what_there_is() -> None:
    class Computed(Minimal):
        def exists(self, name: str) -> bool:
            return name.isdigit()

        def load(self, name: str) -> Any:
            return int(name) ** 2

    stash = Computed()
    assert stash["12"] == 144
    assert stash.get("a", 9) == 9
    with pytest.raises(KeyError, match="a"):
        stash["a"]
    assert len(stash) == 0


def test_absent_key_where_get_disregards_its_default() -> None:
    class Careless(Minimal):
        def get(self, name: str, default: Any = None) -> Any:
            return self.load(name)

    stash = Careless(a=None)
    assert stash["a"] is None
    with pytest.raises(KeyError, match="b"):
        stash["b"]


def test_deleting_while_iterating() -> None:
    stash = DictionaryStash(dict.fromkeys("abcd", 1))
    seen = []
    for key, _ in stash:
        seen.append(key)
        stash.delete("c")
        del stash[key]
    assert seen == ["a", "b", "d"]
    assert dict(stash) == {}


def test_adding_while_iterating() -> None:
    stash = DelegateStash(DictionaryStash({"a": 1, "b": 2}))
    for key, value in stash:
        stash[key.upper()] = value
    assert dict(stash) == {"a": 1, "b": 2, "A": 1, "B": 2}


def test_key_groups() -> None:
    stash = Minimal(a=1, b=2, c=3)
    assert list(stash.key_groups(2)) == [["a", "b"], ["c"]]
    assert stash.loaded == []


def test_length_of_sized_and_unsized_keys() -> None:
    assert len(Minimal(a=1, b=2)) == 2
    assert len(DictionaryStash({"a": 1})) == 1


def test_debug_carries_the_class(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="zensols.persist"):
        Minimal()._debug("100% done")
    assert caplog.messages == ["[Minimal] 100% done"]
    assert caplog.records[0].name == "zensols.persist.domain.stash"


def test_lock_of_a_key_of_any_type() -> None:
    stash = Minimal()
    with stash.lock(1), stash.lock("1", timeout=0):
        pass


@dataclass
class PrimeableDelegate(PrimeableStash[Any], DelegateStash[Any]):
    size: int

    def prime(self) -> None:
        super().prime()
        self.delegate["primed"] = self.size


@dataclass
class DelegatePrimeable(DelegateStash[Any], PrimeableStash[Any]):
    size: int


@dataclass
class ReadOnlyPrimeableStash(ReadOnlyStash[Any], PrimeableStash[Any]):
    size: int

    def load(self, name: str) -> Any:
        return self.size if self.exists(name) else None

    def keys(self) -> Iterable[str]:
        return iter(["a"])


@dataclass
class ReadOnlyPrimeable(ReadOnlyStash[Any], Primeable):
    size: int
    primed: bool = False

    def prime(self) -> None:
        super().prime()
        self.primed = True

    def load(self, name: str) -> Any:
        self.prime()
        return self.size if self.exists(name) else None

    def keys(self) -> Iterable[str]:
        return iter(["a"])


@dataclass
class FactoryPrimeable(FactoryStash[Any], Primeable):
    size: int = 3


@dataclass
class Settings:
    title: str = "t"


@dataclass
class ReadOnlyDeallocatable(ReadOnlyStash[Any], Deallocatable, PrimeableStash[Any]):
    size: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        Deallocatable.__init__(self)
        self.values_by_key: dict[str, Any] | None = {"a": self.size}

    def load(self, name: str) -> Any:
        return (self.values_by_key or {}).get(name)

    def keys(self) -> Iterable[str]:
        return (self.values_by_key or {}).keys()

    def deallocate(self) -> None:
        super().deallocate()
        self.values_by_key = None


@dataclass
class Priming(PrimeableStash[Any]):
    size: int

    def prime(self) -> None:
        super().prime()
        self.dump("primed", self.size)


@dataclass
class DelegateContainer(DelegateStash[Any], Priming, PersistableContainer):
    scale: int = 2

    @property
    @persisted("_total")
    def total(self) -> int:
        return self.scale * sum(self.delegate.values())


@dataclass
class PreemptiveDeallocatable(PrimablePreemptiveStash[Any], Deallocatable):
    size: int


@dataclass
class ContainerSettings(PersistableContainer, Settings):
    @property
    @persisted("_label")
    def label(self) -> str:
        return self.title.upper()


def test_bases_delegate_and_primeable() -> None:
    first = PrimeableDelegate(DictionaryStash(), 5)
    assert dict(first) == {"primed": 5}
    last = DelegatePrimeable(DictionaryStash({"a": 1}), size=5)
    assert dict(last) == {"a": 1}
    last.prime()


def test_bases_read_only_and_primeable() -> None:
    stash = ReadOnlyPrimeableStash(size=5)
    assert dict(stash) == {"a": 5}
    stash.clear()
    other = ReadOnlyPrimeable(5)
    assert other["a"] == 5
    assert other.primed


def test_bases_factory_and_primeable() -> None:
    stash = FactoryPrimeable(DictionaryStash(), DictionaryStash({"a": 1}), size=4)
    stash.prime()
    assert dict(stash) == {"a": 1}
    assert stash.size == 4


def test_bases_read_only_deallocatable_and_primeable() -> None:
    stash = ReadOnlyDeallocatable()
    assert dict(stash) == {"a": 3}
    stash.deallocate()
    assert dict(stash) == {}
    stash.deallocate()
    assert not stash.strict


def test_bases_delegate_primeable_and_container() -> None:
    stash = DelegateContainer(delegate=DictionaryStash({"a": 1}), size=1)
    assert stash.total == 2
    assert dict(stash) == {"a": 1}
    other = pickle.loads(pickle.dumps(stash))
    assert other.total == 2
    other.prime()
    assert dict(other) == {"a": 1, "primed": 1}
    stash.deallocate()


def test_bases_preemptive_and_deallocatable() -> None:
    stash = PreemptiveDeallocatable(DictionaryStash(), 3)
    assert dict(stash) == {}
    assert stash.size == 3
    stash.deallocate()


def test_bases_container_and_dataclass() -> None:
    settings = ContainerSettings("u")
    assert settings.label == "U"
    assert pickle.loads(pickle.dumps(settings)).label == "U"


def test_no_class_has_slots() -> None:
    for cls in (PrimeableDelegate, FactoryPrimeable, ReadOnlyDeallocatable):
        assert not any(vars(base).get("__slots__") for base in cls.__mro__)


def test_constructors_can_be_called_without_arguments() -> None:
    class Plain(ReadOnlyStash[Any], PersistableContainer):
        def __init__(self, size: int) -> None:
            super().__init__()
            PersistableContainer.__init__(self)
            self.size = size

        def load(self, name: str) -> Any:
            return self.size

        def keys(self) -> Iterable[str]:
            return iter("a")

    stash = Plain(3)
    assert dict(stash) == {"a": 3}
    stash.deallocate()


@dataclass
class Defaulted(DelegateStash[Any]):
    options: dict[str, int] = field(default_factory=dict)


def test_subscripted_classes_pickle() -> None:
    stash = DelegateStash[int](DictionaryStash[int]({"a": 1}))
    assert pickle.loads(pickle.dumps(stash)) == stash
    assert pickle.loads(pickle.dumps(Defaulted(stash))) == Defaulted(stash)
