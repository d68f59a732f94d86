"""The parts of casework, wired together: those that need the records alone, and those that search."""

from dataclasses import dataclass

from matcher.casework.answers import Answers
from matcher.casework.case import STATUTORY_DAYS
from matcher.casework.cases import Cases
from matcher.casework.confidentiality import Confidentiality
from matcher.casework.controls import Controls
from matcher.casework.document.answering import Responses
from matcher.casework.document.checking import Verification
from matcher.casework.document.documents import Documents
from matcher.casework.document.stationery import Stationery
from matcher.casework.duplicates import Duplicates
from matcher.casework.files import Clock, Files, utc_now
from matcher.casework.galleries import Galleries
from matcher.casework.numbers import NewNumber, new_number
from matcher.casework.references import GalleryReferences
from matcher.casework.reviewing import Reviews
from matcher.casework.searching import CaseSearches, Told
from matcher.pipeline import Matcher
from matcher.records.database import Database

_PLAIN = Stationery()


@dataclass(frozen=True, slots=True)
class Office:
    """What can be done with the records alone."""

    files: Files
    cases: Cases
    confidentiality: Confidentiality
    galleries: Galleries
    reviews: Reviews
    answers: Answers
    documents: Documents
    responses: Responses
    verification: Verification


@dataclass(frozen=True, slots=True)
class SearchDesk:
    """What needs the engine and the galleries."""

    searches: CaseSearches
    duplicates: Duplicates
    controls: Controls


def open_office(
    database: Database,
    *,
    statutory_days: int = STATUTORY_DAYS,
    clock: Clock = utc_now,
    new_number: NewNumber = new_number,
    stationery: Stationery = _PLAIN,
) -> Office:
    """Casework over a database, which stays the caller's to close. statutory_days: from custody to the deadline.
    stationery: of its documents; without a key none can be made."""
    files = Files(database, clock=clock, new_number=new_number)
    references = GalleryReferences(database)
    documents = Documents(files, references, stationery)
    return Office(
        files,
        Cases(files, statutory_days=statutory_days),
        Confidentiality(files),
        Galleries(files),
        Reviews(files, references),
        Answers(files),
        documents,
        Responses(files),
        Verification(files, documents.keys),
    )


def open_desk(office: Office, matcher: Matcher, *, told: Told = lambda _answer: None) -> SearchDesk:
    """The same casework's searches by a matcher of the same records. told: of every search that was made."""
    return SearchDesk(
        CaseSearches(office.files, matcher, told), Duplicates(office.files, matcher), Controls(office.files, matcher)
    )
