"""What a consular document is made of: a case, whom two people identified, and what each of them saw; past the gate."""

from dataclasses import dataclass

from matcher.accounts.roles import Right
from matcher.accounts.storing import full_name
from matcher.audit.entry import Action, person_subject
from matcher.casework.case import CaseFile, CasePhoto
from matcher.casework.decisions import CaseSearch, Identification, Scores, Verdict
from matcher.casework.faults import NotNow
from matcher.casework.files import Files, must_be_lifted
from matcher.casework.numbers import number_of
from matcher.casework.officer import Officer
from matcher.casework.references import CONTROLS, References
from matcher.errors import NotFound
from matcher.person import Person
from matcher.records import case_photos, case_reviews, case_searches, gallery_terms
from matcher.records.case_facts import Request, requests


@dataclass(frozen=True, slots=True)
class Finding:
    """What one of the two reviewers finally found of the proposed person, and before scores were shown.

    full_name: what the reviewer is called; empty where the account does not say it, or there is none.
    """

    reviewer: str
    full_name: str
    blind: Verdict
    final: Verdict


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything that a verification request states. person: the proposed record. engine, scores: of the search.

    photo: of the case, that was searched with. request: the gallery, its country and the basis of asking; supplier: who
    gave the gallery. record_taken_on: of the record's photo, an ISO date, empty where it is not known. scoring: what
    the scores rest on, in words. reviews: how many people reviewed, two or three.
    """

    case: CaseFile
    identification: Identification
    person: Person
    photo: CasePhoto
    photos: tuple[CasePhoto, ...]
    search: CaseSearch
    scores: Scores
    request: Request
    findings: tuple[Finding, Finding]
    supplier: str
    scoring: str
    reviews: int
    record_taken_on: str


def dossier(files: Files, references: References, who: Officer, number: int, identification: str) -> Dossier:
    """What is to be put into a document about a case; the audit records that it was.

    Raises Confidential where the case's protection is not lifted, NotNow for a case of drawn people, or NotFound.
    """
    wanted = number_of("I", identification)
    with files.changing(who, number) as change:
        who.must(Right.WORK_CASES)
        must_be_lifted(change.case, "put into a document")
        connection = change.connection
        found = next((one for one in case_searches.identifications(connection, number) if one.number == wanted), None)
        if found is None:
            raise NotFound(f"case {change.case.id} has no identification of that number")
        if found.key[0] == CONTROLS:
            raise NotNow(f"case {change.case.id} shows drawn people; no document is made of it")
        person = references.persons([found.key]).get(found.key)
        if person is None:
            raise NotFound("the identified person's record was removed since; search again")
        reference = (found.key, found.photo_sha256)
        search = case_searches.search(connection, found.search)
        photos = case_photos.photos(connection, number)
        listed = {one.number: one for one in case_searches.candidates(connection, found.search)}
        known = case_reviews.reviews(connection, found.search)
        reviews = {review.reviewer: review.number for review in known}
        first, second = (
            Finding(
                reviewer,
                full_name(connection, reviewer),
                case_reviews.first_verdict(connection, reviews[reviewer], found.candidate),
                case_reviews.verdicts(connection, reviews[reviewer])[found.candidate],
            )
            for reviewer in (found.first_reviewer, found.second_reviewer)
        )
        change.record(Action.DOCUMENT, {"what": "read", "identification": found.id},
                      person_subject(found.key))  # fmt: skip
        return Dossier(
            case=change.case,
            identification=found,
            person=person,
            photo=next(photo for photo in photos if photo.sha256 == search.photo_sha256),
            photos=photos,
            search=search,
            scores=listed[found.candidate].scores,
            request=next(one for one in requests(connection, number) if one.gallery == search.gallery),
            findings=(first, second),
            supplier=gallery_terms.terms(connection, search.gallery).supplier,
            scoring=case_searches.scoring_note(connection, found.search),
            reviews=len(known),
            record_taken_on=references.taken_on([reference]).get(reference, ""),
        )
