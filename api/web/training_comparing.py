"""What the comparison's page works with in an exercise: as of a real review, at addresses of its own."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from api.web.formats import formats
from api.web.pages import Page
from api.web.people import person_facts
from api.web.strength import strength
from matcher.casework.decisions import ReviewState
from matcher.drawn import ENROLLED_ON
from matcher.training.practice import Practice, Step

STATES: Mapping[Step, ReviewState] = {Step.BLIND: ReviewState.BLIND, Step.SCORED: ReviewState.SCORED}


def comparison(page: Page, practice: Practice) -> dict[str, Any]:
    """The values of desk/compare.html; nothing of scores or papers while the exercise is blind."""
    state = STATES[practice.step]
    which = practice.choices.photo
    if which is None:
        raise ValueError(f"exercise {practice.id} is compared without a photo")
    taken = ENROLLED_ON + timedelta(days=round(365.25 * practice.exercise.probes[which].years))
    places = range(len(practice.exercise.entries))
    order = places if state is ReviewState.BLIND else sorted(places, key=lambda place: practice.scores[place].rank)
    at = f"/training/{practice.id}"
    shown = {
        "review": practice.id, "addresses": {"at": at, "service": at}, "case": practice.id, "state": state.value,
        "account": practice.account, "told": [],
        "candidates": [_candidate(page, practice, place, state) for place in order],
    }  # fmt: skip
    subject = {"id": practice.id, "state": state.value}
    return {"review": subject, "case": subject, "taken": taken.isoformat(), "state": shown}


def _candidate(page: Page, practice: Practice, place: int, state: ReviewState) -> dict[str, Any]:
    given = practice.last(place)
    enrolled = formats(page.preferences.language).plain_day(ENROLLED_ON.isoformat())
    shown: dict[str, Any] = {
        "id": str(place),
        "opened": place in practice.opened,
        "taken": page.gettext("taken %(day)s", day=enrolled),
        "verdict": given
        and {
            "verdict": given.opinion.value,
            "confidence": given.confidence,
            "reasons": [str(reason) for reason in given.reasons],
            "remark": "",
        },
    }
    if state is ReviewState.BLIND:
        return shown
    number = formats(page.preferences.language).number
    scores = practice.scores[place]
    return shown | {
        "rank": scores.rank,
        "strength": strength(scores, page.gettext, number),
        "score": number(scores.score, 2),
        "agreement": "",
        "person": person_facts(page, practice.exercise.entries[place].papers),
    }
