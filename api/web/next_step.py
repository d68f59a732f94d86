"""What is to be done next with a case, in a sentence, and where on its pages: for whoever opens it the first time."""

from dataclasses import dataclass

from api.web.case_view import CaseView
from api.web.languages import N_
from matcher.casework.decisions import Stage
from matcher.casework.statuses import Status

_WAITS = frozenset({Status.PENDING_DOCUMENTS, Status.ABSCONDED, Status.APPEALING})


@dataclass(frozen=True, slots=True)
class NextStep:
    """words: marked for translation. to: the page, or the part of the case's page, where it is done; or empty."""

    words: str
    to: str = ""


def next_step(view: CaseView, account: str) -> NextStep | None:
    """None where nothing is to be done before something outside happens. account: of whoever looks."""
    case = view.record.case
    if view.has_ended or case.status in _WAITS:
        return None
    answered = _answer(view, account) if view.answers else None
    if answered is not None or case.status in (Status.CONFIRMED, Status.TRAVEL_DOCUMENT_ISSUED):
        return answered
    documents = f"/cases/{case.id}/documents"
    if case.status is Status.SENT_TO_CONSULATE:
        return NextStep(N_("The consulate is asked. Write its answer down when it comes."), documents)
    if view.identifications and not case.is_confidential:
        return NextStep(
            N_("Two people found the same person. Make the document for the consulate, send it, and say so."), documents
        )
    return _before(view)


def _answer(view: CaseView, account: str) -> NextStep | None:
    open_ones = [answer for answer in view.answers if not answer.checked_by]
    if not open_ones:
        return None
    if all(answer.recorded_by == account for answer in open_ones):
        return NextStep(N_("Another person has to check the consulate's answer that you wrote down."))
    return NextStep(N_("Check what the consulate answered against its own paper, then confirm it here."), "#h-answers")


def _before(view: CaseView) -> NextStep:
    record, case = view.record, view.record.case
    if not record.photos:
        return NextStep(N_("Add a photo of the person."), f"/cases/{case.id}/photos/new")
    if not record.requests:
        return NextStep(N_("Say which gallery may be searched, and on what basis."), "#h-searches")
    if any(search.candidates and search.stage is not Stage.SETTLED for search in view.searches):
        return NextStep(
            N_("Two people compare the candidates, each without seeing what the other found. Press Compare, or leave "
               "it to a colleague."), "#h-searches",
        )  # fmt: skip
    if all(view.why_not_searched(request.gallery) == "protected" for request in record.requests):
        return _lifted_first(view)
    if not view.searches:
        return NextStep(N_("Search the gallery with the photo."), "#h-searches")
    return NextStep(
        N_("Nobody was found so far. Add a better photo, search another gallery, or say at Status how it goes on."),
        "#h-searches",
    )


def _lifted_first(view: CaseView) -> NextStep:
    if view.protection.waiting is not None:
        return NextStep(N_("A supervisor has to agree to lift the protection; then it can be searched."))
    return NextStep(
        N_("The gallery is another country's. Make sure that nothing needs protection, then ask to lift it."),
        "#h-protection",
    )
