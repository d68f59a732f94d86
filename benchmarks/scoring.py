"""``python -m benchmarks scoring``: fits the shipped population and calibration, and judges how honest scores are.

``--fit FOLDER`` writes both files for the default engine. Without it each set of people is searched in galleries of
several sizes, many times over, with a population and a calibration that were fitted on the other sets alone, and the
false alarms that were seen are laid against those predicted; then the same with each search narrowed to the probe's
own group. Last, whether likelihood ratios gain by the photo's quality: fitted on one half of the people, with copies of
their photos that were made worse, and judged on the other.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.data import test_data
from benchmarks.environment import keep
from benchmarks.scoring_by_quality import judged_by_quality, show_by_quality
from benchmarks.scoring_people import GROUPS, PORTRAITS, PRESS, RealPeople, read_people
from matcher.engines.dlib_resnet import SPEC
from matcher.scoring import shipped
from matcher.scoring.calibrating import Portfolio, calibrate
from matcher.scoring.calibration import Calibration
from matcher.scoring.cohort import choose_cohort
from matcher.scoring.falsematch import FalseMatchLaw
from matcher.scoring.learning import learn
from matcher.scoring.likeness import Floats, similarities
from matcher.scoring.population import Population, fit
from matcher.scoring.strangers import Strangers, count_factor, expected_of_some

_FOUR = "four groups"
_ALL = "press photos and four groups"
_EVERYBODY = "everybody"
_SIZES = (250, 1000, 2000, 4000)
_TARGETS = (0.1, 0.03)
_PROBES = 600
_WORSE = 3
_DESCRIPTION = "press photos of LFW, official portraits of 2015 and 2024, portraits of four groups"


@dataclass(frozen=True, slots=True)
class _Searched:
    """Non-mated searches of one gallery: the highest score of each, predicted FPIR, and the probes' groups."""

    predicted: Floats
    plain: Floats
    narrowed: Floats
    groups: list[str]
    top: Floats


@dataclass(frozen=True, slots=True)
class _Fitted:
    """What a set is judged by: fitted on other people."""

    population: Population
    law: FalseMatchLaw


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks scoring", description=__doc__)
    parser.add_argument("--fit", type=Path, metavar="FOLDER", help="write the population and the calibration there")
    parser.add_argument(
        "--shipped", action="store_true", help="judge the shipped statistics, which were fitted on these very people"
    )
    parser.add_argument("--repeats", type=int, default=12, help="galleries drawn of each set and size")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("out/benchmarks"), help="folder for the raw results")
    arguments = parser.parse_args(argv)
    worse = 0 if arguments.shipped else _WORSE
    people = read_people(test_data(), workers=arguments.workers, worse=worse)
    if arguments.fit is not None:
        for place in write_fit(people, arguments.fit, date=time.strftime("%Y-%m-%d")):
            print(f"wrote {place}")
        return 0
    found = judged(people.without_worse(), repeats=arguments.repeats, as_shipped=arguments.shipped)
    _show(found, "with the shipped statistics" if arguments.shipped else "fitted without the set")
    ratios = [] if arguments.shipped else judged_by_quality(people)
    if ratios:
        show_by_quality(ratios)
    print(f"raw results: {keep('scoring', {'sets': found, 'by_quality': ratios}, arguments.out)}")
    return 0


def write_fit(people: RealPeople, folder: Path, *, date: str) -> tuple[Path, Path]:
    """Fit on everybody and write both files."""
    everyone = people.one_of_each()
    population = fit(everyone, engine=SPEC.key, description=_DESCRIPTION, date=date)
    # The calibration must hold for people who are not in the population: it is made with one of every second person.
    chosen = np.random.default_rng(0).permutation(len(everyone))[::2]
    half = fit(everyone[np.sort(chosen)], engine=SPEC.key, description=_DESCRIPTION, date=date)
    calibration = _calibrated(people, (PRESS, PORTRAITS, *GROUPS), half, date=date)
    places = folder / f"{SPEC.key}.population.npz", folder / f"{SPEC.key}.calibration.json"
    places[0].write_bytes(population.to_bytes())
    places[1].write_text(calibration.to_json(), encoding="utf-8")
    return places


def _calibrated(people: RealPeople, parts: tuple[str, ...], known: Population, *, date: str) -> Calibration:
    """A calibration on some sources, each by itself, all groups together, and groups with press photos."""
    portfolios = [people.portfolios[name] for name in parts]
    if set(GROUPS) <= set(parts):
        portfolios.append(people.joined(_FOUR, GROUPS))
        if PRESS in parts:
            portfolios.append(people.joined(_ALL, (PRESS, *GROUPS)))
    return calibrate(
        portfolios, engine=SPEC.key, description=_DESCRIPTION, date=date, population=known, same=people.same
    )


def judged(people: RealPeople, *, repeats: int, as_shipped: bool = False) -> list[dict[str, Any]]:
    """Observed over predicted FPIR of each set and size, fitted without the set."""
    if as_shipped:
        fitted = _Fitted(shipped.population(SPEC.key), shipped.calibration(SPEC.key).false_matches)
        mixed = [people.joined(_FOUR, GROUPS), people.joined(_ALL, (PRESS, *GROUPS))]
        parts = [*people.portfolios.values(), *mixed, people.joined(_EVERYBODY, tuple(people.portfolios))]
        return [row for part in parts for row in _judged(people, part, fitted, repeats)]
    results: list[dict[str, Any]] = []
    for name in people.portfolios:
        rest = tuple(other for other in people.portfolios if other != name)
        results += _judged(people, people.portfolios[name], _fitted_on(people, rest), repeats)
    results += _judged(people, people.joined(_FOUR, GROUPS), _fitted_on(people, (PRESS, PORTRAITS)), repeats)
    # No large set is left to fit on: the portraits alone know neither press photos nor the groups.
    results += _judged(people, people.joined(_ALL, (PRESS, *GROUPS)), _fitted_on(people, (PORTRAITS,)), repeats)
    return results


def _fitted_on(people: RealPeople, parts: tuple[str, ...]) -> _Fitted:
    known = fit(
        people.one_of_each(*set(people.portfolios).difference(parts)), engine=SPEC.key, description="others", date=""
    )
    return _Fitted(known, _calibrated(people, parts, known, date="").false_matches)


def _judged(people: RealPeople, part: Portfolio, fitted: _Fitted, repeats: int) -> Iterator[dict[str, Any]]:
    count = np.unique(part.people[part.enrolled]).size
    for size in (size for size in _SIZES if size <= 0.9 * count):
        runs = [_search(people, part, size, fitted, seed) for seed in range(repeats)]
        groups = np.concatenate([run.groups for run in runs])
        top = np.concatenate([run.top for run in runs])
        cut = np.sort(top)[::-1][int(0.05 * top.size)]
        rates = {str(group): float(np.mean(top[groups == group] > cut)) for group in np.unique(groups) if group}
        yield {
            "set": part.name,
            "size": size,
            "searches": top.size,
            **{
                f"{kind} {target}": float(np.mean([np.mean(getattr(run, kind) <= target) for run in runs])) / target
                for kind in ("plain", "predicted", "narrowed")
                for target in _TARGETS
            },
            "groups": rates if len(rates) > 1 else {},
        }


def _search(people: RealPeople, part: Portfolio, size: int, fitted: _Fitted, seed: int) -> _Searched:
    """One gallery drawn at random, searched by one photo of each person who is not in it."""
    rng = np.random.default_rng([seed, size])
    mixed = rng.permutation(len(part.people))
    first = mixed[part.enrolled[mixed]]
    first = first[np.sort(np.unique(part.people[first], return_index=True)[1])][:size]
    gallery = first[np.argsort(part.people[first])]
    others = mixed[~np.isin(part.people[mixed], part.people[gallery])]
    others = others[np.unique(part.people[others], return_index=True)[1]]
    others = rng.permutation(others)[:_PROBES]
    codes, vectors = part.people[gallery], part.vectors[gallery]
    chosen = choose_cohort(codes)
    made = learn(vectors[chosen], codes[chosen], people=size, population=fitted.population)
    scores = made.probes(part.vectors[others]).scores(
        similarities(part.vectors[others], vectors), made.templates(vectors, codes), codes
    )
    for one, other in people.same:
        scores[np.ix_(part.people[others] == one, codes == other)] = -np.inf
        scores[np.ix_(part.people[others] == other, codes == one)] = -np.inf
    top = scores.max(axis=1)
    strangers = Strangers.of(made)
    here = fitted.law if strangers is None else fitted.law.times(count_factor(strangers.highest(), fitted.law))
    whose, theirs = people.groups[part.people[others]], people.groups[codes]
    narrowed = np.full(len(others), 1.0)
    for group in np.unique(whose):
        inside, mine = theirs == group, whose == group
        if inside.any():
            law = here if inside.all() else here.times(_narrowing(strangers, here, inside, np.isin(codes, made.codes)))
            narrowed[mine] = law.fpir(scores[np.ix_(mine, inside)].max(axis=1), int(np.count_nonzero(inside)))
    return _Searched(here.fpir(top, size), fitted.law.fpir(top, size), narrowed, whose.tolist(), top)


def _narrowing(
    strangers: Strangers | None, law: FalseMatchLaw, inside: NDArray[np.bool_], cohort: NDArray[np.bool_]
) -> float:
    """The factor of a search among `inside`; both bool over the gallery, in the order of codes."""
    expected = expected_of_some(int(np.count_nonzero(inside)), len(inside))
    if strangers is None:
        return expected
    return count_factor(strangers.highest(np.flatnonzero(inside[cohort])), law, expected=expected)


def _show(found: list[dict[str, Any]], how: str) -> None:
    table = Table(title=f"Observed over predicted FPIR, {how}")
    kinds = {"plain": "by the law alone", "predicted": "with the gallery's factor", "narrowed": "narrowed to the group"}
    for heading in ("set", "N", "searches", *(f"{words}, {t}" for words in kinds.values() for t in _TARGETS), "groups"):
        table.add_column(heading)
    for row in found:
        ratios = [f"{row[f'{kind} {target}']:.2f}" for kind in kinds for target in _TARGETS]
        groups = " ".join(f"{group} {rate:.3f}" for group, rate in row["groups"].items())
        table.add_row(row["set"], f"{row['size']:,}", f"{row['searches']:,}", *ratios, groups)
    Console(width=200).print(table)
