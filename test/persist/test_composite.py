from __future__ import annotations

import copy
import os
import pickle
import threading
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from zensols.persist.codec import BarePickleCodec, SignedPickleCodec, default_codec
from zensols.persist.composite import DirectoryCompositeStash
from zensols.persist.domain import Stash
from zensols.persist.error import (
    MissingDataKeysError,
    PersistableError,
    UntrustedDataError,
)
from zensols.persist.missing import MISSING
from zensols.persist.stash import DirectoryStash
from zensols.persist.testing import StashContract

GROUPS = ({"text", "tokens"}, {"vectors"})


def make_stash(path: Path, **kwargs: Any) -> DirectoryCompositeStash[Any]:
    return DirectoryCompositeStash(path, GROUPS, "features", **kwargs)


@pytest.fixture
def stash(tmp_path: Path) -> DirectoryCompositeStash[Any]:
    return make_stash(tmp_path / "docs")


def make_item(number: int = 0, **features: Any) -> SimpleNamespace:
    default = {"text": f"text {number}", "tokens": [number], "vectors": [0.5 * number]}
    return SimpleNamespace(number=number, features=default | features)


def files(stash: DirectoryCompositeStash[Any]) -> list[str]:
    root = stash.path.parent
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


class TestContract(StashContract):
    """All of the contract, for items that have what is grouped."""

    processes = True
    # An item is in several.
    entries = False
    examples = 10
    values = tuple(make_item(n, text=v) for n, v in enumerate((None, "", [], "text")))

    @pytest.fixture
    def stash(self, tmp_path: Path) -> Stash[Any]:
        return make_stash(tmp_path / "docs")

    def reopen(self, stash: Any) -> Stash[Any]:
        return make_stash(stash.path.parent)

    def make_value(self, number: int) -> Any:
        return make_item(number, tokens=[number] * 500, vectors=[number] * 500)

    def make_large_value(self) -> Any:
        return make_item(text="x" * (1 << 21), vectors=bytes(1 << 21))

    def raw_get(self, stash: Any, key: str) -> Any:
        stored = DirectoryStash[Any](stash.path).load(key)
        if stored is None:
            return MISSING
        item, _, generation, slot = stored
        features: dict[str, Any] = {}
        for folder in (stash.path.parent / "comp").iterdir():
            if folder.name.endswith("%2") == bool(slot):
                written, part = DirectoryStash[Any](folder).load(key) or (None, {})
                assert written == generation
                features |= part
        item.features = features
        return item

    def raw_keys(self, stash: Any) -> Iterable[str]:
        return DirectoryStash[Any](stash.path).keys()


def test_layout(stash: DirectoryCompositeStash[Any]) -> None:
    stash["a"] = make_item()
    assert stash.path.name == DirectoryCompositeStash.INSTANCE_DIRECTORY_NAME == "inst"
    assert DirectoryCompositeStash.COMPOSITE_DIRECTORY_NAME == "comp"
    assert files(stash) == [
        "comp/text-tokens/a.dat",
        "comp/vectors/a.dat",
        "inst/a.dat",
    ]


def test_groups_by_attribute(stash: DirectoryCompositeStash[Any]) -> None:
    assert stash.groups == (frozenset(GROUPS[0]), frozenset(GROUPS[1]))
    assert set(stash._stash_by_attribute) == {"text", "tokens", "vectors"}
    group = stash._stash_by_attribute["tokens"]
    assert group.group == {"text", "tokens"}
    assert group.group_name == "text-tokens"
    assert stash._stash_by_group["text-tokens"] is group
    assert stash._stash_by_attribute["text"] is group


def test_to_composite(stash: DirectoryCompositeStash[Any]) -> None:
    data = {"vectors": 1, "text": 2, "tokens": 3}
    parts = (("text-tokens", {"text": 2, "tokens": 3}), ("vectors", {"vectors": 1}))
    assert stash._to_composite(data) == (None, parts)
    context, found = stash._to_composite(OrderedDict(data))
    assert (context, found) == (("vectors", "text", "tokens"), parts)


@pytest.mark.parametrize("kind", [list, tuple, frozenset])
def test_kinds_of_groups(tmp_path: Path, kind: Any) -> None:
    stash = DirectoryCompositeStash[Any](tmp_path, (kind(["a", "b"]),), "features")
    assert stash.groups == (frozenset({"a", "b"}),)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ((), "No groups"),
        (None, "No groups"),
        (("text",), "set of names but got: 'text'"),
        (({"text", "a"}, {"text"}), r"more than one group.*\['text'\]"),
    ],
)
def test_refuses_groups(tmp_path: Path, groups: Any, message: str) -> None:
    with pytest.raises(PersistableError, match=message) as info:
        DirectoryCompositeStash(tmp_path, groups, "features")
    assert str(tmp_path) in str(info.value)


def test_refuses_other_load_keys(tmp_path: Path) -> None:
    with pytest.raises(PersistableError, match="set of names to load"):
        make_stash(tmp_path, load_keys=["text"])


def test_refuses_other_paths() -> None:
    with pytest.raises(PersistableError, match=r"pathlib\.Path"):
        make_stash("docs")  # type: ignore[arg-type]


def test_load_keys(stash: DirectoryCompositeStash[Any]) -> None:
    item = make_item(3)
    stash["a"] = item
    stash.load_keys = {"tokens"}
    assert stash.load("a").features == {"tokens": [3]}
    assert stash["a"].number == 3
    stash.load_keys = {"vectors", "no such name"}
    assert stash.get("a").features == {"vectors": [1.5]}
    stash.load_keys = set()
    assert stash["a"].features == {}
    stash.load_keys = None
    assert stash["a"] == item


def test_unwanted_groups_are_not_opened(stash: DirectoryCompositeStash[Any]) -> None:
    stash["a"] = make_item()
    (stash.path.parent / "comp/vectors/a.dat").write_bytes(b"damaged")
    stash.load_keys = {"text"}
    assert stash["a"].features == {"text": "text 0"}
    stash.load_keys = {"text", "vectors"}
    with pytest.raises(UntrustedDataError, match="vectors"):
        stash["a"]


def test_load_keys_of_the_constructor(tmp_path: Path) -> None:
    make_stash(tmp_path)["a"] = make_item(1)
    assert make_stash(tmp_path, load_keys={"text"})["a"].features == {"text": "text 1"}


def test_keeps_order(stash: DirectoryCompositeStash[Any]) -> None:
    features = OrderedDict(vectors=1, text=2, tokens=3)
    stash["a"] = SimpleNamespace(features=features)
    found = stash["a"].features
    assert type(found) is OrderedDict
    assert list(found) == ["vectors", "text", "tokens"]
    stash.load_keys = {"tokens", "vectors"}
    assert stash["a"].features == OrderedDict(vectors=1, tokens=3)
    stash["a"] = make_item()
    assert type(stash["a"].features) is dict


def test_lacks_grouped_names(stash: DirectoryCompositeStash[Any]) -> None:
    item = SimpleNamespace(features={"vectors": 1})
    with pytest.raises(MissingDataKeysError) as info:
        stash.dump("a", item)
    assert list(info.value.keys) == ["text", "tokens"]
    assert item.features == {"vectors": 1}
    assert "a" not in stash


def test_has_names_of_no_group(stash: DirectoryCompositeStash[Any]) -> None:
    stash["a"] = make_item(1)
    item = make_item(2, other=3)
    before = dict(item.features)
    with pytest.raises(PersistableError, match=r"\['other'\].*'features'"):
        stash.dump("a", item)
    assert item.features == before
    assert stash["a"] == make_item(1)


def test_missing_part_is_an_error(stash: DirectoryCompositeStash[Any]) -> None:
    stash["a"] = make_item()
    (stash.path.parent / "comp/vectors/a.dat").unlink()
    with pytest.raises(PersistableError, match=r"'vectors' of item 'a'") as info:
        stash.load("a")
    assert str(stash.path.parent) in str(info.value)
    with pytest.raises(PersistableError, match="'vectors' of item 'a'"):
        stash.get("a")


def test_parts_of_another_item_are_missing(
    stash: DirectoryCompositeStash[Any],
) -> None:
    """A part that was put back from before is not mixed with what is newer."""
    stash["a"] = make_item(1)
    part = stash.path.parent / "comp/vectors/a.dat"
    old = part.read_bytes()
    stash["a"] = make_item(2)
    stash["a"] = make_item(3)
    assert part.read_bytes() != old
    part.write_bytes(old)
    with pytest.raises(PersistableError, match="'vectors' of item 'a'"):
        stash.load("a")


def test_replaced_item_has_one_file_of_each_part(
    stash: DirectoryCompositeStash[Any],
) -> None:
    for number in range(4):
        stash["a"] = make_item(number)
        assert stash["a"] == make_item(number)
        assert len(files(stash)) == 3


def test_absent_item_is_none(stash: DirectoryCompositeStash[Any]) -> None:
    assert stash.load("a") is None
    assert stash.get("a", "default") == "default"


def test_f_delete_leaves_group_files(stash: DirectoryCompositeStash[Any]) -> None:
    for number in 1, 2:
        stash["a"] = make_item(number)
        stash["b"] = make_item(number)
    stash.delete("a")
    assert {os.path.basename(file) for file in files(stash)} == {"b.dat"}
    stash.delete("b")
    assert files(stash) == []


def test_f_groups_share_a_folder(tmp_path: Path) -> None:
    groups = (
        {"a", "b-c"},
        {"a-b", "c"},
        {"a%2Db"},
        {"d/e"},
        {".."},
        {"A"},
        {"x" * 999},
    )
    names = {name for group in groups for name in group}
    stash = DirectoryCompositeStash[Any](tmp_path / "docs", groups, "features")
    stash["k"] = SimpleNamespace(features={name: name for name in names})
    assert stash["k"].features == {name: name for name in names}
    folders = list((tmp_path / "docs/comp").iterdir())
    assert len(folders) == len(groups)
    assert all([p.name for p in folder.iterdir()] == ["k.dat"] for folder in folders)
    assert [path.name for path in tmp_path.iterdir()] == ["docs"]


def test_groups_whose_names_differ_by_case(tmp_path: Path) -> None:
    """Which some file systems take for the same folder."""
    groups = ({"ab"}, {"AB"}, {"Ab"})
    stash = DirectoryCompositeStash[Any](tmp_path, groups, "features")
    names = [name.casefold() for name in stash._stash_by_group]
    assert len(set(names)) == 3
    assert stash._stash_by_attribute["ab"].group_name == "ab"


def test_f_live_object_lacks_its_dictionary_meanwhile(
    stash: DirectoryCompositeStash[Any],
) -> None:
    seen = []

    class Spy:
        def __reduce__(self) -> Any:
            seen.append(dict(item.features))
            return str, ()

    item = make_item(text=Spy(), vectors=Spy())
    features = item.features
    item.spy = Spy()
    stash.dump("a", item)
    assert len(seen) >= 3
    assert all(found.keys() == features.keys() for found in seen)
    assert item.features is features


def test_failed_dump_keeps_item_and_caller_s_object(
    stash: DirectoryCompositeStash[Any],
) -> None:
    stash["a"] = make_item(1)
    for broken in {"vectors": threading.Lock()}, {"text": (n for n in ())}:
        item = make_item(2, **broken)
        features = item.features
        with pytest.raises(PersistableError):
            stash.dump("a", item)
        assert item.features is features
        assert stash["a"] == make_item(1)
        assert len(files(stash)) == 3
    item = make_item(2)
    item.lock = threading.Lock()
    with pytest.raises(PersistableError, match="lock"):
        stash.dump("a", item)
    assert item.features == make_item(2).features
    assert stash["a"] == make_item(1)
    assert len(files(stash)) == 3
    stash.delete("a")
    with pytest.raises(PersistableError, match="lock"):
        stash.dump("a", item)
    assert files(stash) == []


@dataclass(frozen=True)
class Frozen:
    name: str
    features: dict[str, Any]


def test_frozen_items(stash: DirectoryCompositeStash[Any]) -> None:
    item = Frozen("a", make_item().features)
    stash["a"] = item
    assert stash["a"] == item
    assert item.features == make_item().features


def test_subclass_fixes_attribute(tmp_path: Path) -> None:
    class Docs(DirectoryCompositeStash[Any]):
        def __init__(self, path: Path, groups: Any) -> None:
            super().__init__(path, groups, "features")

    stash = Docs(tmp_path, GROUPS)
    stash["a"] = make_item()
    assert stash["a"] == make_item()


def test_regrouped(stash: DirectoryCompositeStash[Any]) -> None:
    stash["a"] = make_item(1)
    stash.groups = ({"text"}, {"tokens", "vectors"})
    with pytest.raises(PersistableError, match="stored with other groups"):
        stash.load("a")
    stash["a"] = make_item(2)
    assert stash["a"] == make_item(2)
    assert stash._stash_by_attribute["vectors"].group_name == "tokens-vectors"


def test_clear_removes_the_whole_tree(stash: DirectoryCompositeStash[Any]) -> None:
    stash["a"] = make_item(1)
    stash["a"] = make_item(2)
    stash.groups = ({"text"}, {"tokens", "vectors"})
    stash["b"] = make_item(2)
    stash.clear()
    assert not stash.path.parent.exists()
    stash.clear()
    stash["b"] = make_item(3)
    assert dict(stash) == {"b": make_item(3)}


def test_clear_leaves_other_files(stash: DirectoryCompositeStash[Any]) -> None:
    stash["a"] = make_item()
    root = stash.path.parent
    others = [root / "inst/notes.txt", root / "comp/vectors/README", root / "LICENSE"]
    for other in others:
        other.write_text("mine")
    stash.clear()
    assert files(stash) == sorted(str(other.relative_to(root)) for other in others)


def test_reads_what_the_older_package_wrote(tmp_path: Path) -> None:
    """Pickles of pairs and of plain dictionaries, in files of the same names."""
    features = OrderedDict(vectors=1, text=2, tokens=3)
    for name, value in {
        "inst/a.dat": (SimpleNamespace(features=None), tuple(features)),
        "comp/text-tokens/a.dat": {"text": 2, "tokens": 3},
        "comp/vectors/a.dat": {"vectors": 1},
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(pickle.dumps(value))
    with pytest.raises(UntrustedDataError):
        make_stash(tmp_path).load("a")
    old = make_stash(tmp_path, codec=SignedPickleCodec(trust="any"))
    assert old["a"] == SimpleNamespace(features=features)
    old["a"] = old["a"]
    assert make_stash(tmp_path)["a"] == SimpleNamespace(features=features)


def test_swapped_files_are_refused(stash: DirectoryCompositeStash[Any]) -> None:
    stash["a"], stash["b"] = make_item(1), make_item(2)
    folder = stash.path.parent / "comp/vectors"
    (folder / "b.dat").write_bytes((folder / "a.dat").read_bytes())
    assert stash["a"] == make_item(1)
    with pytest.raises(UntrustedDataError):
        stash.load("b")


@pytest.mark.parametrize("pattern", ["{name}", "x-{name}.dat"])
def test_options_of_directory_stash(tmp_path: Path, pattern: str) -> None:
    codec = BarePickleCodec(trust="any")
    stash = make_stash(tmp_path, pattern=pattern, codec=codec)
    keys = ["a", "~", "..", "%2", "~2"]
    for number, key in enumerate(keys):
        stash[key] = make_item()
        stash[key] = make_item(number)
    assert dict(stash) == {key: make_item(n) for n, key in enumerate(keys)}
    file = tmp_path / "comp/vectors%2" / pattern.format(name="a")
    assert pickle.loads(file.read_bytes())[1] == {"vectors": [0.0]}


def test_item_is_whole_while_it_is_replaced(
    stash: DirectoryCompositeStash[Any],
) -> None:
    stash["a"] = make_item(0)
    stop = threading.Event()
    # However late the readers are, they read while there is something to read.
    begun = threading.Barrier(3, timeout=60)

    def write() -> None:
        try:
            begun.wait()
            for number in range(100):
                stash["a"] = make_item(number % 7)
        finally:
            stop.set()

    def read() -> None:
        begun.wait()
        while True:
            item = stash["a"]
            assert item == make_item(item.number)
            if stop.is_set():
                return

    with ThreadPoolExecutor(3) as executor:
        readers = [executor.submit(read) for _ in range(2)]
        executor.submit(write).result()
        for reader in readers:
            reader.result()


def test_copies_are_of_the_same_store(stash: DirectoryCompositeStash[Any]) -> None:
    stash["a"] = make_item(1)
    for other in copy.copy(stash), copy.deepcopy(stash):
        assert other["a"] == make_item(1)


def test_entries_are_signed(stash: DirectoryCompositeStash[Any]) -> None:
    stash["a"] = make_item(1)
    for file in files(stash):
        data = (stash.path.parent / file).read_bytes()
        default_codec().decode(data, "a")
        with pytest.raises(UntrustedDataError):
            default_codec().decode(data, "b")


def test_beside_of_one_folder_with_several_groups(tmp_path: Path) -> None:
    path = tmp_path / "docs"
    whole = DirectoryCompositeStash[Any](path, ({"text", "tokens"},), "features")
    split = DirectoryCompositeStash[Any](path, ({"text"}, {"tokens"}), "features")
    turned = DirectoryCompositeStash[Any](path, ({"tokens"}, {"text"}), "features")
    other = DirectoryCompositeStash[Any](
        path, ({"text"}, {"tokens"}), "features", pattern="x-{name}"
    )
    besides: list[Any] = [s.beside("notes") for s in (whole, split, turned, other)]
    for number in 0, 1, 3:
        besides[number]["key"] = number
    assert [b.load("key") for b in besides] == [0, 1, 1, 3]
    split.clear()
    assert dict(besides[2]) == {"key": 1}
