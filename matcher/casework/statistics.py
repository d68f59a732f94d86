"""Figures as consular working groups use them: requests, documents, success rate, processing days, shares of statuses.

The cohort of a period are the cases opened in it; its requests are those that were ever sent to a consulate. Control
cases are never counted. Confidential cases are counted only where it is asked for, since figures go to governments.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from statistics import fmean, median

from matcher.accounts.roles import Right
from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry
from matcher.casework.case import checked_country
from matcher.casework.faults import NotAllowed
from matcher.casework.files import Files
from matcher.casework.officer import Officer
from matcher.casework.statuses import Status
from matcher.errors import BadField
from matcher.records import case_figures
from matcher.records.case_figures import CaseFigures

_DAY = 86_400
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
class Statistics:
    """A period's figures: of all countries together, then of each. since, until: ISO dates, both included."""

    since: str
    until: str
    with_confidential: bool
    total: Figures
    countries: tuple[Figures, ...]


def statistics(
    files: Files, who: Officer, *, since: date, until: date, country: str = "", with_confidential: bool = False
) -> Statistics:
    """The figures of the cases opened in a period; raises NotAllowed or BadField. It is recorded who asked.

    with_confidential: also those whose protection is not lifted; for supervisors, and not to be handed on.
    """
    who.must(Right.READ_STATISTICS)
    if with_confidential and not who.may(Right.SUPERVISE_CASES):
        raise NotAllowed("confidential cases are counted for supervisors only; leave them out")
    if since > until:
        raise BadField("since", f"since {since} lies after until {until}; exchange them")
    code = checked_country(country) if country else ""
    first, last = _seconds(since), _seconds(until) + _DAY
    with files.database.writing() as connection:
        found = case_figures.cohort(connection, first, last, country=code, with_confidential=with_confidential)
        details = {"what": "statistics", "since": since.isoformat(), "until": until.isoformat(), "country": code,
                   "confidential": with_confidential}  # fmt: skip
        append(connection, Entry(Action.EXPORT, (), details, actor=who.named), clock=files.clock)
    countries = sorted({one.country for one in found})
    return Statistics(
        since.isoformat(),
        until.isoformat(),
        with_confidential,
        figures(ALL, found),
        tuple(figures(code, [one for one in found if one.country == code]) for code in countries),
    )


def figures(country: str, cases: Sequence[CaseFigures]) -> Figures:
    """The figures of some cases."""
    sent = [case for case in cases if case.first_sent is not None]
    days = [(case.issued - case.first_sent) / _DAY for case in sent
            if case.issued is not None and case.first_sent is not None]  # fmt: skip
    return Figures(
        country=country,
        cases=len(cases),
        requests=len(sent),
        documents=len(days),
        success_rate=len(days) / len(sent) if sent else None,
        mean_days=fmean(days) if days else None,
        median_days=median(days) if days else None,
        statuses=_counted(case.status for case in cases),
        answers=_counted(answer for case in cases for answer in case.answers),
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


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
