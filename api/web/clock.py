"""How much of a case's time is left, as a bar shows it."""

from dataclasses import dataclass
from datetime import date

from matcher.casework.case import CaseFile
from matcher.casework.statuses import ENDED

NEAR = 30
"""Days before the deadline from which a case is near it."""
_URGENT = 10


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """days: until the deadline, negative when it has passed; None without one, or where it no longer matters. gone:
    the share of the time that has gone, 0 to 1."""

    days: int | None
    gone: float
    manner: str

    @classmethod
    def of(cls, case: CaseFile, today: date, statutory_days: int) -> "TimeLeft":
        days = None if case.status in ENDED else case.days_left(today)
        if days is None:
            return cls(None, 0.0, "")
        manner = "fault" if days <= _URGENT else "warn" if days <= NEAR else ""
        return cls(days, min(1.0, max(0.0, 1 - days / statutory_days)), manner)
