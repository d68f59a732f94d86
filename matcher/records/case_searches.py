"""Searches in cases and their candidates in the records."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from matcher.casework.decisions import CaseSearch, Identification, Listed, Scores, Stage
from matcher.records import case_tables as tables
from matcher.records.case_tables import NOBODYS
from matcher.records.coding import digest_bytes


def add(connection: Connection, search: CaseSearch, scoring: str, candidates: Sequence[Listed]) -> None:
    """Write a search with its candidates. scoring: what the scores rest on, in words."""
    row = {
        "id": search.number,
        "case_id": search.case,
        "gallery": search.gallery,
        "basis": search.basis,
        "photo_sha256": digest_bytes(search.photo_sha256),
        "engine": search.engine,
        "version": search.version,
        "outcome": search.outcome,
        "digest": search.digest,
        "scoring": scoring,
        "searched_anyway": search.searched_anyway,
        "second_look": int(search.second_look),
        "stage": search.stage.value,
        "by": search.by,
        "at": search.at,
    }
    connection.execute(insert(tables.case_search), row)
    rows = [
        {"id": one.number, "search_id": search.number, "rank": one.scores.rank, "gallery": one.key[0],
         "person_id": one.key[1], "photo_sha256": one.photo_sha256, "scores": json.dumps(asdict(one.scores))}
        for one in candidates
    ]  # fmt: skip
    if rows:
        connection.execute(insert(tables.case_candidate), rows)


def case_of(connection: Connection, search: int) -> int:
    """The case of a search; nobody's where there is no such search."""
    table = tables.case_search
    found = connection.execute(select(table.c.case_id).where(table.c.id == search)).scalar_one_or_none()
    return NOBODYS if found is None else int(found)


def search(connection: Connection, number: int) -> CaseSearch:
    """One search that is there."""
    return _search(connection.execute(_searches().where(tables.case_search.c.id == number)).one())


def scoring_note(connection: Connection, number: int) -> str:
    """What a search's scores rest on, in words."""
    table = tables.case_search
    return str(connection.execute(select(table.c.scoring).where(table.c.id == number)).scalar_one())


def searches(connection: Connection, case: int) -> tuple[CaseSearch, ...]:
    """A case's searches, the oldest first."""
    table = tables.case_search
    rows = connection.execute(_searches().where(table.c.case_id == case).order_by(table.c.at, table.c.id))
    return tuple(_search(row) for row in rows)


def waiting(
    connection: Connection, *, account: str, sees_all: bool, settles: bool, limit: int, stage: Stage | None = None
) -> tuple[CaseSearch, ...]:
    """The searches that this account may review next, those of the nearest deadlines first; none that it has reviewed,
    or that somebody reviews now. stage: those of this stage only."""
    table, case, access, review = tables.case_search, tables.case_file, tables.case_access, tables.case_review
    stages = [Stage.FIRST.value, Stage.SECOND.value, *([Stage.SUPERVISOR.value] if settles else [])]
    mine = select(review.c.search_id).where(review.c.reviewer == account)
    taken = select(review.c.search_id).where(review.c.state != "closed")
    query = _searches().join(case, case.c.id == table.c.case_id).where(table.c.stage.in_(stages))
    if stage is not None:
        query = query.where(table.c.stage == stage.value)
    query = query.where(table.c.id.not_in(mine), table.c.id.not_in(taken))
    if not sees_all:
        granted = select(access.c.case_id).where(access.c.account == account)
        query = query.where(or_(case.c.protection == "none", case.c.id.in_(granted)))
    return tuple(
        _search(row) for row in connection.execute(query.order_by(case.c.deadline, table.c.at, table.c.id).limit(limit))
    )


def set_stage(connection: Connection, number: int, stage: Stage) -> None:
    table = tables.case_search
    connection.execute(update(table).where(table.c.id == number).values(stage=stage.value))


def candidates(connection: Connection, number: int) -> tuple[Listed, ...]:
    """A search's candidates by rank."""
    table = tables.case_candidate
    rows = connection.execute(select(table).where(table.c.search_id == number).order_by(table.c.rank))
    return tuple(
        Listed(row.id, (row.gallery, row.person_id), row.photo_sha256, Scores(**json.loads(row.scores))) for row in rows
    )


def add_identification(
    connection: Connection, case: int, found: Identification, *, first_review: int, second_review: int
) -> None:
    """Write that two reviews found the same person; the database refuses it where they did not, or are one person's."""
    row = {
        "id": found.number,
        "case_id": case,
        "search_id": found.search,
        "candidate_id": found.candidate,
        "first_review": first_review,
        "first_reviewer": found.first_reviewer,
        "second_review": second_review,
        "second_reviewer": found.second_reviewer,
        "at": found.at,
    }
    connection.execute(insert(tables.case_identification), row)


def identifications(connection: Connection, case: int) -> tuple[Identification, ...]:
    """Whom two reviewers found to be the person of a case, the oldest first."""
    table, candidate = tables.case_identification, tables.case_candidate
    query = (
        select(table, candidate.c.gallery, candidate.c.person_id, candidate.c.photo_sha256)
        .join(candidate, candidate.c.id == table.c.candidate_id)
        .where(table.c.case_id == case)
        .order_by(table.c.at, table.c.id)
    )
    return tuple(
        Identification(
            row.id, row.search_id, row.candidate_id, (row.gallery, row.person_id), row.photo_sha256,
            row.first_reviewer, row.second_reviewer, row.at,
        )
        for row in connection.execute(query)
    )  # fmt: skip


def _searches() -> Any:
    table, candidate = tables.case_search, tables.case_candidate
    count = select(func.count()).where(candidate.c.search_id == table.c.id).scalar_subquery()
    return select(table, count.label("candidates"))


def _search(row: Row[Any]) -> CaseSearch:
    return CaseSearch(
        number=row.id, case=row.case_id, gallery=row.gallery, basis=row.basis, photo_sha256=row.photo_sha256.hex(),
        engine=row.engine, version=row.version, outcome=row.outcome, digest=row.digest,
        second_look=bool(row.second_look), stage=Stage(row.stage), by=row.by, at=row.at, candidates=row.candidates,
        searched_anyway=row.searched_anyway,
    )  # fmt: skip
