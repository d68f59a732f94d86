"""What the page of a case says is to be done next, from the photo to the consulate's answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.web.case_view import case_view
from api.web.next_step import next_step
from matcher.casework.answers import AnswerKind
from matcher.casework.decisions import Stage
from matcher.casework.officer import Officer
from matcher.casework.statuses import Status
from matcher.records.sqlite import url_in
from tests.casework.parts import ANNA, BORIS, DORA, Bureau, bureau


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Bureau]:
    with bureau(url_in(tmp_path)) as opened:
        yield opened


def _next(there: Bureau, number: int, who: Officer = ANNA) -> tuple[str, str]:
    view = case_view(who, there.office, there.desk, there.matcher.gallery, number)
    found = next_step(view, who.account)
    return ("", "") if found is None else (found.words, found.to)


def test_each_step_of_a_case_leads_to_the_next_one(there: Bureau) -> None:
    there.register("main", 1, 2, 3, is_foreign=True)
    case = there.case()
    number, cases, gate = case.number, there.office.cases, there.office.confidentiality
    assert _next(there, number) == ("Add a photo of the person.", f"/cases/{case.id}/photos/new")
    there.photo(ANNA, number, 1)
    assert _next(there, number)[0].startswith("Say which gallery")
    cases.put_to(ANNA, number, "main", country="CHN", basis="article 3")
    assert _next(there, number)[1] == "#h-protection"
    gate.ask_to_lift(ANNA, number, reason="nothing on file", version=there.now_is(ANNA, number).version)
    assert _next(there, number) == ("A supervisor has to agree to lift the protection; then it can be searched.", "")
    gate.agree_to_lift(DORA, number, version=there.now_is(DORA, number).version)
    assert _next(there, number)[0] == "Search the gallery with the photo."
    search = there.desk.searches.search(ANNA, number, gallery="main")[0].number
    compare = _next(there, number)
    assert compare[0].startswith("Two people compare")
    there.review(ANNA, search, 1)
    # Whether somebody compared already is not told: the second reviewer's eyes are their own.
    assert _next(there, number, BORIS) == compare
    there.review(BORIS, search, 1)
    made = _next(there, number)
    assert made == (
        "Two people found the same person. Make the document for the consulate, send it, and say so.",
        f"/cases/{case.id}/documents",
    )
    cases.move(ANNA, number, Status.SENT_TO_CONSULATE, reason="by post", version=there.now_is(ANNA, number).version)
    assert _next(there, number)[0].startswith("The consulate is asked")
    answer = there.office.answers.record(
        ANNA, number, country="CHN", kind=AnswerKind.CONFIRMED, received_on="2026-03-01", reference="7"
    )
    assert _next(there, number) == ("Another person has to check the consulate's answer that you wrote down.", "")
    assert _next(there, number, BORIS)[1] == "#h-answers"
    there.office.answers.check(BORIS, number, answer)
    assert _next(there, number) == ("", "")


def test_where_nobody_was_found_there_is_more_to_be_tried_and_after_the_end_nothing(there: Bureau) -> None:
    there.register("main", 1, 2, 3)
    case = there.case(person=9, gallery="main")
    there.lift(case.number)
    search = there.desk.searches.search(ANNA, case.number, gallery="main")[0].number
    there.review(ANNA, search)
    if there.desk.searches.searches(ANNA, case.number)[0].stage is not Stage.SETTLED:
        # Some searches in which nobody was found are looked at twice, by chance.
        there.review(BORIS, search)
    assert _next(there, case.number)[0].startswith("Nobody was found so far.")
    version = there.now_is(ANNA, case.number).version
    there.office.cases.move(ANNA, case.number, Status.CLOSED, reason="released", version=version)
    assert _next(there, case.number) == ("", "")
