"""Everything that the page of a case shows."""

from collections.abc import Mapping
from dataclasses import dataclass

from matcher.casework.cases import CaseRecord
from matcher.casework.confidentiality import ProtectionState
from matcher.casework.decisions import CaseSearch, Identification, Stage
from matcher.casework.duplicates import Duplicate
from matcher.casework.office import Office, SearchDesk
from matcher.casework.officer import Officer
from matcher.casework.statuses import ENDED, TRANSITIONS, Status
from matcher.gallery import Gallery
from matcher.records import gallery_terms
from matcher.records.case_facts import Answer
from matcher.records.gallery_terms import Terms


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as its page shows it. terms: what is stated of each gallery."""

    record: CaseRecord
    protection: ProtectionState
    searches: tuple[CaseSearch, ...]
    duplicates: tuple[Duplicate, ...]
    identifications: tuple[Identification, ...]
    answers: tuple[Answer, ...]
    terms: Mapping[str, Terms]

    @property
    def galleries(self) -> tuple[Terms, ...]:
        """Those that the case is not put to yet."""
        asked = {request.gallery for request in self.record.requests}
        return tuple(terms for name, terms in self.terms.items() if name not in asked)

    @property
    def next_statuses(self) -> tuple[Status, ...]:
        """Where it may go, in the order of the states."""
        return tuple(status for status in Status if status in TRANSITIONS[self.record.case.status])

    @property
    def has_ended(self) -> bool:
        return self.record.case.status in ENDED

    @property
    def waits_for_reviewers(self) -> bool:
        return any(search.stage is not Stage.SETTLED for search in self.searches)

    def why_not_searched(self, gallery: str) -> str:
        """A code for why a search in a gallery would be refused; empty where it would not. The gate itself decides."""
        terms = self.terms.get(gallery)
        if not self.record.photos:
            return "photo"
        if self.has_ended:
            return "ended"
        if terms is None or terms.kind == "unstated":
            return "unstated"
        if terms.state == "held":
            return "held"
        return "protected" if terms.is_foreign and self.record.case.is_confidential else ""


def case_view(officer: Officer, office: Office, desk: SearchDesk, gallery: Gallery, number: int) -> CaseView:
    """Read a case for somebody to look at, which is recorded; raises NotFound."""
    record = office.cases.get(officer, number)
    names = gallery.state().galleries
    with office.files.database.reading() as connection:
        terms = {name: gallery_terms.terms(connection, name) for name in names}
    return CaseView(
        record,
        office.confidentiality.state(officer, number),
        desk.searches.searches(officer, number),
        desk.duplicates.known(officer, number),
        office.reviews.identifications(officer, number),
        office.answers.answers(officer, number),
        terms,
    )
