"""The whole path in training, on both databases: who may what, in which order, and what is not touched."""

import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from matcher.accounts.roles import Role
from matcher.casework.answers import AnswerKind, Rejection
from matcher.casework.case import Protection
from matcher.casework.faults import NotAllowed, NotNow
from matcher.casework.officer import Officer, officer
from matcher.errors import BadField, NotFound
from matcher.records import tables
from matcher.records.database import Database
from matcher.training import standings
from matcher.training.colleague import colleague
from matcher.training.course import Course
from matcher.training.exercise import Note, Sending, exercise
from matcher.training.grades import Grade
from matcher.training.machine import Machine
from matcher.training.practice import Step
from matcher.training.results import ENOUGH
from tests.training.parts import ANNA, BORIS, DORA, judge, judge_all


def _agreed(*, slip: bool = False, note: Note = Note.CLEARED) -> int:
    """A seed whose colleague is right about a person who is listed."""
    for seed in range(5_000):
        made = exercise(Grade.FIRST, seed)
        fits = made.truth is not None and made.slip is slip and made.note is note
        if fits and colleague(made) == made.truth and made.reply % 5:
            return seed
    raise LookupError


def _at(course: Course, who: Officer, machine: Machine, step: Step, *same: int) -> int:
    """An exercise of this officer's that has come as far as this step."""
    number = course.begin(who, machine, Grade.FIRST)
    made = course.view(who, number).exercise
    chosen = max(range(2), key=lambda which: course.view(who, number).photos[which].score)
    path: list[tuple[Step, Callable[[], None]]] = [
        (Step.PHOTO, lambda: course.state_protection(who, number, made.protection)),
        (Step.BLIND, lambda: course.choose_photo(who, number, chosen, machine)),
        (Step.SCORED, lambda: (judge_all(course, who, number, *same), course.reveal(who, number))[1]),
        (Step.SECOND, lambda: course.close(who, number)),
        (Step.DOCUMENT, lambda: course.go_on(who, number)),
        (Step.ANSWER, lambda: course.send(who, number, made.sending)),
    ]
    for reached, act in path:
        if course.view(who, number).step is step:
            break
        act()
        assert course.view(who, number).step in {reached, step}
    return number


@pytest.mark.long
def test_the_whole_path_is_practised_and_kept(records: Database, machine: Machine) -> None:
    seed = _agreed()
    made = exercise(Grade.FIRST, seed)
    assert made.truth is not None
    course = Course(records, new_seed=lambda: seed)
    before = _counts(records)
    number = _at(course, ANNA, machine, Step.ANSWER, made.truth)
    letter = made.letter(made.truth)
    course.answer(ANNA, number, letter.kind, letter.reason)
    practice = course.view(ANNA, number)
    assert practice.step is Step.DONE
    result = practice.result()
    assert result.right
    assert (result.final.hits, result.final.correct_rejections) == (1, 3)
    assert vars_of(result.steps) == {"protection": True, "photo": True, "document": True, "answer": True}
    (first, *_) = standings.own_standings(records, ANNA)
    assert (first.grade, first.exercises, first.right, first.steps_right) == (Grade.FIRST, 1, 1, 4)
    # Nothing of it among what is real: not even in the audit.
    assert _counts(records) == before


def vars_of(steps: object) -> dict[str, object]:
    return {name: getattr(steps, name) for name in ("protection", "photo", "document", "answer")}


def _counts(records: Database) -> dict[str, int]:
    with records.reading() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables.metadata.sorted_tables
            if not table.name.startswith("training_")
        }


def test_no_table_of_training_refers_to_others_or_is_referred_to() -> None:
    for table in tables.metadata.sorted_tables:
        for key in table.foreign_keys:
            assert table.name.startswith("training_") == key.column.table.name.startswith("training_"), key


def test_nothing_but_training_reads_its_tables() -> None:
    root = Path(__file__).parents[2]
    allowed = {"matcher/training", "matcher/records"}
    for path in [*(root / "matcher").rglob("*.py"), *(root / "api").rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        if "training_tables" in text or "records import training" in text or "training_exercise" in text:
            assert str(path.relative_to(root).parent) in allowed | {"matcher/records/migrations/versions"}, path


@pytest.mark.long
def test_steps_out_of_turn_are_refused_and_lose_nothing(records: Database, machine: Machine) -> None:
    seed = _agreed()
    course = Course(records, new_seed=lambda: seed)
    number = _at(course, ANNA, machine, Step.PHOTO)
    for early in (
        lambda: course.reveal(ANNA, number),
        lambda: course.close(ANNA, number),
        lambda: judge(course, ANNA, number, 0, is_same=False),
        lambda: course.send(ANNA, number, Sending.SEND),
        lambda: course.state_protection(ANNA, number, Protection.NONE),
    ):
        with pytest.raises(NotNow, match="stands at its step photo"):
            early()
    with pytest.raises(NotFound):
        course.open(ANNA, number, 0)
    with pytest.raises(BadField, match="photo 7"):
        course.choose_photo(ANNA, number, 7, machine)
    course.choose_photo(ANNA, number, 0, machine)
    with pytest.raises(NotNow, match="not opened yet"):
        judge(course, ANNA, number, 0, is_same=False)
    course.open(ANNA, number, 0)
    judge(course, ANNA, number, 0, is_same=True)
    with pytest.raises(NotNow, match="3 of 4 candidates"):
        course.reveal(ANNA, number)
    judge(course, ANNA, number, 0, is_same=False)
    given = course.view(ANNA, number).verdicts[0]
    assert [one.opinion.value for one in given] == ["same_person", "different_person"]


@pytest.mark.long
def test_changes_after_the_scores_are_kept_beside_the_blind_ones(records: Database, machine: Machine) -> None:
    seed = _agreed()
    truth = exercise(Grade.FIRST, seed).truth
    assert truth is not None
    course = Course(records, new_seed=lambda: seed)
    number = _at(course, ANNA, machine, Step.SCORED)
    assert course.view(ANNA, number).scores[truth].rank == 1
    judge(course, ANNA, number, truth, is_same=True)
    result = course.view(ANNA, number).result()
    assert (result.blind.misses, result.final.misses, result.final.hits) == (1, 0, 1)


def test_an_exercise_is_its_officers_alone(records: Database, machine: Machine) -> None:
    course = Course(records)
    number = course.begin(ANNA, machine, Grade.FIRST)
    for who in (BORIS, DORA):
        with pytest.raises(NotFound, match="no such exercise"):
            course.view(who, number)
    with pytest.raises(NotAllowed):
        course.under_way(officer("account:hanna", Role.AUDITOR))
    with pytest.raises(NotAllowed, match="a person has to sign in"):
        course.under_way(Officer("account:anna", ANNA.rights, is_program=True))
    with pytest.raises(NotAllowed):
        standings.all_standings(records, ANNA)


def test_one_exercise_at_a_time_however_often_it_is_begun(records: Database, machine: Machine) -> None:
    course, begun = Course(records), []
    threads = [
        threading.Thread(target=lambda: begun.append(course.begin(ANNA, machine, Grade.FIRST))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(begun) == 4
    assert len(set(begun)) == 1
    course.leave(ANNA, begun[0])
    assert course.under_way(ANNA) is None
    assert course.begin(ANNA, machine, Grade.HARD) != begun[0]


@pytest.mark.long
def test_what_must_not_leave_ends_the_exercise_whatever_is_clicked(records: Database, machine: Machine) -> None:
    for sending in (Sending.SEND, Sending.HOLD_PROTECTED):
        seed = _agreed(note=Note.ASYLUM)
        truth = exercise(Grade.FIRST, seed).truth
        assert truth is not None
        course = Course(records, new_seed=lambda seed=seed: seed)
        number = _at(course, ANNA, machine, Step.DOCUMENT, truth)
        course.send(ANNA, number, sending)
        practice = course.view(ANNA, number)
        assert practice.step is Step.DONE
        assert practice.result().steps.document is (sending is Sending.HOLD_PROTECTED)


def test_an_answer_that_contradicts_itself_is_refused(records: Database, machine: Machine) -> None:
    seed = _agreed(slip=True)
    truth = exercise(Grade.FIRST, seed).truth
    assert truth is not None
    course = Course(records, new_seed=lambda: seed)
    number = _at(course, ANNA, machine, Step.ANSWER, truth)
    assert course.view(ANNA, number).choices.sending is Sending.HOLD_WRONG
    with pytest.raises(BadField, match="reason"):
        course.answer(ANNA, number, AnswerKind.REJECTED, None)
    course.answer(ANNA, number, AnswerKind.REJECTED, Rejection.ANOTHER_PERSON)
    assert course.view(ANNA, number).result().steps.answer is False


def test_nobody_found_goes_from_the_second_review_to_the_end(records: Database, machine: Machine) -> None:
    seed = next(
        seed for seed in range(500) if (e := exercise(Grade.FIRST, seed)).truth is None and colleague(e) is None
    )
    course = Course(records, new_seed=lambda: seed)
    number = _at(course, ANNA, machine, Step.SECOND)
    course.go_on(ANNA, number)
    practice = course.view(ANNA, number)
    assert practice.step is Step.DONE
    assert practice.result().right
    assert practice.result().steps.document is None


@pytest.mark.long
def test_a_grade_is_passed_by_those_who_can_tell(tmp_path: Path, machine: Machine) -> None:
    with closing(Database.in_home(tmp_path)) as records:
        _two_officers(records, machine)


def _two_officers(records: Database, machine: Machine) -> None:
    seeds = iter(range(100))
    course = Course(records, new_seed=lambda: next(seeds))
    for who, knows in ((ANNA, True), (BORIS, False)):
        for _ in range(ENOUGH):
            number = course.begin(who, machine, Grade.FIRST)
            made = course.view(who, number).exercise
            course.state_protection(who, number, made.protection)
            course.choose_photo(who, number, 0, machine)
            same = () if made.truth is None or not knows else (made.truth,)
            judge_all(course, who, number, *same)
            course.reveal(who, number)
            course.close(who, number)
            course.go_on(who, number)
            if course.view(who, number).step is Step.DOCUMENT:
                course.send(who, number, Sending.HOLD_PROTECTED)
    found = {one.account: one for one in standings.all_standings(records, DORA)}
    assert found["account:anna"].is_passed
    assert not found["account:boris"].is_passed
    assert found["account:boris"].final.misses > 0
