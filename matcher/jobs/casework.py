"""A job's photos searched in cases: each in the case that it names, for whoever made the job, behind the gate.

What a search finds is for the case's reviewers, after their blind stage. The job keeps how a search ended and in which
order to look, and no candidate. A case that the maker may not see is answered as one that is not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from matcher.answers import Answer
from matcher.backlog import answer_of_case
from matcher.backlog_table import NOT_SEARCHED
from matcher.casework.decisions import CaseSearch
from matcher.casework.faults import CaseError
from matcher.casework.numbers import number_of
from matcher.casework.office import Office, SearchDesk, open_desk, open_office
from matcher.casework.officer import Officer
from matcher.errors import AlreadyThere, BadField, GalleryHeld, MatcherError, NotFound
from matcher.identification import Identification
from matcher.jobs.job import Item, Job
from matcher.photo_work import Worked
from matcher.pipeline import Matcher


@dataclass(frozen=True, slots=True)
class CaseAnswer:
    """How one photo's search ended. strength: of the first candidate, to order the review by; None without any.

    case: the number of the case that the photo is in now; 0 where it is in none. found: what the search found, for its
    reviewers and to be counted; None where there was none.
    """

    answer: Answer
    strength: float | None
    case: int = 0
    found: Identification | None = None


class CaseSearching:
    """Searches photos of jobs in cases, by one matcher of the same records."""

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._office: Office = open_office(matcher.gallery.database)
        self._desk: SearchDesk = open_desk(self._office, matcher)

    def answer(self, who: Officer, job: Job, item: Item, done: Worked) -> CaseAnswer:
        """Put a photo into its case, search there once, and say how that ended."""
        prepared = done.prepared
        blank = Answer(
            item.case_id, item.photo, prepared.sha256, 0, prepared.state.value, prepared.code, prepared.reason, (), 0,
            (), done.picture,
        )  # fmt: skip
        if prepared.template is None:
            return CaseAnswer(blank, None)
        try:
            found = self._searched(who, job, number_of("C", item.case_id), done)
        except (CaseError, NotFound, GalleryHeld, BadField) as refusal:
            return CaseAnswer(replace(blank, outcome=NOT_SEARCHED, code=_code(refusal), reason=str(refusal)), None)
        number = number_of("C", item.case_id)
        if found is None:
            return CaseAnswer(blank, None, number)
        first = found.candidates[0] if found.candidates else None
        strength = None
        if first is not None:
            strength = first.score if first.log10_likelihood_ratio is None else first.log10_likelihood_ratio
        kept = answer_of_case(item.case_id, item.photo, found, done.picture)
        return CaseAnswer(replace(kept, leads=(), nobody=None), strength, number, found)

    def compare(self, who: Officer, answers: Sequence[CaseAnswer]) -> None:
        """Compare the cases of these answers with all others, where the photo entered its case."""
        self._desk.duplicates.look_by_itself(who, *sorted({one.case for one in answers} - {0}))

    def _searched(self, who: Officer, job: Job, number: int, done: Worked) -> Identification | None:
        prepared, options = done.prepared, job.options
        gallery = options.among.gallery or ""
        # The gate first: a photo must not enter a case in which it can't be searched with.
        self._desk.searches.must_pass(who, number, gallery=gallery)
        try:
            self._office.cases.add_photo(who, number, prepared, done.content)
        except AlreadyThere:
            before = [one for one in self._desk.searches.searches(who, number) if _is_same(one, done, gallery)]
            if before and before[-1].version == self._matcher.gallery.state().version:
                # A worker died between the search and this note of it: the case has it already.
                return None
        _, found = self._desk.searches.search(
            who, number, gallery=gallery, photo=prepared.sha256, top=options.top, fpir=options.fpir,
            anyway=options.anyway, prepared=prepared,
        )  # fmt: skip
        return found


def _is_same(search: CaseSearch, done: Worked, gallery: str) -> bool:
    return search.photo_sha256 == done.prepared.sha256 and search.gallery == gallery


def _code(refusal: MatcherError) -> str:
    name = type(refusal).__name__
    return "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in name).lstrip("_")
