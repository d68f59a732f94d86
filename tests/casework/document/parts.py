"""A case with an identification by two people, and its document."""

from matcher.casework.document.keys import DocumentKeys
from matcher.casework.document.request import document_id
from matcher.casework.officer import Officer
from matcher.records.case_documents import KeptDocument
from tests.casework.parts import ANNA, BORIS, Bureau

ROOT = "os:root"
FIELDS = {
    "name": "Lan Ruoming", "native_name": "岚若明", "date_of_birth": "1980-05-17", "sex": "F", "nationality": "CHN",
    "national_id": "11010119800517002X",
}  # fmt: skip


def identified(bureau: Bureau, gallery: str = "main", *, photos: int = 1) -> int:
    """A case of person 1 whose protection is lifted and whom two people identified; its number."""
    bureau.register(gallery, 2, 3)
    bureau.enroll(gallery, 1, **FIELDS)
    case = bureau.case(person=1, gallery=gallery)
    for shot in range(1, photos):
        bureau.photo(ANNA, case.number, 1, shot)
    bureau.lift(case.number)
    search, _ = bureau.desk.searches.search(ANNA, case.number, gallery=gallery)
    bureau.review(ANNA, search.number, 1)
    bureau.review(BORIS, search.number, 1)
    return case.number


def made(bureau: Bureau, number: int, who: Officer = ANNA) -> KeptDocument:
    return bureau.office.documents.make(who, number)


def both_files(bureau: Bureau, kept: KeptDocument) -> tuple[bytes, bytes]:
    """A document's PDF and JSON."""
    documents, name = bureau.office.documents, document_id(kept.number)
    return documents.pdf_of(ANNA, kept.case, name), documents.json_of(ANNA, kept.case, name)


def keys_of(bureau: Bureau) -> DocumentKeys:
    return bureau.office.documents.keys
