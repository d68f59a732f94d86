"""The same detainee twice in the backlog: a case's photos against those of all other cases, by the product's scores.

It happens by itself when a photo is added and when a case is searched. What an officer is told is what it would be if
the cases that the officer may not see did not exist: which pairs are listed goes by how often strangers are as much
alike and by how many cases this officer may see, and neither moves with what is hidden. Nor does the work: the same
statements run whatever is found.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, update

from matcher.accounts.roles import Right
from matcher.among import EVERYBODY
from matcher.audit.entry import Action
from matcher.casework.case import case_id, case_subject
from matcher.casework.files import Files
from matcher.casework.officer import Officer
from matcher.errors import NotFound, RecordsUnavailable
from matcher.pipeline import Matcher
from matcher.records import case_duplicates, case_files, case_photos
from matcher.records import case_tables as tables
from matcher.records.case_duplicates import Likeness, SuspectedPair
from matcher.records.values import PersonKey
from matcher.scoring.likeness import unit
from matcher.scoring.rating import Asked, Scale

TOP = 5
ALARMING = 0.05
"""Where scores are calibrated, pairs are listed whose likeness would come up by chance in at most so many cases."""
FEWEST = 500
"""As many cases are reckoned with at least, so that pairs which only an almost empty office would list are not kept."""

_COMPARED = 100
_KEPT = 20
_ALIKE = float(-np.expm1(np.log1p(-ALARMING) / FEWEST))
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Another case that may be the same person's.

    false_alarm_probability: that chance alone brings up such a likeness among as many cases as the officer may see, 500
    at least; None where nothing is calibrated. state: suspected, same or different, as somebody has decided.
    """

    other: int
    score: float
    distance: float
    false_alarm_probability: float | None
    state: str = "suspected"

    @property
    def id(self) -> str:
        return case_id(self.other)


class Duplicates:
    """Cases compared with each other by face."""

    def __init__(self, files: Files, matcher: Matcher) -> None:
        self._files = files
        self._matcher = matcher

    def look(self, who: Officer, number: int) -> tuple[Duplicate, ...]:
        """Compare a case with all others and keep what is suspicious, also what this officer may not see.

        Returns those that the officer may see, the likeliest first. Without calibration nothing tells what is
        suspicious; then the nearest few of the cases that this officer may see are.
        """
        self._compare(who, [number])
        return known(self._files, who, number)

    def look_by_itself(self, who: Officer, *numbers: int) -> None:
        """The same for those of these cases that have a photo which was never compared, where scores are calibrated.

        Records that can't be written just now hinder nobody: it is logged, and the case's next search makes up for it.
        """
        if self._scale().calibration is None:
            return
        engine = self._matcher.gallery.engine
        try:
            with self._files.database.reading() as connection:
                waiting = case_photos.not_compared(connection, numbers, engine)
            if waiting:
                self._compare(who, [number for number in numbers if number in waiting])
        except RecordsUnavailable:
            _log.warning("%d cases could not be compared with the others yet", len(numbers), exc_info=True)

    def known(self, who: Officer, number: int) -> tuple[Duplicate, ...]:
        """What was found of a case before, as far as this officer may see the other case."""
        return known(self._files, who, number)

    def decide(self, who: Officer, number: int, other: int, *, same: bool) -> None:
        """Say whether two cases are one person's, after a look at both; the status is another step."""
        with self._files.changing(who, number) as change:
            who.must_decide(Right.WORK_CASES)
            if other not in {one.other for one in _shown(change.connection, who, [number])[number]}:
                raise NotFound("there is no such suspicion, or none that you may see; look for duplicates first")
            table, state = tables.case_duplicate, "same" if same else "different"
            values = {"state": state, "decided_by": who.account, "at": change.now}
            change.connection.execute(update(table).where(case_duplicates.is_pair(number, other)).values(values))
            change.record(Action.DECISION, {"what": "duplicate", "verdict": state}, case_subject(other))
            change.happened("duplicate decided", after=f"{case_id(other)}: {state}")

    def _scale(self) -> Scale:
        return self._matcher.scorer.scale(EVERYBODY, self._matcher.gallery.state())

    def _compare(self, who: Officer, numbers: Sequence[int]) -> None:
        engine, dimension = self._matcher.gallery.engine, self._matcher.gallery.dimension
        scale, probes = self._scale(), {}
        for number in numbers:
            with self._files.reading(who, number) as (connection, _):
                probes[number] = case_photos.vectors(connection, number, engine, dimension)
        with self._files.database.reading() as connection:
            photos = case_photos.ids(connection, numbers, engine)
            cases, vectors = case_photos.templates(connection, engine, dimension)
            if scale.calibration is None:
                seen = np.isin(cases, case_files.visible(connection, **_sight(who)))
                cases, vectors = cases[seen], vectors[seen]
        for number in numbers:
            others = cases != number
            found = self._rated(probes[number], cases[others], vectors[others], scale)
            with self._files.changing(who, number) as change:
                case_duplicates.keep(change.connection, number, found, engine, rows=_KEPT, now=change.now)
                case_photos.note_compared(change.connection, photos[number], engine)
                details = {"what": "compared with other cases", "cases": len(set(cases[others].tolist())),
                           "found": len(found)}  # fmt: skip
                change.record(Action.SEARCH, details)

    def _rated(
        self, probes: NDArray[np.float32], others: NDArray[np.int64], vectors: NDArray[np.float32], scale: Scale
    ) -> Mapping[int, Likeness]:
        """The most alike cases; where scores are calibrated, those that are suspicious in any office."""
        if not len(probes) or not len(others):
            return {}
        photos = _photos(others, vectors, _nearest(probes, others, vectors))
        most = TOP if scale.calibration is None else _KEPT
        rated = self._matcher.scorer.rate(probes, [list(photos)] * len(probes), photos, scale, Asked(most))
        best: dict[int, Likeness] = {}
        for entry in (entry for ratings in rated for entry in ratings.listed):
            law = None if scale.calibration is None else scale.calibration.false_matches
            fmr = None if law is None else float(law.fmr(entry.score))
            one, other = Likeness(entry.score, entry.distance, fmr), int(entry.key[1])
            if (fmr is None or fmr <= _ALIKE) and (other not in best or best[other].score < one.score):
                best[other] = one
        ordered = sorted(best.items(), key=lambda item: (-item[1].score, item[0]))
        return dict(ordered[:most])


def known(files: Files, who: Officer, number: int) -> tuple[Duplicate, ...]:
    """What was found of a case, as far as this officer may see the other case, the likeliest first; raises NotFound.

    Of what is suspected the likeliest few; all of what was decided.
    """
    with files.reading(who, number) as (connection, _):
        return _shown(connection, who, [number])[number]


def suspected(files: Files, who: Officer, numbers: Collection[int]) -> frozenset[int]:
    """Which of these cases, which the officer may see, have a suspicion that nobody has decided on."""
    with files.database.reading() as connection:
        shown = _shown(connection, who, numbers)
    return frozenset(number for number, found in shown.items() if any(one.state == "suspected" for one in found))


def _shown(connection: Connection, who: Officer, numbers: Collection[int]) -> Mapping[int, tuple[Duplicate, ...]]:
    people = max(FEWEST, case_files.count_visible(connection, **_sight(who)) - 1)
    pairs = case_duplicates.of_cases(connection, numbers, **_sight(who))
    return {number: _listed([one for one in pairs if one.case == number], people) for number in numbers}


def _listed(pairs: Sequence[SuspectedPair], people: int) -> tuple[Duplicate, ...]:
    found: list[Duplicate] = []
    for pair in sorted(pairs, key=lambda one: (-one.likeness.score, one.other)):
        fmr, chance = pair.likeness.fmr, pair.fpir_before
        if fmr is not None:
            chance = float(-np.expm1(people * np.log1p(-min(fmr, 1 - 1e-16))))
        is_open = pair.state == "suspected"
        crowded = sum(one.state == "suspected" for one in found) >= TOP
        if not is_open or not (crowded or (chance is not None and chance > ALARMING)):
            found.append(Duplicate(pair.other, pair.likeness.score, pair.likeness.distance, chance, pair.state))
    return tuple(found)


def _sight(who: Officer) -> case_files.Sight:
    return {"account": who.account, "sees_all": who.may(Right.SUPERVISE_CASES)}


def _nearest(probes: NDArray[np.float32], others: NDArray[np.int64], vectors: NDArray[np.float32]) -> list[int]:
    """The cases whose templates are nearest any of the probes by plain likeness."""
    likeness = (unit(vectors) @ unit(probes).T).max(axis=1)
    order = np.argsort(-likeness, kind="stable")
    return list(dict.fromkeys(others[order].tolist()))[:_COMPARED]


def _photos(
    others: NDArray[np.int64], vectors: NDArray[np.float32], chosen: list[int]
) -> dict[PersonKey, NDArray[np.float32]]:
    return {("-cases", str(number)): vectors[others == number] for number in chosen}
