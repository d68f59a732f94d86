"""Searches in a case: the gate first, then the search, then its candidates kept for those who review them."""

from collections.abc import Callable, Collection

from sqlalchemy import Connection

from matcher.among import Among
from matcher.audit.chain import append
from matcher.audit.entry import Action
from matcher.audit.searches import result_digest
from matcher.casework.case import CaseFile
from matcher.casework.decisions import CaseSearch, Listed, Scores, Stage
from matcher.casework.faults import Confidential, NotNow
from matcher.casework.files import Change, Files, must_not_be_ended
from matcher.casework.officer import Officer
from matcher.casework.statuses import Status, check_transition
from matcher.casework.watching import hold_if_no_register
from matcher.errors import BadField, NotFound
from matcher.identification import Candidate, Identification
from matcher.pipeline import Matcher
from matcher.preparing import PreparedPhoto
from matcher.records import case_facts, case_photos, case_searches, gallery_terms

Told = Callable[[Identification], None]
_SECOND_LOOKS = 5
"""One in so many searches in which the first reviewer finds nobody is reviewed again: a second reviewer can't tell from
being asked what the first one found, and misses come to light."""


class CaseSearches:
    """Searches of one matcher's galleries in cases."""

    def __init__(self, files: Files, matcher: Matcher, told: Told = lambda _answer: None) -> None:
        """told: of every search that was made, to count it."""
        self._files = files
        self._told = told
        self._matcher = matcher

    def search(
        self,
        who: Officer,
        number: int,
        *,
        gallery: str,
        photo: str = "",
        top: int = 20,
        fpir: float | None = None,
        anyway: bool = False,
        prepared: PreparedPhoto | None = None,
    ) -> tuple[CaseSearch, Identification]:
        """Search for a case's person in one gallery that the case was put to. photo: SHA-256; the last one if empty.

        prepared: that photo, where it was prepared already.

        The scores are for reviewers, after their blind stage: whoever passes the answer on leaves them out.
        Raises Confidential, NotNow, GalleryHeld, NotFound or BadField, and what `Matcher.identify` raises.
        """
        self._hold_if_no_register(gallery)
        with self._files.reading(who, number) as (connection, case):
            self._gate(connection, case, gallery)
            content = _content(connection, number, photo)
        ready = prepared if prepared is not None and prepared.sha256 == photo else self._matcher.prepare(content)
        (answer,) = self._matcher.identify_many(
            [ready], top=top, fpir=fpir, among=Among(gallery=gallery), anyway=anyway, in_case=True
        )
        self._told(answer)
        with self._files.changing(who, number) as change:
            # Once more: it may have been protected, or the gallery held, while the search went on.
            basis = self._gate(change.connection, change.case, gallery)
            search = self._kept(change, answer, gallery, basis)
        return search, answer

    def must_pass(self, who: Officer, number: int, *, gallery: str) -> None:
        """Raises what `search` would raise before it looks at a photo."""
        self._hold_if_no_register(gallery)
        with self._files.reading(who, number) as (connection, case):
            self._gate(connection, case, gallery)

    def searches(self, who: Officer, number: int) -> tuple[CaseSearch, ...]:
        """A case's searches, the oldest first."""
        with self._files.reading(who, number) as (connection, _):
            return case_searches.searches(connection, number)

    def _gate(self, connection: Connection, case: CaseFile, gallery: str) -> str:
        """The basis on which a case may be searched in a gallery; raises why it may not be."""
        must_not_be_ended(case)
        terms = gallery_terms.terms(connection, gallery)
        gallery_terms.refuse_held(connection, gallery)
        if terms.kind == "unstated":
            raise NotNow(
                f"nobody has stated who supplied gallery {gallery}, of what kind it is and on what legal basis it is "
                "used; an administrator states it (matcher galleries state)"
            )
        if terms.is_foreign and case.is_confidential:
            raise Confidential(
                f"case {case.id} is {case.protection.value} and can't be searched in gallery {gallery}, which another "
                "country supplied: first two people have to lift its protection"
            )
        asked = {request.gallery: request.basis for request in case_facts.requests(connection, case.number)}
        if gallery not in asked:
            raise NotNow(f"case {case.id} is not put to gallery {gallery}; say on what basis it is, then search")
        return asked[gallery]

    def _kept(self, change: Change, answer: Identification, gallery: str, basis: str) -> CaseSearch:
        new_number = self._files.new_number
        search = CaseSearch(
            number=new_number(), case=change.case.number, gallery=gallery, basis=basis,
            photo_sha256=answer.photo_sha256, engine=answer.engine, version=answer.gallery.version,
            outcome=answer.outcome.value, digest=result_digest(answer),
            second_look=new_number() % _SECOND_LOOKS == 0,
            stage=Stage.FIRST if answer.candidates else Stage.SETTLED, by=change.who.account, at=change.now,
            candidates=len(answer.candidates), searched_anyway=answer.searched_anyway,
        )  # fmt: skip
        listed = [listed_candidate(new_number(), candidate) for candidate in answer.candidates]
        case_searches.add(change.connection, search, answer.scoring.note, listed)
        change.happened("searched", after=search.id)
        change.record(Action.SEARCH, {"what": "in a case", "search": search.id, "gallery": gallery,
                                      "version": search.version, "result": search.digest})  # fmt: skip
        lead_to(change, Status.SEARCHING, after={Status.OPEN, Status.NOT_CONFIRMED})
        return search

    def _hold_if_no_register(self, gallery: str) -> None:
        database = self._files.database
        with database.reading() as connection:
            terms = gallery_terms.terms(connection, gallery)
            suspect = terms.kind == "register" and gallery_terms.makeup(connection, gallery).is_bare
        if suspect and terms.state == "open":
            with database.writing() as connection:
                terms = gallery_terms.terms(connection, gallery)
                entries = hold_if_no_register(connection, terms, now=self._files.now)
                append(connection, *entries, clock=self._files.clock)


def lead_to(change: Change, status: Status, *, after: Collection[Status]) -> None:
    """Let a case's status follow what was done with it, from one of these; from every other it stays."""
    if change.case.status in after:
        check_transition(change.case.status, status)
        change.values |= {"status": status.value, "status_at": change.now}
        change.happened("status", before=change.case.status.value, after=status.value)


def listed_candidate(number: int, candidate: Candidate) -> Listed:
    """A candidate as cases keep it."""
    person = candidate.person
    scores = Scores(
        candidate.rank, candidate.score, candidate.distance, candidate.false_alarm_probability,
        candidate.log10_likelihood_ratio, candidate.confidence, candidate.meaning, candidate.false_alarm_reach,
        candidate.likelihood_bound, candidate.agreement,
    )  # fmt: skip
    return Listed(number, (person.gallery, person.person_id), candidate.best_photo, scores)


def _content(connection: Connection, number: int, photo: str) -> bytes:
    photos = case_photos.photos(connection, number)
    if not photos:
        raise BadField("photo", "the case has no photo yet; add one, then search")
    found = case_photos.content(connection, number, photo or photos[-1].sha256)
    if found is None:
        raise NotFound(f"the case has no photo {photo[:12]}")
    return found[0]
