"""How hard an exercise is: poses, light, blur, the age of the record, and how alike strangers are."""

from dataclasses import dataclass
from enum import StrEnum

Range = tuple[float, float]

ABSENT = 0.5
"""The share of exercises whose person is not among the candidates, in every grade; officers are told."""


class Grade(StrEnum):
    """From easy to hard."""

    FIRST = "first"
    EVERYDAY = "everyday"
    HARD = "hard"
    LOOK_ALIKES = "look_alikes"


@dataclass(frozen=True, slots=True)
class Terms:
    """What an exercise of a grade is made of; a range is (low, high), both ends possible.

    candidates: how many are listed. years: between the record's photo and the one of the case. turn, nod: degrees, to
    either side. blur: standard deviation in pixels of a picture 480 wide. noise: in grey levels. exposure: 1 is right.
    contrast: of the light on the face, 0 (flat) to 1. nearness: of look-alikes, 0 (a stranger) to 1 (the person).
    same_marks: the share of look-alikes with the person's own moles, by which they can't be told.
    """

    candidates: int
    years: Range
    turn: Range
    nod: Range
    blur: Range
    noise: Range
    exposure: Range
    contrast: Range
    nearness: Range
    same_marks: float


TERMS: dict[Grade, Terms] = {
    Grade.FIRST: Terms(
        candidates=4, years=(0, 2), turn=(0, 4), nod=(0, 3), blur=(0, 0.4), noise=(0, 2), exposure=(0.97, 1.05),
        contrast=(0.4, 0.5), nearness=(0.0, 0.15), same_marks=0.0,
    ),
    Grade.EVERYDAY: Terms(
        candidates=6, years=(2, 6), turn=(2, 8), nod=(0, 5), blur=(0.4, 1.0), noise=(1, 4), exposure=(0.9, 1.1),
        contrast=(0.45, 0.62), nearness=(0.2, 0.35), same_marks=0.0,
    ),
    Grade.HARD: Terms(
        candidates=6, years=(6, 12), turn=(6, 12), nod=(3, 7), blur=(1.0, 1.7), noise=(3, 7), exposure=(0.78, 1.18),
        contrast=(0.55, 0.75), nearness=(0.25, 0.4), same_marks=0.3,
    ),
    Grade.LOOK_ALIKES: Terms(
        candidates=6, years=(3, 9), turn=(2, 9), nod=(0, 5), blur=(0.5, 1.2), noise=(1, 5), exposure=(0.88, 1.1),
        contrast=(0.45, 0.65), nearness=(0.45, 0.58), same_marks=0.6,
    ),
}  # fmt: skip
