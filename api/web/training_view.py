"""What an officer is told at the end of an exercise: record by record, and step by step."""

from typing import Any

from api.web.formats import formats
from api.web.languages import N_
from api.web.pages import Page
from api.web.strength import strength
from api.web.training_words import MEASURES, SENDINGS
from api.web.words import ANSWERS, OPINIONS, PROTECTIONS
from matcher.casework.decisions import ReviewState
from matcher.casework.features import Opinion
from matcher.training.looks import MARKS, Difference, differences
from matcher.training.practice import Practice

_TOLD = 3
"""How many differences are told of a stranger: the clearest ones, which are those to be learned."""


def record_rows(page: Page, practice: Practice) -> list[dict[str, Any]]:
    """The records by rank: what was true, what was said of each, and what tells it from the person in custody."""
    rows = []
    number = formats(page.preferences.language).number
    for place, entry in enumerate(practice.exercise.entries):
        final, scores = practice.last(place), practice.scores[place]
        blind = practice.last(place, ReviewState.BLIND)
        if final is None or blind is None:
            raise ValueError(f"exercise {practice.id} ended without a verdict of record {place}")
        found = differences(practice.exercise.looks, entry.looks)
        rows.append({
            "place": place, "papers": entry.papers, "is_same": entry.is_same, "rank": scores.rank,
            "blind": OPINIONS[blind.opinion], "final": OPINIONS[final.opinion],
            "is_right": (final.opinion is Opinion.SAME_PERSON) is entry.is_same,
            "strength": strength(scores, page.gettext, number), "told": [_told(page, one) for one in found[:_TOLD]],
        })  # fmt: skip
    return sorted(rows, key=lambda row: row["rank"])


def steps_told(practice: Practice) -> list[tuple[str, bool, str]]:
    """The steps beside the comparison: name, whether it was right, what is right."""
    steps, made = practice.result().steps, practice.exercise
    place = practice.second.identified
    told: list[tuple[str, bool | None, str]] = [
        (N_("Protection"), steps.protection, PROTECTIONS[made.protection]),
        (N_("Photo"), steps.photo, N_("The one of better quality misses fewer people.")),
        (N_("Document"), steps.document, SENDINGS[made.sending][0]),
    ]
    if place is not None:
        told.append((N_("Answer"), steps.answer, ANSWERS[made.letter(place).kind]))
    return [(label, is_right, why) for label, is_right, why in told if is_right is not None]


def _told(page: Page, found: Difference) -> str:
    what = page.gettext(MEASURES[found.key])
    if found.key == MARKS:
        return page.gettext("%(what)s: not the same", what=what)
    length = formats(page.preferences.language).number(abs(found.millimetres), 0)
    if found.millimetres > 0:
        return page.gettext("%(what)s: %(length)s mm more than the person's", what=what, length=length)
    return page.gettext("%(what)s: %(length)s mm less than the person's", what=what, length=length)
