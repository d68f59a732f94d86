"""What the page of each step of an exercise shows."""

from collections.abc import Callable, Mapping
from typing import Any

from api.web import training_words as words
from api.web import words as casework_words
from api.web.formats import formats
from api.web.pages import Page
from api.web.quality_words import told
from api.web.training_comparing import STATES, comparison
from api.web.training_view import record_rows, steps_told
from api.web.words import ANSWERS, REJECTIONS
from matcher.training.colleague import ERRS
from matcher.training.practice import Practice, Step


def step_page(page: Page, practice: Practice) -> tuple[str, dict[str, Any]]:
    """The template of an exercise's step, and its values. Not for exercises that were given up."""
    name = "compare" if practice.step in STATES else practice.step.value
    shared = {"practice": practice, "steps": words.STEPS, "notes": words.NOTES}
    return f"training/{name}.html", shared | _STEPS[practice.step](page, practice)


def _of_compare(page: Page, practice: Practice) -> dict[str, Any]:
    return {"words": casework_words, **comparison(page, practice)}


def _of_case(_page: Page, _practice: Practice) -> dict[str, Any]:
    return {}


def _of_photo(page: Page, practice: Practice) -> dict[str, Any]:
    percent = formats(page.preferences.language).percent
    photos = [
        {"found": one.found, "quality": one.quality and told(one.quality, page.gettext, percent)}
        for one in practice.photos
    ]
    return {"photos": photos, "fault": ""}


def _of_second(_page: Page, practice: Practice) -> dict[str, Any]:
    return {"second": practice.second, "agreements": words.AGREEMENTS, "errs": ERRS}


def _of_document(page: Page, practice: Practice) -> dict[str, Any]:
    place = practice.second.identified
    if place is None:
        raise ValueError("a document without an identification")
    sendings = [(key, page.gettext(label), page.gettext(why)) for key, (label, why) in words.SENDINGS.items()]
    return {"second": practice.second, "stated": practice.exercise.stated(place), "sendings": sendings}


def _of_answer(page: Page, practice: Practice) -> dict[str, Any]:
    place = practice.second.identified
    if place is None:
        raise ValueError("an answer without an identification")
    letter = practice.exercise.letter(place)
    return {
        "letter": words.LETTERS[letter.kind][letter.wording],
        "kinds": [(key, page.gettext(label)) for key, label in ANSWERS.items()],
        "reasons": [(key, page.gettext(label)) for key, label in REJECTIONS.items()],
        "given": {"kind": "", "reason": ""},
        "fault": "",
    }


def _of_done(page: Page, practice: Practice) -> dict[str, Any]:
    made = practice.exercise
    first = next(place for place, one in enumerate(practice.scores) if one.rank == 1)
    return {
        "result": practice.result(), "truth": made.truth, "first_record_is_stranger": first != made.truth,
        "records": record_rows(page, practice), "steps_told": steps_told(practice),
    }  # fmt: skip


_STEPS: Mapping[Step, Callable[[Page, Practice], dict[str, Any]]] = {
    Step.CASE: _of_case,
    Step.PHOTO: _of_photo,
    Step.BLIND: _of_compare,
    Step.SCORED: _of_compare,
    Step.SECOND: _of_second,
    Step.DOCUMENT: _of_document,
    Step.ANSWER: _of_answer,
    Step.DONE: _of_done,
}
