"""What the engine in use says of an exercise's entries, scored as a search in a gallery of a stated size would be.

There is no gallery: the crowd is the population that comes with the program, which is of nobody. The law behind the
probabilities was fitted on photos of people, so for drawn ones they show what such numbers look like, not a rate.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.casework.decisions import Scores
from matcher.faces import EngineKey
from matcher.pipeline import Matcher
from matcher.quality import Quality
from matcher.scoring.calibration import Calibration
from matcher.scoring.candidates import shortlist
from matcher.scoring.learning import learn
from matcher.scoring.likeness import likeness_to, unit
from matcher.scoring.opening import known_population
from matcher.scoring.words import alarm_words
from matcher.training.exercise import Exercise
from matcher.training.pictures import entry_plain, probe_plain

PEOPLE = 10_000
"""As if so many had been searched; stated beside the scores."""
PRIOR = 0.5


@dataclass(frozen=True, slots=True)
class ProbeSeen:
    """What the program says of a photo of the person in custody. found: whether it shows a face it can search with."""

    found: bool
    quality: Quality | None


class Machine:
    """The engine of the service, used on drawn photos alone; neither searches nor records."""

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher

    @property
    def engine(self) -> EngineKey:
        return self._matcher.engine.spec.key

    def look(self, exercise: Exercise, which: int) -> ProbeSeen:
        """Appraise a photo of the person in custody."""
        prepared = self._matcher.prepare(probe_plain(exercise, which))
        return ProbeSeen(prepared.template is not None, prepared.quality)

    def scores(self, exercise: Exercise, which: int) -> tuple[Scores, ...]:
        """The scores of all entries, in their order, for a search with this photo; empty where it shows no face.

        An entry's photo without a face would end last; the drawn ones all have one, which a test sees to.
        """
        probe = self._matcher.prepare(probe_plain(exercise, which))
        if probe.template is None:
            return ()
        vectors = []
        for place in range(len(exercise.entries)):
            template = self._matcher.prepare(entry_plain(exercise, place)).template
            vectors.append(np.zeros_like(probe.template.vector) if template is None else template.vector)
        quality = None if probe.quality is None else probe.quality.score
        return _scored(
            probe.template.vector, np.stack(vectors), self.engine, self._matcher.scorer.calibration, quality=quality
        )


def _scored(
    probe: NDArray[np.float32], vectors: NDArray[np.float32], engine: EngineKey, calibration: Calibration | None,
    *, quality: float | None,
) -> tuple[Scores, ...]:  # fmt: skip
    distances = np.linalg.norm(vectors.astype(np.float64) - probe, axis=1)
    population = known_population(engine)
    if population is None or calibration is None:
        ranks = _ranks(-distances)
        return tuple(
            Scores(rank, 1 - float(away), float(away), None, None, None, "")
            for rank, away in zip(ranks, distances, strict=True)
        )
    nobody, codes = np.zeros((0, len(probe)), np.float32), np.arange(len(vectors), dtype=np.int64)
    normaliser = learn(nobody, np.zeros(0, np.int64), people=0, population=population)
    templates, single = unit(vectors), unit(probe[None])
    side = normaliser.probes(single)
    found = side.scores(likeness_to(single[0], templates)[None], normaliser.templates(templates, codes), codes)[0]
    listed = shortlist(
        found, codes, calibration, gallery=PEOPLE, prior=PRIOR, top=len(codes), quality=quality
    ).candidates
    made = {
        one.person: Scores(
            rank, one.score, float(distances[one.person]), one.fpir, one.log10_lr, one.confidence,
            alarm_words(one.fpir, one.reach),
        )
        for rank, one in enumerate(listed, 1)
    }  # fmt: skip
    return tuple(made[place] for place in range(len(vectors)))


def _ranks(rising: Sequence[float] | NDArray[np.float64]) -> list[int]:
    order = np.argsort(-np.asarray(rising), kind="stable")
    ranks = np.empty(len(order), dtype=int)
    ranks[order] = np.arange(1, len(order) + 1)
    return [int(rank) for rank in ranks]
