"""Reviews: one reviewer's pass over a search's candidates, blind first; what two independent ones find decides.

::

    begin --> open every candidate --> verdict of each, blind --> reveal --> change or keep --> close --> settle
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from matcher.accounts.roles import Right
from matcher.audit.entry import Action, person_subject, photo_subject
from matcher.casework.case import CaseFile, checked_text
from matcher.casework.decisions import (
    ROUNDS,
    CaseSearch,
    Identification,
    Listed,
    Review,
    ReviewState,
    Stage,
    Verdict,
    shuffled,
)
from matcher.casework.faults import NotAllowed, NotNow, no_case
from matcher.casework.features import Opinion, read_reasons
from matcher.casework.files import Change, Files, must_not_be_ended
from matcher.casework.numbers import number_of
from matcher.casework.officer import Officer
from matcher.casework.references import References
from matcher.casework.searching import lead_to
from matcher.casework.settling import settle
from matcher.casework.statuses import Status
from matcher.errors import BadField, NotFound
from matcher.person import Person
from matcher.records import case_files, case_reviews, case_searches


@dataclass(frozen=True, slots=True)
class Shown:
    """A candidate as its reviewer sees it. person, candidate.scores: not to be shown before the review is scored.

    taken_on: of the candidate's photo, an ISO date; empty where it is not known.
    """

    candidate: Listed
    opened: bool
    verdict: Verdict | None
    person: Person | None
    taken_on: str = ""


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A review as its reviewer sees it. candidates: in the review's own order while it is blind, then by rank.

    Round and earlier findings are not in it: they would tell what somebody else found. scoring: what the scores rest
    on; searched_anyway: why the photo would have been refused; both empty while the review is blind.
    """

    review: Review
    case: CaseFile
    photo_sha256: str
    candidates: tuple[Shown, ...]
    scoring: str = ""
    searched_anyway: str = ""

    @property
    def may_be_revealed(self) -> bool:
        return self.review.state is ReviewState.BLIND and all(one.verdict is not None for one in self.candidates)


@dataclass(frozen=True, slots=True)
class ToReview:
    """A search that somebody may review, or is reviewing: then with that review, which is their own."""

    search: CaseSearch
    case: CaseFile
    review: Review | None = None


class Reviews:
    """What reviewers do with searches."""

    def __init__(self, files: Files, references: References) -> None:
        self._files = files
        self._references = references

    def waiting(self, who: Officer, *, limit: int = 50) -> tuple[CaseSearch, ...]:
        """The searches that this officer may review, the nearest deadlines first; what is reviewed leaves the list."""
        who.must(Right.WORK_CASES)
        with self._files.database.reading() as connection:
            return case_searches.waiting(
                connection,
                account=who.account,
                sees_all=who.may(Right.SUPERVISE_CASES),
                settles=who.may(Right.SUPERVISE_CASES),
                limit=limit,
            )

    def to_do(self, who: Officer, *, limit: int = 50) -> tuple[ToReview, ...]:
        """One's own reviews that are not closed, then what waits for a reviewer, with the cases; the look is recorded.

        Cases that this officer may not see any more are left out.
        """
        waiting = [(search, None) for search in self.waiting(who, limit=limit)]
        sees_all = who.may(Right.SUPERVISE_CASES)
        with self._files.database.reading() as connection:
            begun = [
                (case_searches.search(connection, review.search), review)
                for review in case_reviews.unfinished(connection, who.account)
            ]
            found = []
            for search, review in [*begun, *waiting]:
                case = case_files.find(connection, search.case, account=who.account, sees_all=sees_all)
                if case is not None:
                    found.append(ToReview(search, case, review))
        self._files.viewed(who, sorted({one.case.number for one in found}))
        return tuple(found)

    def begin(self, who: Officer, search: int) -> Review:
        """Begin a review, or go on with one's own; raises NotNow where it is not this officer's turn."""
        who.must_decide(Right.WORK_CASES)
        number = self._case(lambda connection: case_searches.case_of(connection, search))
        with self._files.changing(who, number) as change:
            must_not_be_ended(change.case)
            found = case_searches.search(change.connection, search)
            known = case_reviews.reviews(change.connection, search)
            mine = next((review for review in known if who.is_same(review.reviewer)), None)
            if mine is not None and mine.state is not ReviewState.CLOSED:
                return mine
            _refuse_turn(who, found, mine, known)
            review = Review(
                self._files.new_number(), search, ROUNDS[found.stage], who.account, self._files.new_number(),
                ReviewState.BLIND,
            )  # fmt: skip
            case_reviews.add(change.connection, review, now=change.now)
            change.happened("review begun", after=review.id)
            lead_to(change, Status.UNDER_REVIEW, after={Status.SEARCHING})
            return review

    def view(self, who: Officer, number: int) -> ReviewView:
        """A review as its reviewer sees it; to everybody else it is not there."""
        case_number = self._case(lambda connection: case_reviews.case_of(connection, number))
        with self._files.reading(who, case_number) as (connection, case):
            review = _mine(connection, who, number)
            search = case_searches.search(connection, review.search)
            scoring = case_searches.scoring_note(connection, review.search)
            listed = case_searches.candidates(connection, review.search)
            opened, verdicts = case_reviews.opened(connection, number), case_reviews.verdicts(connection, number)
        blind = review.state is ReviewState.BLIND
        persons = {} if blind else self._references.persons([one.key for one in listed])
        order = shuffled(listed, review.seed) if blind else listed
        dates = self._references.taken_on([(one.key, one.photo_sha256) for one in listed])
        shown = tuple(
            Shown(
                one, one.number in opened, verdicts.get(one.number), persons.get(one.key),
                dates.get((one.key, one.photo_sha256), ""),
            )
            for one in order
        )  # fmt: skip
        told = ("", "") if blind else (scoring, search.searched_anyway)
        return ReviewView(review, case, search.photo_sha256, shown, *told)

    def open(self, who: Officer, number: int, candidate: str) -> bytes:
        """A candidate's photo, for the reviewer to look at, which is recorded.

        Raises NotFound where the photo's bytes were never kept: the candidate counts as opened all the same, since
        there is nothing more to be seen; the verdict can only be that the photo is unusable.
        """
        with self._changing(who, number) as (change, review):
            one = _candidate(change.connection, review, candidate)
            case_reviews.note_opened(change.connection, number, one.number, now=change.now)
            change.record(Action.PHOTO_VIEWED, {"review": review.id}, person_subject(one.key),
                          photo_subject(one.photo_sha256))  # fmt: skip
        return self._references.photo(one.key, one.photo_sha256)

    def judge(
        self,
        who: Officer,
        number: int,
        candidate: str,
        *,
        opinion: Opinion,
        confidence: int,
        reasons: Sequence[str] = (),
        remark: str = "",
    ) -> None:
        """Say what was found of a candidate, or change it. confidence: one's own, 0 to 100.

        Raises NotNow for a candidate that was not opened, or a review that is closed; BadField.
        """
        if not 0 <= confidence <= 100:
            raise BadField("confidence", f"confidence is {confidence}; give 0 (a guess) to 100 (certain)")
        given, remark = read_reasons(tuple(reasons), opinion), checked_text("remark", remark, required=False)
        with self._changing(who, number) as (change, review):
            one = _candidate(change.connection, review, candidate)
            if one.number not in case_reviews.opened(change.connection, number):
                raise NotNow(f"candidate {one.id} was not opened yet; look at the photo first")
            verdict = Verdict(one.number, review.state, opinion, confidence, given, remark, change.now)
            case_reviews.add_verdict(change.connection, number, verdict)
            details = {"review": review.id, "stage": review.state.value, "verdict": opinion.value,
                       "confidence": confidence, "reasons": [str(reason) for reason in given]}  # fmt: skip
            change.record(Action.DECISION, details, person_subject(one.key))

    def reveal(self, who: Officer, number: int) -> None:
        """End the blind stage: scores and records are shown from now on. Raises NotNow while a verdict is missing."""
        with self._changing(who, number) as (change, review):
            if review.state is not ReviewState.BLIND:
                raise NotNow(f"review {review.id} is {review.state.value} already")
            listed = case_searches.candidates(change.connection, review.search)
            missing = len(listed) - len(case_reviews.verdicts(change.connection, number))
            if missing:
                raise NotNow(f"{missing} of {len(listed)} candidates have no verdict yet; look at all of them first")
            case_reviews.set_state(change.connection, number, ReviewState.SCORED, now=change.now)
            change.record(Action.DECISION, {"what": "scores revealed", "review": review.id})

    def close(self, who: Officer, number: int) -> None:
        """End a review: its verdicts stand, and where two people agree the database is told so. Raises NotNow."""
        with self._changing(who, number) as (change, review):
            if review.state is not ReviewState.SCORED:
                raise NotNow("a review is closed after its scores were revealed; reveal them first")
            case_reviews.set_state(change.connection, number, ReviewState.CLOSED, now=change.now)
            change.happened("review closed", after=review.id)
            settle(change, review.search, new_number=self._files.new_number)

    def of_settled(self, who: Officer, search: int) -> tuple[tuple[Review, tuple[Verdict, ...]], ...]:
        """Every review of a search that is settled, with every verdict in the order in which they were found.

        For supervisors. Raises NotNow before: nobody who may still decide is to see what others found.
        """
        number = self._case(lambda connection: case_searches.case_of(connection, search))
        with self._files.changing(who, number) as change:
            who.must(Right.SUPERVISE_CASES)
            found = case_searches.search(change.connection, search)
            if found.stage is not Stage.SETTLED:
                raise NotNow(f"search {found.id} is not settled; its reviews are shown afterwards")
            change.record(Action.CASE_VIEWED, {"what": "reviews", "search": found.id})
            return tuple(
                (review, case_reviews.all_verdicts(change.connection, review.number))
                for review in case_reviews.reviews(change.connection, search)
            )

    def identifications(self, who: Officer, number: int) -> tuple[Identification, ...]:
        """Whom two reviewers found to be the person of this case."""
        with self._files.reading(who, number) as (connection, _):
            return case_searches.identifications(connection, number)

    @contextmanager
    def _changing(self, who: Officer, number: int) -> Iterator[tuple[Change, Review]]:
        """A review of one's own that is not closed, to be gone on with."""
        who.must_decide(Right.WORK_CASES)
        case_number = self._case(lambda connection: case_reviews.case_of(connection, number))
        with self._files.changing(who, case_number) as change:
            review = _mine(change.connection, who, number)
            if review.state is ReviewState.CLOSED:
                raise NotNow(f"review {review.id} is closed; its verdicts stand")
            yield change, review

    def _case(self, asked: Callable[[Connection], int]) -> int:
        with self._files.database.reading() as connection:
            return asked(connection)


def _mine(connection: Connection, who: Officer, number: int) -> Review:
    review = case_reviews.review(connection, number)
    if not who.is_same(review.reviewer):
        # Somebody else's review must not even be known to be there: it could be read.
        raise no_case()
    return review


def _candidate(connection: Connection, review: Review, text: str) -> Listed:
    wanted = number_of("K", text)
    for one in case_searches.candidates(connection, review.search):
        if one.number == wanted:
            return one
    raise NotFound("the review has no candidate of that number")


def _refuse_turn(who: Officer, search: CaseSearch, mine: Review | None, known: Sequence[Review]) -> None:
    if search.stage is Stage.SETTLED:
        raise NotNow(f"search {search.id} is settled; nothing is to be reviewed")
    if mine is not None:
        raise NotAllowed("you have reviewed this search; a second review is another person's")
    if any(review.state is not ReviewState.CLOSED for review in known):
        raise NotNow(f"somebody else is reviewing search {search.id} now")
    if search.stage is Stage.SUPERVISOR:
        who.must(Right.SUPERVISE_CASES)
