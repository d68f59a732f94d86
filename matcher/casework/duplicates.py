"""The same detainee twice in the backlog: a case's photos against those of all other cases, by the product's scores."""

import json
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, insert, select, update

from matcher.accounts.roles import Right
from matcher.among import EVERYBODY
from matcher.audit.entry import Action
from matcher.casework.case import case_id, case_subject
from matcher.casework.files import Files
from matcher.casework.officer import Officer
from matcher.errors import NotFound
from matcher.pipeline import Matcher
from matcher.records import case_files, case_photos
from matcher.records import case_tables as tables
from matcher.records.values import PersonKey
from matcher.scoring.rating import Asked

TOP = 5
_COMPARED = 200
ALARMING = 0.05
"""Where scores are calibrated, pairs are listed whose likeness would come up by chance in at most so many cases."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Another case that may be the same person's. false_alarm_probability: None where nothing is calibrated.

    state: suspected, same or different, as somebody has decided.
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

        Returns those that the officer may see, the likeliest first. Without calibration the nearest few are suspected.
        """
        engine, dimension = self._matcher.gallery.engine, self._matcher.gallery.dimension
        with self._files.reading(who, number) as (connection, _):
            probes = case_photos.vectors(connection, number, engine, dimension)
            others, vectors = case_photos.templates(connection, engine, dimension, beside=[number])
        found = self._rated(probes, others, vectors)
        with self._files.changing(who, number) as change:
            for one in found:
                _keep(change.connection, number, one, engine, now=change.now)
            details = {"what": "compared with other cases", "cases": len(set(others.tolist())), "found": len(found)}
            change.record(Action.SEARCH, details)
        return self.known(who, number)

    def known(self, who: Officer, number: int) -> tuple[Duplicate, ...]:
        """What was found of a case before, as far as this officer may see the other case."""
        with self._files.reading(who, number) as (connection, _):
            sees_all = who.may(Right.SUPERVISE_CASES)
            return tuple(
                one
                for one in _known(connection, number)
                if case_files.find(connection, one.other, account=who.account, sees_all=sees_all) is not None
            )

    def decide(self, who: Officer, number: int, other: int, *, same: bool) -> None:
        """Say whether two cases are one person's, after a look at both; the status is another step."""
        with self._files.changing(who, number) as change:
            who.must_decide(Right.WORK_CASES)
            sees_all = who.may(Right.SUPERVISE_CASES)
            seen = case_files.find(change.connection, other, account=who.account, sees_all=sees_all)
            if seen is None or other not in {one.other for one in _known(change.connection, number)}:
                raise NotFound("there is no such suspicion, or none that you may see; look for duplicates first")
            table, state = tables.case_duplicate, "same" if same else "different"
            values = {"state": state, "decided_by": who.account, "at": change.now}
            change.connection.execute(update(table).where(_pair(number, other)).values(values))
            change.record(Action.DECISION, {"what": "duplicate", "verdict": state}, case_subject(other))
            change.happened("duplicate decided", after=f"{case_id(other)}: {state}")

    def _rated(
        self, probes: NDArray[np.float32], others: NDArray[np.int64], vectors: NDArray[np.float32]
    ) -> list[Duplicate]:
        if not len(probes) or not len(others):
            return []
        photos = _photos(others, vectors, _nearest(probes, others, vectors))
        scorer = self._matcher.scorer
        scale = scorer.scale(EVERYBODY, self._matcher.gallery.state())
        # As many people can be found as there are cases, not as there are in the galleries.
        scale = replace(scale, people=len(set(others.tolist())))
        rated = scorer.rate(probes, [list(photos)] * len(probes), photos, scale, Asked(TOP))
        best: dict[int, Duplicate] = {}
        for ratings in rated:
            for entry in ratings.listed:
                if entry.fpir is not None and entry.fpir > ALARMING:
                    continue
                one = Duplicate(int(entry.key[1]), entry.score, entry.distance, entry.fpir)
                if one.other not in best or best[one.other].score < one.score:
                    best[one.other] = one
        return sorted(best.values(), key=lambda one: (-one.score, one.other))[:TOP]


def _nearest(probes: NDArray[np.float32], others: NDArray[np.int64], vectors: NDArray[np.float32]) -> list[int]:
    """The cases whose templates are nearest any of the probes by plain likeness."""
    likeness = (_unit(vectors) @ _unit(probes).T).max(axis=1)
    order = np.argsort(-likeness, kind="stable")
    return list(dict.fromkeys(others[order].tolist()))[:_COMPARED]


def _photos(
    others: NDArray[np.int64], vectors: NDArray[np.float32], chosen: list[int]
) -> dict[PersonKey, NDArray[np.float32]]:
    return {("-cases", str(number)): vectors[others == number] for number in chosen}


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def _pair(number: int, other: int) -> ColumnElement[bool]:
    table = tables.case_duplicate
    return (table.c.case_id == min(number, other)) & (table.c.other_id == max(number, other))


def _keep(connection: Connection, number: int, found: Duplicate, engine: str, *, now: int) -> None:
    table = tables.case_duplicate
    said = {"score": found.score, "distance": found.distance, "fpir": found.false_alarm_probability}
    values = {"engine": engine, "scores": json.dumps(said), "at": now}
    # What somebody has decided stays decided.
    if not connection.execute(update(table).where(_pair(number, found.other)).values(values)).rowcount:
        ends = {"case_id": min(number, found.other), "other_id": max(number, found.other), "state": "suspected"}
        connection.execute(insert(table), {**ends, **values})


def _known(connection: Connection, number: int) -> list[Duplicate]:
    table = tables.case_duplicate
    query = select(table).where((table.c.case_id == number) | (table.c.other_id == number))
    found = []
    for row in connection.execute(query):
        said = json.loads(row.scores)
        other = row.other_id if row.case_id == number else row.case_id
        found.append(Duplicate(other, said["score"], said["distance"], said["fpir"], row.state))
    return sorted(found, key=lambda one: (-one.score, one.other))
