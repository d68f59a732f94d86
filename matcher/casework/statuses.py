"""Where a case stands, and where it may go from there."""

from enum import StrEnum

from matcher.casework.faults import NotNow


class Status(StrEnum):
    """The states of a case, in the words of consular working groups."""

    OPEN = "open"
    SEARCHING = "searching"
    UNDER_REVIEW = "under_review"
    SENT_TO_CONSULATE = "sent_to_consulate"
    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not_confirmed"
    PENDING_DOCUMENTS = "pending_documents"
    """For want of documents."""
    ABSCONDED = "absconded"
    APPEALING = "appealing"
    DUPLICATE = "duplicate"
    OUT_OF_JURISDICTION = "out_of_jurisdiction"
    """Another authority's, such as Hong Kong SAR's."""
    TRAVEL_DOCUMENT_ISSUED = "travel_document_issued"
    REMOVED = "removed"
    CLOSED = "closed"


_S = Status
# What may happen to a case at any time before it ends.
_ALWAYS = {_S.PENDING_DOCUMENTS, _S.ABSCONDED, _S.APPEALING, _S.CLOSED}
_EARLY = _ALWAYS | {_S.DUPLICATE, _S.OUT_OF_JURISDICTION}
_BACK = {_S.OPEN, _S.SEARCHING, _S.UNDER_REVIEW, _S.SENT_TO_CONSULATE}

TRANSITIONS: dict[Status, frozenset[Status]] = {
    _S.OPEN: frozenset(_EARLY | {_S.SEARCHING, _S.SENT_TO_CONSULATE}),
    _S.SEARCHING: frozenset(_EARLY | {_S.OPEN, _S.UNDER_REVIEW, _S.SENT_TO_CONSULATE}),
    _S.UNDER_REVIEW: frozenset(_EARLY | {_S.SEARCHING, _S.SENT_TO_CONSULATE}),
    _S.SENT_TO_CONSULATE: frozenset(_EARLY | {_S.CONFIRMED, _S.NOT_CONFIRMED, _S.UNDER_REVIEW}),
    _S.CONFIRMED: frozenset(_ALWAYS | {_S.TRAVEL_DOCUMENT_ISSUED, _S.SENT_TO_CONSULATE}),
    _S.NOT_CONFIRMED: frozenset(_EARLY | {_S.SEARCHING, _S.UNDER_REVIEW, _S.SENT_TO_CONSULATE}),
    _S.PENDING_DOCUMENTS: frozenset(_EARLY | _BACK) - {_S.PENDING_DOCUMENTS},
    _S.ABSCONDED: frozenset({_S.OPEN, _S.CLOSED}),
    _S.APPEALING: frozenset(_BACK | {_S.CONFIRMED, _S.ABSCONDED, _S.CLOSED}),
    _S.DUPLICATE: frozenset({_S.OPEN, _S.CLOSED}),
    _S.OUT_OF_JURISDICTION: frozenset({_S.OPEN, _S.CLOSED}),
    _S.TRAVEL_DOCUMENT_ISSUED: frozenset({_S.REMOVED, _S.ABSCONDED, _S.APPEALING, _S.CLOSED}),
    _S.REMOVED: frozenset({_S.CLOSED}),
    _S.CLOSED: frozenset({_S.OPEN}),
}
"""From each status to those that may follow it. A closed case is reopened by a supervisor only."""

ENDED = frozenset({_S.DUPLICATE, _S.OUT_OF_JURISDICTION, _S.REMOVED, _S.CLOSED})
"""Where the statutory clock no longer matters."""

CONFIRMING = frozenset({_S.CONFIRMED, _S.TRAVEL_DOCUMENT_ISSUED})
"""What takes two different people: an identification, or a consulate's confirmation that a second one checked."""


def check_transition(before: Status, after: Status) -> None:
    """Raises NotNow for a step that is not legal, naming those that are."""
    if after not in TRANSITIONS[before]:
        legal = ", ".join(status.value for status in Status if status in TRANSITIONS[before])
        raise NotNow(f"a case that is {before.value} can't become {after.value}; it may become {legal}")
