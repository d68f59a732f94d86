"""Figures as consular working groups use them: requests, documents, success rate, processing days, shares of statuses.

The cohort of a period are the cases opened in it; its requests are those that were ever sent to a consulate. Control
cases are never counted. Confidential cases are counted only where it is asked for, since figures go to governments.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from statistics import fmean, median

from sqlalchemy import Connection

from matcher.accounts.roles import Right
from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry
from matcher.casework.case import checked_country
from matcher.casework.faults import NotAllowed
from matcher.casework.files import Files
from matcher.casework.officer import Officer
from matcher.casework.statuses import Status
from matcher.errors import BadField
from matcher.records import case_counts
from matcher.records.case_counts import DAY, Cohort, Opened, Sent

ALL = "all"


@dataclass(frozen=True, slots=True)
class Figures:
    """One country's figures, or of all. statuses: how many cases of the cohort stand where now; answers: of consulates.

    requests: cases sent to a consulate. documents: those of them for which a travel document was issued. success_rate:
    documents to requests, None without a request. mean_days, median_days: from the first sending to the document.
    """

    country: str
    cases: int
    requests: int
    documents: int
    success_rate: float | None
    mean_days: float | None
    median_days: float | None
    statuses: Mapping[str, int]
    answers: Mapping[str, int]

    def share(self, status: Status) -> float | None:
        """The share of the cohort that stands at a status now."""
        return self.statuses.get(status.value, 0) / self.cases if self.cases else None


@dataclass(frozen=True, slots=True)
class Counted:
    """What the records say of a cohort, to be told by country. See `case_counts`."""

    standing: Sequence[tuple[str, str, int]]
    opened: Sequence[Opened]
    sent: Sequence[Sent]
    answers: Sequence[tuple[str, str, int]]

    def of(self, country: str) -> "Counted":
        """The same of one country alone."""
        return Counted(
            [row for row in self.standing if row[0] == country],
            [row for row in self.opened if row.country == country],
            [row for row in self.sent if row.country == country],
            [row for row in self.answers if row[0] == country],
        )


@dataclass(frozen=True, slots=True)
class Statistics:
    """A period's figures: of all countries together, then of each. since, until: ISO dates, both included.

    counted: what they were made of.
    """

    since: str
    until: str
    with_confidential: bool
    total: Figures
    countries: tuple[Figures, ...]
    counted: Counted


def statistics(
    files: Files, who: Officer, *, since: date, until: date, country: str = "", with_confidential: bool = False
) -> Statistics:
    """The figures of the cases opened in a period; raises NotAllowed or BadField. It is recorded who asked.

    with_confidential: also those whose protection is not lifted; for supervisors, and not to be handed on.
    """
    who.must(Right.READ_STATISTICS)
    asked = cohort_of(who, since=since, until=until, country=country, with_confidential=with_confidential)
    with files.database.reading() as connection:
        found = _counted(connection, asked)
    note_statistics(files, who, "statistics", asked)
    countries = sorted({country for country, _, _ in found.standing})
    return Statistics(
        since.isoformat(),
        until.isoformat(),
        with_confidential,
        figures(ALL, found),
        tuple(figures(code, found.of(code)) for code in countries),
        found,
    )


def cohort_of(who: Officer, *, since: date, until: date, country: str, with_confidential: bool) -> Cohort:
    """The cases opened in a period, both days included; raises NotAllowed or BadField."""
    if with_confidential and not who.may(Right.SUPERVISE_CASES):
        raise NotAllowed("confidential cases are counted for supervisors only; leave them out")
    if since > until:
        raise BadField("since", f"since {since} lies after until {until}; exchange them")
    code = checked_country(country) if country else ""
    return Cohort(_seconds(since), _seconds(until) + DAY, code, with_confidential)


def note_statistics(files: Files, who: Officer, what: str, asked: Cohort, **more: str) -> None:
    """Record who asked for figures; they are not given out where that can't be written."""
    since, until = (datetime.fromtimestamp(at, UTC).date().isoformat() for at in (asked.since, asked.until - DAY))
    details = {"what": what, "since": since, "until": until, "country": asked.country,
               "confidential": asked.with_confidential, **more}  # fmt: skip
    with files.database.writing(flushed=False) as connection:
        append(connection, Entry(Action.EXPORT, (), details, actor=who.named), clock=files.clock)


def figures(country: str, found: Counted) -> Figures:
    """The figures of what was counted."""
    days = [one.days for one in found.sent if one.days is not None]
    requests, documents = len(found.sent), len(days)
    return Figures(
        country=country,
        cases=sum(count for _, _, count in found.standing),
        requests=requests,
        documents=documents,
        success_rate=documents / requests if requests else None,
        mean_days=fmean(days) if days else None,
        median_days=median(days) if days else None,
        statuses=_summed(found.standing),
        answers=_summed(found.answers),
    )


def csv_text(found: Statistics) -> str:
    """The same as CSV, a row for all countries together and one for each."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    shares = [f"share_{status.value}" for status in Status]
    writer.writerow(["since", "until", "country", "cases", "requests", "documents", "success_rate", "mean_days",
                     "median_days", *shares])  # fmt: skip
    for row in (found.total, *found.countries):
        writer.writerow([
            found.since, found.until, row.country, row.cases, row.requests, row.documents, _number(row.success_rate),
            _number(row.mean_days), _number(row.median_days), *(_number(row.share(status)) for status in Status),
        ])  # fmt: skip
    return text.getvalue()


def _counted(connection: Connection, asked: Cohort) -> Counted:
    return Counted(
        case_counts.standing(connection, asked),
        case_counts.opened(connection, asked),
        case_counts.sent(connection, asked),
        case_counts.answers(connection, asked),
    )


def _summed(rows: Sequence[tuple[str, str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for _, name, count in rows:
        found[name] = found.get(name, 0) + count
    return dict(sorted(found.items()))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
