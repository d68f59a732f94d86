"""Which cases a page of figures is about: a period, a country, in its address, so that it can be kept and passed on."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query, Response
from pydantic import BaseModel, Field

from api.officers import TheOffice, TheOfficer
from matcher.accounts.roles import Right
from matcher.errors import BadField
from matcher.person import shown


@dataclass(frozen=True, slots=True)
class Period:
    """since, until: both days included. confidential: also cases whose protection is not lifted. is_csv: as a file."""

    since: date
    until: date
    country: str
    confidential: bool
    gallery: str
    is_csv: bool

    def address(self, path: str, **more: str) -> str:
        """The same question to another page."""
        asked = {"since": self.since.isoformat(), "until": self.until.isoformat(), "country": self.country,
                 "confidential": "yes" if self.confidential else "", "gallery": self.gallery, **more}  # fmt: skip
        return f"{path}?{urlencode({name: value for name, value in asked.items() if value})}"


class PeriodAsked(BaseModel):
    """As the address says it. confidential: anything but nothing for yes. format: csv for a file."""

    since: str = Field("", max_length=20)
    until: str = Field("", max_length=20)
    country: str = Field("", max_length=64)
    confidential: str = Field("", max_length=8)
    gallery: str = Field("", max_length=64)
    format: str = Field("", max_length=8)


def period_of(office: TheOffice, who: TheOfficer, asked: Annotated[PeriodAsked, Query()]) -> Period:
    """What the address asks for; the last twelve months where it says nothing. Raises BadField."""
    today = office.files.today
    first = date(today.year - 1, today.month, 1)
    return Period(
        _day("since", asked.since, first), _day("until", asked.until, today), asked.country.strip(),
        bool(asked.confidential) and who.may(Right.SUPERVISE_CASES), asked.gallery.strip(), asked.format == "csv",
    )  # fmt: skip


def csv_answer(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A table as a file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return csv_file(name, text.getvalue())


def csv_file(name: str, text: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(text, headers=headers, media_type="text/csv; charset=utf-8")


def _day(name: str, text: str, usual: date) -> date:
    if not text.strip():
        return usual
    try:
        found = date.fromisoformat(text.strip())
    except ValueError as exc:
        raise BadField(name, f"{name} {shown(text)} is no date; write it as 2026-03-01") from exc
    if not 1970 <= found.year < 9999:
        raise BadField(name, f"{name} {found} is too far away; give a year from 1970 on")
    return found


ThePeriod = Annotated[Period, Depends(period_of)]
