"""A backlog's list of cases: ``case_id,photo``, one row for each photo to search with, and perhaps a ``deadline``."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path

from matcher.errors import BadManifest
from matcher.person import shown
from matcher.sources import photo_path
from matcher.tables import Row, cell, read_table

LONGEST_CASE_ID = 128
_MOST_ROWS = 2**31


@dataclass(frozen=True, slots=True)
class Case:
    """One row. path: of the photo, or its place as `matcher.places` writes it. code, reason: why there is nothing to
    search with; empty where there is. deadline: an ISO date, empty for none."""

    line: int
    case_id: str
    photo: str
    path: str
    code: str = ""
    reason: str = ""
    deadline: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.case_id, self.photo


def read_manifest(path: Path, *, encoding: str = "") -> tuple[Case, ...]:
    """The cases in the order of the file; no photo is opened.

    A row whose photo is missing or listed twice is a case with a reason. Raises BadManifest where cases can't be
    told apart: the file is unusable, or a case_id is missing or can't stand in a table.
    """
    return _read(path, lambda given: photo_path(given, path.parent), encoding, _MOST_ROWS)


def read_listing(path: Path, *, encoding: str = "", most_rows: int = _MOST_ROWS) -> tuple[Case, ...]:
    """The same of a list that came with its photos: what it names are names beside it, so that no file is looked for
    and every case's path is empty. most_rows: a list with more is refused."""
    return tuple(replace(case, path="") for case in _read(path, beside, encoding, most_rows))


def beside(name: str) -> str:
    """A name in a list as the archive or folder around it has it."""
    return os.path.normpath(name.replace("\\", "/")) if name else ""


def _read(path: Path, place: Callable[[str], str], encoding: str, most_rows: int) -> tuple[Case, ...]:
    table = read_table(path, required=("case_id", "photo"), allowed=("deadline",), encoding=encoding)
    cases = tuple(islice(_cases(path, table.rows, place), most_rows + 1))
    if len(cases) > most_rows:
        raise BadManifest(
            f"{path.name} has more than the {most_rows:,} rows that a list may have beside so few photos; send the "
            "photos in parts, each with its list"
        )
    if not cases:
        raise BadManifest(f"{path} has no row below its header; add a row for each photo")
    return cases


def _cases(path: Path, rows: Iterator[Row], place_of: Callable[[str], str]) -> Iterator[Case]:
    lines: dict[tuple[str, str], int] = {}
    for row in rows:
        case_id, given = row.cells.get("case_id", ""), row.cells.get("photo", "")
        check_case_id(path, row.line, case_id)
        place = place_of(given)
        first = lines.setdefault((case_id, os.path.normpath(place)), row.line)
        code, reason = "", ""
        if row.fault:
            code, reason = "bad_row", row.fault
        elif not given:
            code, reason = "missing", "the row names no photo; give its path"
        elif first != row.line:
            code, reason = "duplicate_row", f"line {first} has the same case_id and photo; remove one"
        deadline = row.cells.get("deadline", "")
        _check_deadline(path, row.line, deadline)
        yield Case(row.line, case_id, given, place, code, reason, deadline)


def check_case_id(path: Path, line: int, case_id: str) -> None:
    """Raises BadManifest for an id that cases can't be told apart by, or that can't stand in a table."""
    if not case_id:
        raise BadManifest(f"{path}, line {line}: the case_id is empty; give every row one")
    if len(case_id) > LONGEST_CASE_ID or not case_id.isprintable():
        raise BadManifest(
            f"{path}, line {line}: case_id {shown(case_id)} is longer than {LONGEST_CASE_ID} characters or holds "
            "control characters; change it"
        )
    if cell(case_id) != case_id:
        raise BadManifest(
            f"{path}, line {line}: case_id {shown(case_id)} would be a formula in a spreadsheet; "
            "begin it with a letter or a digit"
        )


def _check_deadline(path: Path, line: int, deadline: str) -> None:
    if not deadline:
        return
    try:
        date.fromisoformat(deadline)
        if len(deadline) != 10:
            raise ValueError
    except ValueError:
        raise BadManifest(
            f"{path}, line {line}: deadline {shown(deadline)} is no date; write it as in 2026-03-01, or leave it empty"
        ) from None
