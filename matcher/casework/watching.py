"""Lists of wanted people that come as galleries: noticed in the transaction that brings them, and held from use."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from matcher.audit.entry import Action, Entry, gallery_subject
from matcher.records import gallery_terms
from matcher.records.gallery_terms import Makeup, Terms
from matcher.records.values import Enrolment

_HELD = "short, without register numbers or household registration, from press, social media or a list of wanted people"
_NO_REGISTER = "stated to be a register, yet short and without register numbers or household registration"


def hold_watch_lists(connection: Connection, entries: Sequence[Enrolment], *, now: int) -> list[Entry]:
    """Hold the galleries that look like lists of wanted people once these entries are in them; the audit's entries.

    Costs nothing where no entry names press, social media or such a list as its source.
    """
    suspect = {
        entry.person.gallery
        for entry in entries
        if entry.person.source and gallery_terms.names_press([entry.person.source])
    }
    found = []
    for name in sorted(suspect):
        terms = gallery_terms.terms(connection, name)
        if terms.state == "open" and gallery_terms.makeup(connection, name).looks_like_watch_list:
            found.append(hold(connection, terms, _HELD, by="matcher", now=now))
    return found


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
