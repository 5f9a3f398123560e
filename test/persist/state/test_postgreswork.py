"""What persisters do on PostgreSQL, statement by statement."""

from __future__ import annotations

from typing import Any

import pytest

from zensols.persist.error import PersistableError
from zensols.persist.state.chain import Stored
from zensols.persist.state.postgreswork import PostgresWork
from zensols.persist.state.record import Draft
from zensols.persist.state.records import ANY

DRAFT = Draft("p", "app", 1, "step", "completed", "2026", None, 2, Stored("whole", b""))


class Answers:
    """Answers statements with what was prepared, in order."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[Any, ...]] = []

    def drive(self, steps: Any) -> Any:
        try:
            step = next(steps)
            while True:
                self.asked.append(step)
                answer = self.answers.pop(0)
                if isinstance(answer, Exception):
                    step = steps.throw(answer)
                else:
                    step = steps.send(answer)
        except StopIteration as e:
            return e.value


def test_nothing_is_asked_of_tables_that_are_not_there() -> None:
    work = PostgresWork("here", "states")
    for steps in (
        work.find("p", "app", None),
        work.find_branch("p", "app"),
        work.find_newest_app("p"),
    ):
        answers = Answers(None)
        assert answers.drive(steps) is None
        assert len(answers.asked) == 1


def test_usual_save_is_one_statement() -> None:
    work = PostgresWork("here", "states")
    assert Answers([(1,)]).drive(work.is_set_up())
    answers = Answers([(7,)])
    assert answers.drive(work.add(DRAFT, ANY)) == 7
    assert [step[0] for step in answers.asked] == ["run"]


def test_one_that_is_refused_goes_on_in_a_transaction() -> None:
    work = PostgresWork("here", "states")
    answers = Answers([(1,)], [], 8)
    assert answers.drive(work.add(DRAFT, ANY)) == 8
    assert [step[0] for step in answers.asked] == ["run", "run", "transact"]


def test_other_errors_are_raised() -> None:
    work = PostgresWork("here", "states")
    error = PersistableError("refused")
    with pytest.raises(PersistableError) as info:
        Answers([(1,)], error).drive(work.add(DRAFT, ANY))
    assert info.value is error
