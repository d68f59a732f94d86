"""Measured error rates of people and of this program, for officers to know; figures only, the words are the page's.

People: White, Dunn, Schmid and Kemp, "Error rates in users of automatic face recognition software", PLoS ONE 10 (2015).
Labels: Howard, Rabbitt and Sirotin, "Human-algorithm teaming in face recognition", PLoS ONE 15 (2020).
Together: Phillips and others, "Face recognition accuracy of forensic examiners, superrecognizers, and face recognition
algorithms", PNAS 115 (2018).
The program: docs/scoring.md, "Measured"; a test holds the two together.
"""

from dataclasses import dataclass

LISTS_WITH_AN_ERROR = 0.5
"""More than this share of machine-made candidate lists was judged wrongly, by students and passport officers alike."""
EXAMINERS_BETTER_BY = 20
"""Percentage points by which trained facial examiners did better on the same lists."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The program on one set of photos. people: in the gallery. first: share of searches with the right one at rank 1.
    missed: FNIR where 1 in 10 searches for people who are not there brings somebody up; missed_strictly: 1 in 100."""

    photos: str
    people: int
    first: float
    missed: float
    missed_strictly: float


PRESS, PORTRAITS = "press photos (LFW)", "portraits nine years apart"
RATES = (
    Rate(PRESS, 1_084, 0.962, 0.080, 0.181),
    Rate(PORTRAITS, 426, 1.000, 0.009, 0.044),
)
