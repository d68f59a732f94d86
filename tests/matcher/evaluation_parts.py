"""Searches of nobody, and a list of drawn people, for the tests of evaluation."""

import numpy as np

from matcher.evaluation.searches import Search, Standing
from matcher.scoring.falsematch import FalseMatchLaw

LAW = FalseMatchLaw(0.0, 1.0, 4.0, 8.0)
"""Strangers' scores are standard normal: what it predicts is true of the searches below."""


def search(
    person: str,
    *,
    mated: bool,
    score: float | None,
    mate: tuple[int, float] | None = None,
    group: str = "",
    people: int = 100,
    calibrated: bool = True,
) -> Search:
    """score: of the first candidate, None for an empty list. mate: rank and score of the person searched for."""
    return Search(
        person_id=person,
        photo=f"{person}.jpg",
        line=2,
        mated=mated,
        group=group,
        acquired=score is not None,
        outcome="no_face" if score is None else "candidates",
        code="no_face" if score is None else "",
        first=None if score is None else standing(1, score, people, calibrated=calibrated),
        mate=None if mate is None else standing(*mate, people, calibrated=calibrated),
        milliseconds={"search": 1.0},
    )


def standing(rank: int, score: float, people: int, *, calibrated: bool = True) -> Standing:
    if not calibrated:
        return Standing(rank, score)
    alarm = float(LAW.fpir(score, people))
    return Standing(rank, score, alarm, score, 1 - alarm)


def searches(
    count: int = 400, *, people: int = 100, seed: int = 1, calibrated: bool = True, groups: tuple[str, ...] = ("",)
) -> tuple[Search, ...]:
    """Half mated and half non-mated, two of each person; the strangers' highest scores are as `LAW` says."""
    rng = np.random.default_rng(seed)
    made = []
    for place in range(count):
        group = groups[(place // 4) % len(groups)]
        strangers = np.sort(rng.standard_normal(people))[::-1]
        if place % 2:
            made.append(
                search(f"s{place // 4}", mated=False, score=float(strangers[0]), group=group, calibrated=calibrated)
            )
            continue
        own = float(rng.normal(4, 1))
        rank = 1 + int((strangers > own).sum())
        first = max(own, float(strangers[0]))
        listed = (rank, own) if rank <= 20 else None
        made.append(search(f"m{place // 4}", mated=True, score=first, mate=listed, group=group, calibrated=calibrated))
    return tuple(made)
