"""How long galleries keep people, and what a rule would remove before it is set: for administrators.

Rules are set by `keeping`, and `matcher purge` removes, and shows that it did.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from matcher.errors import BadField
from matcher.keeping import MOST_DAYS, rule_seen
from matcher.person import checked_gallery
from matcher.records import reading, retaining
from matcher.records.database import Database
from matcher.records.retaining import Hold

SHOWN = 50


@dataclass(frozen=True, slots=True)
class GalleryRule:
    """A gallery's rule. days: after a person's last change; None for ever. due: how many a purge would remove now."""

    gallery: str
    days: int | None
    due: int

    @property
    def seen(self) -> str:
        """What stands for the rule in the form that changes it."""
        return rule_seen(self.gallery, self.days)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would do. now: how many the present rule removes, then: how many this one. first: some of them."""

    gallery: str
    days: int | None
    now: int
    then: int
    first: tuple[str, ...]


class RetentionRules:
    """Rules and holds of one database. now: seconds since 1970."""

    def __init__(self, database: Database, *, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now

    def rules(self) -> tuple[GalleryRule, ...]:
        """Every gallery's rule, by name."""
        with self._database.reading() as connection:
            days = {rule.gallery: rule.days for rule in retaining.rules(connection)}
            names = reading.sizes(connection)
            return tuple(
                GalleryRule(name, days.get(name), self._due(connection, name, days.get(name))[0]) for name in names
            )

    def holds(self) -> tuple[Hold, ...]:
        """Every legal hold, by gallery and person."""
        with self._database.reading() as connection:
            return retaining.holds(connection)

    def preview(self, gallery: str, days: int | None) -> Preview:
        """What a rule would do, without setting it; raises NotFound or BadField."""
        name = checked_gallery(gallery)
        check_days(days)
        with self._database.reading() as connection:
            before = next((rule.days for rule in retaining.rules(connection) if rule.gallery == name), None)
            now, _ = self._due(connection, name, before)
            then, first = self._due(connection, name, days)
        return Preview(name, days, now, then, tuple(first))

    def _due(self, connection: Connection, gallery: str, days: int | None) -> tuple[int, list[str]]:
        return retaining.due_under(connection, gallery, days, now=int(self._now()), limit=SHOWN)


def check_days(days: int | None) -> None:
    """Raises BadField for what can't be a rule."""
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise BadField("days", f"days {days} is not from 1 to {MOST_DAYS}; leave it empty to keep people for ever")
