"""Retention rules and legal holds said, each with its entry of the audit in the same transaction."""

from datetime import UTC, datetime

from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry, gallery_subject, person_subject
from matcher.errors import BadField
from matcher.records import retaining
from matcher.records.database import Database
from matcher.records.retaining import Hold
from matcher.records.values import PersonKey
from matcher.seen import must_be_as_seen, seen_of

MOST_DAYS = 36_500
_LONGEST_REASON = 1000


def set_rule(database: Database, gallery: str, days: int | None, *, seen: str = "") -> None:
    """People of a gallery are purged so many days after their last change; None: never. Raises NotFound.

    seen: `rule_seen` of the rule as whoever asks has read it; raises ChangedMeanwhile.
    """
    with database.writing() as connection:
        before = retaining.set_rule(connection, gallery, days)
        # What is raised here undoes it.
        must_be_as_seen(seen, rule_seen(gallery, before), f"the rule of gallery {gallery}")
        append(connection, Entry(Action.RETENTION_CHANGED, [gallery_subject(gallery)], {"days": [before, days]}))


def rule_seen(gallery: str, days: int | None) -> str:
    """What stands for a gallery's rule in the form that changes it."""
    return seen_of(gallery, days)


def hold(database: Database, key: PersonKey, reason: str) -> Hold:
    """Keep a person with every photo until released; raises NotFound, AlreadyThere or BadField."""
    if not reason.strip() or len(reason) > _LONGEST_REASON or not reason.isprintable():
        raise BadField("reason", f"the reason must be a printable text of 1 to {_LONGEST_REASON} characters")
    now = int(datetime.now(UTC).timestamp())
    with database.writing() as connection:
        retaining.hold(connection, key, reason, now=now)
        append(connection, Entry(Action.LEGAL_HOLD, [person_subject(key)], {"held": True, "reason": reason}))
    return Hold(*key, reason, now)


def release(database: Database, key: PersonKey) -> None:
    """End a hold; the gallery's rule counts again. Raises NotFound."""
    with database.writing() as connection:
        retaining.release(connection, key)
        append(connection, Entry(Action.LEGAL_HOLD, [person_subject(key)], {"held": False}))
