"""Officers in training, over real records and the default engine."""

from matcher.accounts.roles import Role
from matcher.casework.features import Opinion
from matcher.casework.officer import Officer, officer
from matcher.training.course import Course

ANNA, BORIS = (officer(f"account:{name}", Role.OFFICER) for name in ("anna", "boris"))
DORA = officer("account:dora", Role.SUPERVISOR)
SIMILAR = ("eyes:similar", "nose:similar")
DIFFERENT = ("chin:different",)


def judge_all(course: Course, who: Officer, number: int, *same: int) -> None:
    """Open every candidate, and find these to be the same person."""
    for place in range(len(course.view(who, number).exercise.entries)):
        course.open(who, number, place)
        judge(course, who, number, place, is_same=place in same)


def judge(course: Course, who: Officer, number: int, place: int, *, is_same: bool) -> None:
    opinion = Opinion.SAME_PERSON if is_same else Opinion.DIFFERENT_PERSON
    reasons = SIMILAR if is_same else DIFFERENT
    course.judge(who, number, place, opinion=opinion, confidence=70, reasons=reasons)
