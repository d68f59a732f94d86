"""Lists of wanted people that come as galleries: noticed in the transaction that brings them, and held from use."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from matcher.audit.entry import Action, Entry, gallery_subject
from matcher.person import Person
from matcher.records import gallery_terms, reading
from matcher.records.gallery_terms import Makeup, Terms
from matcher.records.values import Enrolment, EnrolResult, PersonOutcome

_HELD = "short, without register numbers or household registration, from press, social media or a list of wanted people"
_BROUGHT = (
    "people without register numbers or household registration, from press, social media or a list of wanted people, "
    "were added"
)
_MORE = "a list of wanted people to which somebody was added"
_NO_REGISTER = "stated to be a register, yet short and without register numbers or household registration"


def hold_watch_lists(
    connection: Connection, entries: Sequence[Enrolment], results: Sequence[EnrolResult], *, now: int
) -> list[Entry]:
    """Hold the galleries that look like lists of wanted people once these entries are in them; the audit's entries.

    An open gallery is judged as a whole. Whatever its size, and also where it was released, what these entries bring is
    judged by itself, and together with those who came last. A released list of wanted people is held by whoever is new.
    results: of the entries; those that changed nothing count for nothing, so that an import may be run again.
    """
    brought: dict[str, list[Person]] = {}
    for entry, result in zip(entries, results, strict=True):
        if result.person is not PersonOutcome.UNCHANGED:
            brought.setdefault(entry.person.gallery, []).append(entry.person)
    found = []
    for name, people in sorted(brought.items()):
        terms = gallery_terms.terms(connection, name)
        if terms.state != "held" and (reason := _why_held_by(connection, terms, people)):
            found.append(hold(connection, terms, reason, by="matcher", now=now))
    return found


def _why_held_by(connection: Connection, terms: Terms, people: Sequence[Person]) -> str:
    if terms.kind == "watch_list":
        return _MORE
    if not gallery_terms.names_press([one.source for one in people]):
        return ""
    # As they are recorded now: who is there already may have a number that an update leaves out.
    recorded = reading.persons(connection, [(one.gallery, one.person_id) for one in people])
    brought = (gallery_terms.makeup_of([*recorded.values()]), gallery_terms.newest(connection, terms.gallery))
    if any(one.brings_watch_list for one in brought):
        return _BROUGHT
    whole = terms.state == "open" and gallery_terms.makeup(connection, terms.gallery).looks_like_watch_list
    return _HELD if whole else ""


def hold_if_no_register(connection: Connection, terms: Terms, *, now: int) -> list[Entry]:
    """Hold an open gallery that is said to be a register and does not look like one."""
    if terms.kind != "register" or terms.state != "open":
        return []
    if not gallery_terms.makeup(connection, terms.gallery).is_bare:
        return []
    return [hold(connection, terms, _NO_REGISTER, by="matcher", now=now)]


def why_held(terms: Terms, makeup: Makeup) -> str:
    """Why a gallery of these terms is to be held; empty where it need not be."""
    if terms.kind == "watch_list":
        return "a list of wanted people"
    if makeup.looks_like_watch_list:
        return _HELD
    return _NO_REGISTER if terms.kind == "register" and makeup.is_bare else ""


def hold(connection: Connection, terms: Terms, reason: str, *, by: str, now: int) -> Entry:
    """Hold a gallery: no search uses it until two administrators have released it. The audit's entry."""
    stated = terms.stated_by or by
    after = replace(
        terms, state="held", held_for=reason, epoch=terms.epoch + 1, stated_by=stated, stated_at=terms.stated_at or now
    )
    gallery_terms.write(connection, after)
    return Entry(Action.GALLERY_CHANGED, [gallery_subject(terms.gallery)], {"what": "held", "why": reason})
