"""Where cases stand, how near their deadlines are, and how they went month by month: what charts are drawn of."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache

from matcher.accounts.roles import Right
from matcher.casework.files import Files
from matcher.casework.officer import Officer
from matcher.casework.statistics import Counted, cohort_of, note_statistics
from matcher.casework.statuses import ENDED, Status
from matcher.records import case_counts
from matcher.records.case_counts import DAY, Cohort

DUE_DAYS = (0, 8, 31, 91)
"""Days left at which another bar begins: overdue, up to 7, up to 30, up to 90, more."""

TOOK_DAYS = (8, 15, 31, 61, 91, 181)
"""Days from sending to document at which another bar of the histogram begins."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Of the cases opened in a period: how many stand at each status now, and how many that have not ended have how
    many days left.

    due: overdue, then for each room between `DUE_DAYS`, then without a deadline. of_account: these are the cases that
    whoever asked may see; otherwise those whose protection is lifted, or all where that was asked for.
    """

    statuses: Mapping[Status, int]
    due: tuple[int, ...]
    of_account: bool

    @property
    def cases(self) -> int:
        return sum(self.statuses.values())


@dataclass(frozen=True, slots=True)
class Month:
    """Of the cases opened in a month: how many were sent to a consulate, and how many of these got a document."""

    month: str
    cases: int
    requests: int
    documents: int

    @property
    def success_rate(self) -> float | None:
        return self.documents / self.requests if self.requests else None


def pipeline(
    files: Files, who: Officer, *, since: date, until: date, country: str = "", with_confidential: bool = False
) -> Pipeline:
    """Where cases stand; raises NotAllowed or BadField. It is recorded who asked.

    Who reads statistics is told of the cases whose protection is lifted, a supervisor of all if that is asked for. An
    officer is told of the cases that the officer may see, and learns nothing that the list of them does not tell.
    """
    asked = cohort_of(who, since=since, until=until, country=country, with_confidential=with_confidential)
    of_account = not who.may(Right.READ_STATISTICS)
    if of_account:
        who.must(Right.WORK_CASES)
        asked = Cohort(asked.since, asked.until, asked.country, account=who.account)
    edges = [(files.today + timedelta(days=days)).isoformat() for days in DUE_DAYS]
    with files.database.reading() as connection:
        standing = case_counts.standing(connection, asked)
        due = case_counts.due(connection, asked, edges, ended=[status.value for status in ENDED])
    note_statistics(files, who, "pipeline", asked)
    counts = {status: sum(count for _, name, count in standing if name == status.value) for status in Status}
    return Pipeline(counts, tuple(due), of_account)


def by_month(found: Counted) -> tuple[Month, ...]:
    """What was counted, summed for every month from the first that has a case to the last."""
    sums: dict[int, list[int]] = {}
    for one in found.opened:
        sums.setdefault(_month(one.day), [0, 0, 0])[0] += one.cases
    for case in found.sent:
        month = sums.setdefault(_month(case.day), [0, 0, 0])
        month[1] += 1
        month[2] += case.days is not None
    months = range(min(sums), max(sums) + 1) if sums else ()
    return tuple(Month(f"{month // 12:04}-{month % 12 + 1:02}", *sums.get(month, (0, 0, 0))) for month in months)


def by_days(found: Counted) -> tuple[int, ...]:
    """How many took how long: below the first of `TOOK_DAYS`, between each two, and from the last on."""
    counts = [0] * (len(TOOK_DAYS) + 1)
    for one in found.sent:
        if one.days is not None:
            counts[bisect_right(TOOK_DAYS, one.days)] += 1
    return tuple(counts)


@cache
def _month(day: int) -> int:
    """Months since the year 0."""
    at = datetime.fromtimestamp(day * DAY, UTC)
    return 12 * at.year + at.month - 1
