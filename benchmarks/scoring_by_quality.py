"""Does a likelihood ratio gain by the photo's quality? Fitted on one half of the people, judged on the other."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.scoring_people import PORTRAITS, PRESS, RealPeople
from matcher.engines.dlib_resnet import SPEC
from matcher.evaluation import cllr, cllr_min
from matcher.scoring.calibrating import Portfolio, calibrate
from matcher.scoring.calibration import Calibration
from matcher.scoring.cohort import choose_cohort
from matcher.scoring.learning import learn
from matcher.scoring.likeness import Floats, similarities
from matcher.scoring.population import Population, fit
from matcher.scoring.strangers import Strangers, count_factor


def judged_by_quality(people: RealPeople, *, seed: int = 0) -> list[dict[str, Any]]:
    """Cllr of ratios with and without the photo's quality, for each half, set, and photos as they are and made worse.

    Neither population nor calibration knows the people they are judged on.
    """
    half = np.random.default_rng(seed).permutation(len(people.names)) % 2
    rows: list[dict[str, Any]] = []
    for fold in (0, 1):
        known = {name: _of(part, half[part.people] == fold) for name, part in people.portfolios.items()}
        fitted = RealPeople(known, people.same, people.names, people.groups)
        population = fit(fitted.one_of_each(), engine=SPEC.key, description="one half", date="")
        made = calibrate(
            list(known.values()),
            engine=SPEC.key,
            description="one half",
            date="",
            population=population,
            same=people.same,
        )
        for name in (PRESS, PORTRAITS):
            others = _of(people.portfolios[name], half[people.portfolios[name].people] != fold)
            rows += [{"set": name, "half": fold, **row} for row in _judged(others, made, population, people.same)]
    return rows


def _of(part: Portfolio, rows: NDArray[np.bool_]) -> Portfolio:
    return Portfolio(
        part.name,
        part.vectors[rows],
        part.people[rows],
        part.enrolled[rows],
        part.qualities[rows],
        part.made_worse[rows],
    )


def _judged(
    part: Portfolio, made: Calibration, population: Population, same: frozenset[tuple[int, int]]
) -> list[dict[str, Any]]:
    """Everybody's first photo stands in the gallery; strangers' pairs get a quality drawn from the mates' own."""
    plain = np.flatnonzero(part.enrolled & ~part.made_worse)
    first = plain[np.unique(part.people[plain], return_index=True)[1]]
    codes = part.people[first]
    place = choose_cohort(codes)
    normaliser = learn(part.vectors[first[place]], codes[place], people=len(codes), population=population)
    probes = np.setdiff1d(np.arange(len(part.people)), first)
    probes = probes[np.isin(part.people[probes], codes)]
    scores = normaliser.probes(part.vectors[probes]).scores(
        similarities(part.vectors[probes], part.vectors[first]),
        normaliser.templates(part.vectors[first], codes),
        codes,
    )
    strangers = Strangers.of(normaliser)
    if strangers is not None:
        made = made.times(count_factor(strangers.highest(), made.false_matches))
    mate = np.searchsorted(codes, part.people[probes])
    mine = np.zeros(scores.shape, dtype=np.bool_)
    mine[np.arange(len(probes)), mate] = True
    theirs = ~mine
    for one, other in same:
        for a, b in ((one, other), (other, one)):
            theirs[np.ix_(part.people[probes] == a, codes == b)] = False
    return [
        {
            "photos": kind,
            "searches": int(chosen.sum()),
            **_costs(scores[chosen], mine[chosen], theirs[chosen], quality, made),
        }
        for kind, chosen in (("as they are", ~part.made_worse[probes]), ("made worse", part.made_worse[probes]))
        for quality in [part.qualities[probes][chosen]]
    ]


def _costs(
    scores: Floats, mine: NDArray[np.bool_], theirs: NDArray[np.bool_], quality: Floats, made: Calibration
) -> dict[str, float]:
    given = np.stack([made.likelihood_at(float(one)).log10(row) for one, row in zip(quality, scores, strict=True)])
    without = made.likelihood.log10(scores)
    found = {}
    for name, ratios in (("by quality", given), ("without", without)):
        found[name] = cllr(ratios[mine], ratios[theirs])
        found[f"{name}, least"] = cllr_min(ratios[mine], ratios[theirs])
    found["bits"] = float(np.mean(given[mine] - without[mine]) / np.log10(2))
    return found


def show_by_quality(rows: list[dict[str, Any]]) -> None:
    """The table of the above, the mean over both halves."""
    names = ["by quality", "by quality, least", "without", "without, least", "bits"]
    table = Table(title="Cllr of likelihood ratios, people held out; mean of two halves")
    for heading in ("set", "photos", "searches", *names):
        table.add_column(heading)
    for kind in dict.fromkeys((row["set"], row["photos"]) for row in rows):
        part = [row for row in rows if (row["set"], row["photos"]) == kind]
        means = [f"{np.mean([row[name] for row in part]):.4f}" for name in names]
        table.add_row(*kind, str(sum(row["searches"] for row in part)), *means)
    Console(width=160).print(table)
