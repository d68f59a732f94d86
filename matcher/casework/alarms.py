"""False alarms now, held against what the calibration says they are: how often a search that found nobody showed
somebody as strongly as a level allows.

Whom reviewers did not find is taken as not being in the gallery. Where they missed somebody who is, that search counts
as one with a false alarm, so that the observed rate is rather too high than too low.
"""

from dataclasses import dataclass
from datetime import date

from matcher.accounts.roles import Right
from matcher.casework.files import Files
from matcher.casework.officer import Officer
from matcher.casework.statistics import cohort_of, note_statistics
from matcher.records import case_counts

LEVELS = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
"""False-alarm probabilities at which the rate is observed, beside the target."""


@dataclass(frozen=True, slots=True)
class Level:
    """At this false-alarm probability: in how many of the searches the first candidate was at least that strong.

    rate: of the searches; low, high: its 95 % interval (Wilson). They are 0 and 1 where there was no search.
    """

    level: float
    alarms: int
    rate: float | None
    low: float
    high: float

    @property
    def agrees(self) -> bool:
        """Whether the level lies within the interval of what was observed."""
        return self.low <= self.level <= self.high


@dataclass(frozen=True, slots=True)
class Alarms:
    """One gallery's searches. nobody: the latest settled ones that found nobody, at most
    5,000; calibrated: of these, those whose scores were
    calibrated, which are counted in `levels`. galleries: all that were searched, most often searched first."""

    gallery: str
    galleries: tuple[str, ...]
    nobody: int
    calibrated: int
    levels: tuple[Level, ...]


def alarms(
    files: Files,
    who: Officer,
    *,
    since: date,
    until: date,
    country: str = "",
    with_confidential: bool = False,
    gallery: str = "",
    target: float | None = None,
) -> Alarms:
    """What searches of cases opened in a period showed; gallery: the one most often searched if empty.

    target: another level. Raises NotAllowed or BadField. It is recorded who asked.
    """
    from matcher.evaluation.intervals import wilson

    who.must(Right.READ_STATISTICS)
    asked = cohort_of(who, since=since, until=until, country=country, with_confidential=with_confidential)
    levels = sorted({*LEVELS, *([target] if target else [])}, reverse=True)
    with files.database.reading() as connection:
        names = tuple(name for name, _ in case_counts.galleries(connection, asked))
        chosen = gallery or next(iter(names), "")
        nobody, calibrated, counts = case_counts.strongest(connection, asked, chosen, levels)
    note_statistics(files, who, "false alarms", asked, gallery=chosen)
    found = []
    for level, count in zip(levels, counts, strict=True):
        interval = wilson(count, calibrated)
        rate = count / calibrated if calibrated else None
        found.append(Level(level, count, rate, interval.low, interval.high))
    return Alarms(chosen, names, nobody, calibrated, tuple(found))
