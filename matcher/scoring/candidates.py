"""From scores to the list that a person looks at, in either mode, with "nobody" as a result in both."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from matcher.scoring.calibration import Calibration
from matcher.scoring.cohort import Codes
from matcher.scoring.falsematch import Reach
from matcher.scoring.likelihood import Bound
from matcher.scoring.likeness import Floats
from matcher.scoring.posterior import posterior

TOP = 20


class Mode(StrEnum):
    """Investigation: the best few, all to be looked at. Identification: those above a target FPIR's threshold."""

    INVESTIGATION = "investigation"
    IDENTIFICATION = "identification"


@dataclass(frozen=True, slots=True)
class Scored:
    """One candidate. person: the code given. fpir: the chance that a search for somebody who is not in this gallery
    brings up anybody with this score or more; "at most" where reach is BEYOND.

    log10_lr: the likelihood ratio, to be read as `bound` says. confidence: the share of the posterior.
    """

    person: int
    score: float
    fpir: float
    reach: Reach
    log10_lr: float
    bound: Bound
    confidence: float


@dataclass(frozen=True, slots=True)
class Shortlist:
    """The candidates, best first; empty means nobody reached the threshold.

    threshold: the score asked for, -inf in investigation. nobody: the posterior share of "not in this gallery";
    elsewhere: of all people who are not in `candidates`. The confidences, elsewhere and nobody sum to 1.
    """

    mode: Mode
    candidates: tuple[Scored, ...]
    threshold: float
    elsewhere: float
    nobody: float


def shortlist(
    scores: Floats,
    people: Codes,
    calibration: Calibration,
    *,
    gallery: int,
    prior: float,
    top: int = TOP,
    fpir: float | None = None,
    quality: float | None = None,
) -> Shortlist:
    """Rank, cut and weigh the retrieved people of one search.

    scores: float64 (n,), one of each person. people: int64 (n,), distinct codes; ties go to the smaller code.
    gallery: how many people were searched, after filters. prior: the share of searches whose person is in the gallery.
    fpir: a target makes it identification; without one, investigation. Raises OutsideCalibration for a target that is
    stricter than the calibration reaches at this size. quality: of the probe, 0 to 100; it moves likelihood ratios and
    confidences, never ranks and false alarms. None where it is not known.
    """
    if scores.shape != people.shape or np.unique(people).size != people.size:
        raise ValueError(f"{scores.shape} scores of {people.shape} people; give one score of each person")
    law, likelihood = calibration.false_matches, calibration.likelihood_at(quality)
    threshold = -np.inf if fpir is None else law.threshold(fpir, gallery)
    order = np.lexsort((people, -scores))
    shares = posterior(likelihood.ln(scores[order]), people=gallery, prior=prior)
    shown = min(top, int(np.count_nonzero(scores >= threshold)))
    alarms = law.fpir(scores[order], gallery)
    ratios = likelihood.log10(scores[order])
    listed = tuple(
        Scored(
            person=int(people[place]),
            score=float(scores[place]),
            fpir=float(alarms[rank]),
            reach=calibration.reach(float(scores[place]), gallery),
            log10_lr=float(ratios[rank]),
            bound=likelihood.bound(float(scores[place])),
            confidence=float(shares.candidates[rank]),
        )
        for rank, place in enumerate(order[:shown])
    )
    return Shortlist(
        mode=Mode.INVESTIGATION if fpir is None else Mode.IDENTIFICATION,
        candidates=listed,
        threshold=threshold,
        elsewhere=float(shares.candidates[shown:].sum()) + shares.elsewhere,
        nobody=shares.nobody,
    )
