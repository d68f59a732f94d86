"""What follows from closed reviews: nobody, an identification by two people, or a supervisor's turn."""

from collections.abc import Sequence

from sqlalchemy import Connection

from matcher.audit.entry import Action, person_subject
from matcher.casework.decisions import Identification, Review, ReviewState, Stage
from matcher.casework.features import Opinion
from matcher.casework.files import Change
from matcher.casework.numbers import NewNumber
from matcher.records import case_reviews, case_searches


def settle(change: Change, search: int, *, new_number: NewNumber) -> None:
    """Decide whose turn a search is after a review of it was closed, and write down what two people agree on.

    A first review that found nobody settles it, unless the search was chosen for a second look. Two that found the
    same settle it; where they differ, a supervisor who is neither of them reviews, and what the supervisor and one of
    the two both found stands. A score decides nothing.
    """
    connection = change.connection
    found = case_searches.search(connection, search)
    closed = [review for review in case_reviews.reviews(connection, search) if review.state is ReviewState.CLOSED]
    same = [_same(connection, review) for review in closed]
    if len(closed) == 1:
        stage = Stage.SECOND if same[0] or found.second_look else Stage.SETTLED
    elif len(closed) == 2:
        stage = Stage.SETTLED if same[0] == same[1] else Stage.SUPERVISOR
    else:
        stage = Stage.SETTLED
    case_searches.set_stage(connection, search, stage)
    if stage is not Stage.SETTLED:
        return
    agreed = _agreed(closed, same)
    for candidate, first, second in agreed:
        number = new_number()
        _identify(change, number, candidate, (first, second))
    change.happened("search settled", after=f"{found.id}: {len(agreed) or 'nobody'}")


def _same(connection: Connection, review: Review) -> frozenset[int]:
    """The candidates of whom a review finally says "same person"."""
    verdicts = case_reviews.verdicts(connection, review.number)
    return frozenset(number for number, verdict in verdicts.items() if verdict.opinion is Opinion.SAME_PERSON)


def _agreed(closed: Sequence[Review], same: Sequence[frozenset[int]]) -> list[tuple[int, Review, Review]]:
    """Candidates of whom two reviews say it, with these two; after a supervisor's, it must be one of the two."""
    if len(closed) < 2:
        return []
    last = len(closed) - 1
    return [
        (candidate, closed[place], closed[last])
        for candidate in sorted(same[last])
        for place in [next((place for place in range(last) if candidate in same[place]), None)]
        if place is not None
    ]


def _identify(change: Change, number: int, candidate: int, reviews: tuple[Review, Review]) -> None:
    first, second = reviews
    listed = next(one for one in case_searches.candidates(change.connection, first.search) if one.number == candidate)
    found = Identification(
        number, first.search, candidate, listed.key, listed.photo_sha256, first.reviewer, second.reviewer, change.now
    )
    case_searches.add_identification(
        change.connection, change.case.number, found, first_review=first.number, second_review=second.number
    )
    details = {"what": "same person", "identification": found.id, "first": first.reviewer, "second": second.reviewer}
    change.record(Action.DECISION, details, person_subject(listed.key))
    change.happened("identified", after=found.id)
