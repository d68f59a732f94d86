"""Control cases: drawn people with known answers, among real work, to see how well each officer decides.

A control looks like a case: claim, photo, candidates whose scores come from the engine in use. Its person is among the
candidates or not, as a seed has it. No gallery holds drawn people for it, so no real search can find one.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from sqlalchemy import Connection, insert, select

from matcher.accounts.roles import Right
from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry
from matcher.casework.case import CaseFile, Claim, Event, Protection, case_subject
from matcher.casework.decisions import CaseSearch, Listed, ReviewState, Scores, Stage
from matcher.casework.detection import Detection, detection
from matcher.casework.features import Opinion
from matcher.casework.files import Files
from matcher.casework.numbers import new_link
from matcher.casework.officer import Officer
from matcher.casework.references import CONTROLS
from matcher.casework.statuses import Status
from matcher.drawn import biography, photo_bytes
from matcher.errors import BadField
from matcher.pipeline import Matcher
from matcher.records import case_files, case_photos, case_searches
from matcher.records import case_tables as tables

_DRAWN = 90_000
"""Drawn people of controls have numbers from here on: nobody has practised on them."""
CANDIDATES = 6


@dataclass(frozen=True, slots=True)
class OfficerResult:
    """How one officer decided in control cases. blind: before scores were shown; final: what was handed in."""

    account: str
    reviews: int
    blind: Detection
    final: Detection


_Pair = tuple[int, int]
"""A review and a candidate of its search."""
_Answer = tuple[bool, bool]
"""Whether it is the same person, and whether it was called so."""


class Controls:
    """Control cases made, and what came of them."""

    def __init__(self, files: Files, matcher: Matcher) -> None:
        self._files = files
        self._matcher = matcher

    def add(
        self, who: Officer, *, seed: int, officers: Sequence[str], country: str = "CHN", gallery: str = "main"
    ) -> CaseFile:
        """Mix in one control case, seen by these officers. For supervisors; the same seed makes the same case.

        gallery: which one it seems to have been searched in.
        """
        who.must(Right.SUPERVISE_CASES)
        if not officers:
            raise BadField("officers", "nobody would see the control case; name at least one officer")
        rng = Random(seed)
        person, *others = rng.sample(range(_DRAWN, _DRAWN + 10_000), CANDIDATES + 1)
        among = rng.random() < 0.5
        # The first is the person in custody; where the person is not among the candidates, a stranger is.
        shown = [person, *others[1:]] if among else others
        probe = photo_bytes(person, 1 + rng.randrange(3))
        prepared = self._matcher.prepare(probe)
        if prepared.template is None:
            raise BadField("seed", f"no face was found in the drawn photo of seed {seed}; choose another seed")
        listed = self._listed(prepared.template.vector, shown)
        case = self._case(who, person, country)
        search = CaseSearch(
            number=self._files.new_number(), case=case.number, gallery=gallery, basis="",
            photo_sha256=prepared.sha256, engine=prepared.template.engine, version=0, outcome="candidates",
            digest=hashlib.sha256(str(seed).encode()).hexdigest(), second_look=False, stage=Stage.FIRST,
            by=who.account, at=case.opened_at, candidates=len(listed),
        )  # fmt: skip
        ids = (self._files.new_number(), self._files.new_number(), new_link())
        with self._files.database.writing() as connection:
            case_files.add(connection, case)
            opened = Event(case.opened_at, who.account, "opened", "", Status.OPEN.value, "")
            case_files.add_events(connection, case.number, [(self._files.new_number(), opened)])
            for account in officers:
                case_files.grant(connection, case.number, account, by=who.account, now=case.opened_at)
            case_photos.add(
                connection, case.number, prepared, probe, ids=ids, taken_on="", by=who.account, now=case.opened_at
            )
            case_searches.add(connection, search, "", listed)
            truth = _id(person) if among else ""
            row = {"case_id": case.number, "person_id": truth, "made_by": who.account, "made_at": case.opened_at}
            connection.execute(insert(tables.case_control), row)
            entry = Entry(Action.CASE_CHANGED, [case_subject(case.number)], {"what": "control"}, actor=who.named)
            append(connection, entry, clock=self._files.clock)
        return case

    def results(self, who: Officer) -> tuple[OfficerResult, ...]:
        """How every officer decided in control cases; for supervisors."""
        return control_results(self._files, who)

    def _case(self, who: Officer, person: int, country: str) -> CaseFile:
        known, now = biography(person), self._files.now
        claim = Claim(known.name, known.native_name, known.date_of_birth, known.household_registration)
        return CaseFile(
            number=self._files.new_number(), country=country, claim=claim, status=Status.OPEN, status_at=now,
            protection=Protection.UNKNOWN, epoch=0, custody_date="", deadline="", assignee="", opened_by=who.account,
            opened_at=now, version=1,
        )  # fmt: skip

    def _listed(self, probe: np.typing.NDArray[np.float32], people: Sequence[int]) -> list[Listed]:
        """The candidates by likeness under the engine in use; their order is the search's, not the review's."""
        found = []
        for person in people:
            content = photo_bytes(person, 0)
            template = self._matcher.prepare(content).template
            if template is not None:
                distance = float(np.linalg.norm(_unit(probe) - _unit(template.vector)))
                found.append((distance, person, hashlib.sha256(content).hexdigest()))
        return [
            Listed(
                self._files.new_number(),
                (CONTROLS, _id(person)),
                sha256,
                Scores(rank, 1 - distance**2 / 2, distance, None, None, None, ""),
            )
            for rank, (distance, person, sha256) in enumerate(sorted(found), 1)
        ]


def control_results(files: Files, who: Officer) -> tuple[OfficerResult, ...]:
    """How every officer decided in control cases; for supervisors. It is recorded who asked."""
    who.must(Right.SUPERVISE_CASES)
    with files.database.reading() as connection:
        found = tuple(_results(connection))
    entry = Entry(Action.EXPORT, (), {"what": "control results"}, actor=who.named)
    with files.database.writing(flushed=False) as connection:
        append(connection, entry, clock=files.clock)
    return found


def _results(connection: Connection) -> list[OfficerResult]:
    """From every verdict in closed reviews of controls; a later one takes the place of those before it."""
    control, search, review = tables.case_control, tables.case_search, tables.case_review
    candidate, verdict = tables.case_candidate, tables.case_verdict
    query = (
        select(review.c.reviewer, review.c.id, candidate.c.id, verdict.c.stage, verdict.c.verdict)
        .add_columns(candidate.c.person_id == control.c.person_id)
        .join(search, search.c.id == review.c.search_id)
        .join(control, control.c.case_id == search.c.case_id)
        .join(verdict, verdict.c.review_id == review.c.id)
        .join(candidate, candidate.c.id == verdict.c.candidate_id)
        .where(review.c.state == ReviewState.CLOSED.value)
        .order_by(review.c.reviewer, verdict.c.number)
    )
    answers: dict[str, tuple[dict[_Pair, _Answer], dict[_Pair, _Answer]]] = {}
    for reviewer, number, listed, stage, said, is_same in connection.execute(query):
        blind, final = answers.setdefault(reviewer, ({}, {}))
        answer = (bool(is_same), said == Opinion.SAME_PERSON.value)
        final[number, listed] = answer
        if stage == ReviewState.BLIND.value:
            blind[number, listed] = answer
    return [
        OfficerResult(
            account, len({number for number, _ in final}), detection(blind.values()), detection(final.values())
        )
        for account, (blind, final) in answers.items()
    ]


def _id(person: int) -> str:
    return f"drawn-{person:06}"


def _unit(vector: np.typing.NDArray[np.float32]) -> np.typing.NDArray[np.float64]:
    wide = vector.astype(np.float64)
    return wide / max(float(np.linalg.norm(wide)), 1e-12)
