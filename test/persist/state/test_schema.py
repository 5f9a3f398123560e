from __future__ import annotations

import pickle
from typing import Any

import pytest

from zensols.persist.error import PersistableError
from zensols.persist.state.error import StateVersionError
from zensols.persist.state.schema import Schema


def first(state: dict[str, Any]) -> dict[str, Any]:
    return {**state, "steps": [*state.get("steps", []), "first"]}


def second(state: dict[str, Any]) -> dict[str, Any]:
    state.setdefault("steps", []).append("second")
    return state


def steps(schema: Schema, version: int | None) -> Any:
    return schema.upgrade({}, version, "here").get("steps", [])


def test_without_versions() -> None:
    schema = Schema()
    assert schema.version is None
    assert schema.is_current(None)
    assert steps(schema, None) == []
    with pytest.raises(StateVersionError, match=r"here: it has version 1 .* has none"):
        steps(schema, 1)


def test_migrates_in_order() -> None:
    schema = Schema(2, [first, second])
    assert steps(schema, 0) == ["first", "second"]
    assert steps(schema, 1) == ["second"]
    assert steps(schema, 2) == []
    assert [schema.is_current(version) for version in (0, 1, 2, 3)] == [
        False,
        False,
        True,
        False,
    ]


def test_version_is_the_number_of_migrations_by_default() -> None:
    assert Schema(migrations=[first, second]).version == 2


def test_newer_states() -> None:
    for schema in (Schema(2), Schema(2, [first, second])):
        with pytest.raises(StateVersionError) as error:
            steps(schema, 5)
        assert "here" in str(error.value)
        assert "version 5" in str(error.value)
        assert "this program's 2" in str(error.value)


def test_migrations_that_were_dropped() -> None:
    schema = Schema(7, [first, second])
    assert steps(schema, 5) == ["first", "second"]
    with pytest.raises(PersistableError, match=r"here: .*version 4 .* begin at 5"):
        steps(schema, 4)


def test_states_of_before_there_were_versions() -> None:
    assert steps(Schema(7), None) == []
    assert steps(Schema(7, [first, second]), None) == ["first", "second"]
    assert not Schema(1, [first]).is_current(None)
    assert Schema(1).is_current(None)


@pytest.mark.parametrize("version", [0, 1, -1])
def test_too_many_migrations(version: int) -> None:
    with pytest.raises(PersistableError, match="2 migrations can't end with version"):
        Schema(version, [first, second])


def test_failing_migrations() -> None:
    def fail(state: dict[str, Any]) -> dict[str, Any]:
        return {"a": state["gone"]}

    with pytest.raises(PersistableError) as error:
        steps(Schema(2, [first, fail]), 0)
    assert "fail of here from version 1 to 2 failed: KeyError: 'gone'" in str(
        error.value
    )
    assert isinstance(error.value.__cause__, KeyError)


def test_migrations_that_return_nothing() -> None:
    def forget(state: dict[str, Any]) -> None:
        state["a"] = 1

    with pytest.raises(PersistableError, match="returned None: return the state"):
        steps(Schema(1, [forget]), 0)  # type: ignore[list-item]


def test_pickles() -> None:
    schema = pickle.loads(pickle.dumps(Schema(2, [first, second])))
    assert steps(schema, 1) == ["second"]
    assert "first" in repr(schema)
