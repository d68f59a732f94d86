"""Reviews are blind first and whole; galleries of wanted people are held; officers are measured on drawn people."""

from datetime import timedelta
from pathlib import Path
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.among import Among
from matcher.casework.decisions import Listed, ReviewState, Scores, shuffled
from matcher.casework.detection import Detection, detection
from matcher.casework.faults import NotAllowed, NotNow
from matcher.casework.features import Opinion
from matcher.casework.galleries import GalleryKind
from matcher.casework.references import CONTROLS
from matcher.casework.statuses import Status
from matcher.errors import BadField, GalleryHeld, NotFound
from matcher.person import Person, checked_gallery
from matcher.pipeline import reference_photo
from matcher.records import case_reviews, gallery_terms
from matcher.records.values import Enrolment
from tests.casework.parts import (
    ANNA,
    BORIS,
    CHEN,
    DIFFERENT,
    DORA,
    FRIDA,
    GUSTAV,
    SIMILAR,
    Bureau,
    picture,
)


def _searched(bureau: Bureau, *people: int) -> tuple[int, int]:
    bureau.register("own", *people)
    case = bureau.case(person=1, gallery="own")
    bureau.lift(case.number)
    return case.number, bureau.desk.searches.search(ANNA, case.number, gallery="own")[0].number


def test_the_blind_stage_shows_photos_alone_in_an_order_of_its_own(both: Bureau) -> None:
    case, search = _searched(both, *range(1, 13))
    reviews = both.office.reviews
    number = reviews.begin(ANNA, search).number
    assert reviews.begin(ANNA, search).number == number
    assert both.now_is(ANNA, case).status is Status.UNDER_REVIEW
    view = reviews.view(ANNA, number)
    ranks = [one.candidate.scores.rank for one in view.candidates]
    assert sorted(ranks) == list(range(1, 13))
    assert ranks != sorted(ranks)
    assert [one.candidate.scores.rank for one in reviews.view(ANNA, number).candidates] == ranks
    assert all(one.person is None for one in view.candidates)
    # When a photo was taken says nothing of whose it is, and is needed to compare.
    both.date("own", 5, "2019-05-17")
    days = {one.candidate.key[1]: one.taken_on for one in reviews.view(ANNA, number).candidates}
    assert days == {f"p{person}": "2019-05-17" if person == 5 else "" for person in range(1, 13)}
    first = view.candidates[0].candidate
    with pytest.raises(NotNow, match="not opened"):
        reviews.judge(ANNA, number, first.id, opinion=Opinion.DIFFERENT_PERSON, confidence=50, reasons=DIFFERENT)
    assert reviews.open(ANNA, number, first.id) == picture(int(first.key[1][1:]))
    reviews.judge(ANNA, number, first.id, opinion=Opinion.DIFFERENT_PERSON, confidence=50, reasons=DIFFERENT)
    with pytest.raises(NotNow, match="11 of 12"):
        reviews.reveal(ANNA, number)
    with pytest.raises(NotNow, match="reveal"):
        reviews.close(ANNA, number)


def test_a_change_of_mind_after_the_scores_is_kept(there: Bureau) -> None:
    _, search = _searched(there, 1, 2)
    number = there.review(ANNA, search, close=False)
    reviews = there.office.reviews
    reviews.reveal(ANNA, number)
    view = reviews.view(ANNA, number)
    assert [one.candidate.scores.rank for one in view.candidates] == [1, 2]
    assert [one.person is not None for one in view.candidates] == [True, True]
    best = view.candidates[0].candidate
    reviews.judge(ANNA, number, best.id, opinion=Opinion.SAME_PERSON, confidence=70, reasons=SIMILAR, remark="the ear")
    reviews.close(ANNA, number)
    with there.database.reading() as connection:
        kept = [one for one in case_reviews.all_verdicts(connection, number) if one.candidate == best.number]
    assert [(one.stage, one.opinion) for one in kept] == [
        (ReviewState.BLIND, Opinion.DIFFERENT_PERSON),
        (ReviewState.SCORED, Opinion.SAME_PERSON),
    ]
    with pytest.raises(NotNow, match="closed"):
        reviews.judge(ANNA, number, best.id, opinion=Opinion.SAME_PERSON, confidence=70, reasons=SIMILAR)


def test_a_review_is_its_reviewers_alone(there: Bureau) -> None:
    _, search = _searched(there, 1, 2)
    reviews = there.office.reviews
    number = reviews.begin(ANNA, search).number
    for who in (BORIS, DORA):
        with pytest.raises(NotFound, match="no such case"):
            reviews.view(who, number)
        with pytest.raises(NotFound, match="no such case"):
            reviews.reveal(who, number)
    with pytest.raises(NotNow, match="somebody else"):
        reviews.begin(BORIS, search)
    assert reviews.waiting(BORIS) == ()
    with pytest.raises(BadField, match="confidence"):
        reviews.judge(ANNA, number, "K-00000-00001", opinion=Opinion.INCONCLUSIVE, confidence=101)
    with pytest.raises(NotFound, match="candidate"):
        reviews.open(ANNA, number, "K-00000-00001")


@given(st.integers(0, 2**50), st.integers(2, 30))
def test_the_same_seed_gives_the_same_order(seed: int, count: int) -> None:
    listed = [_listed(number) for number in range(count)]
    once, again = shuffled(listed, seed), shuffled(listed[::-1], seed)
    assert once == again
    assert sorted(one.number for one in once) == list(range(count))


def _listed(number: int) -> Listed:
    return Listed(number, ("g", str(number)), "", Scores(number, 0, 0, None, None, None, ""))


def _bulk(bureau: Bureau, gallery: str, *people: int, **fields: str) -> None:
    entries = []
    for one in people:
        photo = reference_photo(bureau.matcher.prepare(picture(one)), None)
        entries.append(Enrolment(Person(f"p{one}", gallery=gallery, **fields), [photo]))
    bureau.matcher.gallery.enroll(entries)


@pytest.mark.long
def test_a_list_that_looks_like_wanted_people_is_held_from_every_search(both: Bureau) -> None:
    _bulk(both, "main", *range(1, 6), household_registration="画省")
    _bulk(both, "list", *range(1, 6), source="www.police.example/most-wanted")
    terms = both.office.galleries.standing("list").terms
    assert (terms.state, terms.kind) == ("held", "unstated")
    identify = both.matcher.identify
    with pytest.raises(GalleryHeld, match="two administrators"):
        identify(picture(1), among=Among(gallery="list"))
    with pytest.raises(GalleryHeld, match="name another one"):
        identify(picture(1))
    assert identify(picture(1), among=Among(gallery="main")).candidates
    galleries = both.office.galleries
    # Saying that it is something else does not release it.
    said = galleries.state(
        FRIDA, "list", kind=GalleryKind.OWN_RECORDS, supplier="us", country="DEU", is_foreign=False, legal_basis="law"
    )
    assert said.terms.state == "held"
    galleries.ask_to_release(FRIDA, "list", basis="court order 5")
    galleries.agree_to_release(GUSTAV, "list")
    assert identify(picture(1), among=Among(gallery="list")).candidates
    # Two people have looked at those who were there. The same again, and few others, change nothing; another list does.
    _bulk(both, "list", *range(1, 6), source="www.police.example/most-wanted")
    both.clock.now += timedelta(minutes=5)
    _bulk(both, "list", 6, 7, source="press")
    assert galleries.standing("list").terms.state == "released"
    both.clock.now += timedelta(minutes=5)
    before = galleries.standing("list").terms.epoch
    _bulk(both, "list", 8, source="press")
    terms = galleries.standing("list").terms
    assert (terms.state, terms.epoch) == ("held", before + 1)
    with pytest.raises(GalleryHeld):
        identify(picture(1), among=Among(gallery="list"))
    # What was agreed to before releases nothing.
    with pytest.raises(NotNow, match="nobody asked"):
        galleries.agree_to_release(GUSTAV, "list")


def test_a_released_list_is_held_again_by_whoever_is_added(there: Bureau) -> None:
    there.enroll("list", 1)
    galleries = there.office.galleries
    galleries.state(
        FRIDA, "list", kind=GalleryKind.WATCH_LIST, supplier="x", country="RUS", is_foreign=True, legal_basis="-"
    )
    galleries.ask_to_release(FRIDA, "list", basis="court order 5")
    galleries.agree_to_release(GUSTAV, "list")
    there.enroll("list", 1)
    assert galleries.standing("list").terms.state == "released"
    there.enroll("list", 2)
    assert galleries.standing("list").terms.state == "held"


def test_a_list_is_noticed_in_a_long_gallery_at_once_or_one_by_one(
    there: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a gallery that is longer than lists are the whole is not looked at; what comes is."""
    monkeypatch.setattr(gallery_terms, "SHORT", 30)
    for gallery in ("at-once", "one-by-one"):
        _bulk(there, gallery, *range(1, 41), household_registration="画省")
    _bulk(there, "at-once", *range(41, 46), source="https://news.example/wanted")
    assert there.office.galleries.standing("at-once").terms.state == "held"
    for number in range(41, 57):
        assert there.office.galleries.standing("one-by-one").terms.state == "open"
        _bulk(there, "one-by-one", number, source="https://news.example/wanted")
    assert there.office.galleries.standing("one-by-one").terms.state == "held"


def test_people_who_are_replaced_make_a_list_too(there: Bureau) -> None:
    _bulk(there, "main", *range(1, 5), household_registration="画省")
    state = there.office.galleries.standing
    for number in range(1, 5):
        assert state("main").terms.state == "open"
        there.matcher.gallery.replace_person(Enrolment(Person(f"p{number}", gallery="main", source="wanted by press")))
    assert state("main").terms.state == "held"


@pytest.mark.parametrize(
    "fields",
    [
        {"source": "civil register"},
        {"source": "press", "national_id": "X1"},
        {"source": "press", "household_registration": "画省"},
        {},
    ],
)
def test_what_does_not_look_like_one_is_not_held(there: Bureau, fields: dict[str, str]) -> None:
    _bulk(there, "main", *range(1, 6), **fields)
    assert there.office.galleries.standing("main").terms.state == "open"


def test_few_people_of_the_press_among_many_hold_nothing(there: Bureau) -> None:
    _bulk(there, "main", *range(1, 11), household_registration="画省")
    _bulk(there, "main", 11, 12, source="newspaper of May")
    assert there.office.galleries.standing("main").terms.state == "open"


def test_a_register_without_numbers_is_held_when_it_is_stated_and_when_it_is_searched(there: Bureau) -> None:
    _bulk(there, "first", 1, 2, 3)
    terms = {"supplier": "x", "country": "CHN", "is_foreign": True, "legal_basis": "x"}
    galleries = there.office.galleries
    assert galleries.state(FRIDA, "first", kind=GalleryKind.REGISTER, **terms).terms.state == "held"
    _bulk(there, "later", 1, household_registration="画省")
    assert galleries.state(FRIDA, "later", kind=GalleryKind.REGISTER, **terms).terms.state == "open"
    _bulk(there, "later", *range(2, 30))
    case = there.case(person=1, gallery="later")
    there.lift(case.number)
    with pytest.raises(GalleryHeld):
        there.desk.searches.search(ANNA, case.number, gallery="later")
    assert "register" in galleries.standing("later").terms.held_for
    with pytest.raises(NotAllowed):
        galleries.state(DORA, "later", kind=GalleryKind.OWN_RECORDS, **terms)


@pytest.mark.long
def test_control_cases_measure_officers_and_reach_supervisors_only(there: Bureau) -> None:
    controls = there.desk.controls
    accounts = [ANNA.account, BORIS.account]
    for seed in range(4):
        controls.add(DORA, seed=seed, officers=accounts)
    waiting = there.office.reviews.waiting(ANNA)
    assert len(waiting) == 4
    assert there.office.reviews.waiting(CHEN) == ()
    for search in waiting:
        there.review(ANNA, search.number)
    (result,) = controls.results(DORA)
    assert (result.account, result.reviews, result.final.trials) == (ANNA.account, 4, 24)
    # Anna calls nobody the same: she misses whoever is there, and raises no false alarm.
    assert result.final.hits == result.final.false_alarms == 0
    assert result.final.correct_rejections + result.final.misses == 24
    assert 0 < result.final.misses <= 4
    assert result.blind == result.final
    with pytest.raises(NotAllowed):
        controls.results(ANNA)
    with pytest.raises(NotAllowed):
        controls.add(ANNA, seed=9, officers=accounts)
    with pytest.raises(BadField):
        checked_gallery(CONTROLS)


def test_sensitivity_and_criterion_against_figures_worked_by_hand() -> None:
    found = Detection(hits=18, misses=2, false_alarms=4, correct_rejections=16)
    quantile = NormalDist().inv_cdf
    assert found.d_prime == pytest.approx(quantile(18.5 / 21) - quantile(4.5 / 21))
    assert found.criterion == pytest.approx(-(quantile(18.5 / 21) + quantile(4.5 / 21)) / 2)
    # Macmillan and Creelman's example of H = .8, F = .4, with many trials: d' = 1.095, c = -.294.
    many = Detection(800_000, 200_000, 400_000, 600_000)
    assert (many.d_prime, many.criterion) == (pytest.approx(1.095, abs=1e-3), pytest.approx(-0.294, abs=1e-3))
    assert Detection(hits=3).d_prime is None
    assert Detection().accuracy is None


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60))
def test_detection_counts_every_answer_once(answers: list[tuple[bool, bool]]) -> None:
    found, swapped = detection(answers), detection((not same, not called) for same, called in answers)
    assert found.trials == len(answers)
    assert (found.hits, found.misses) == (swapped.correct_rejections, swapped.false_alarms)
    if found.d_prime is not None and found.criterion is not None:
        assert swapped.d_prime == pytest.approx(found.d_prime)
        assert swapped.criterion == pytest.approx(-found.criterion)


def test_casework_of_a_home_without_cases_is_empty(there: Bureau, tmp_path: Path) -> None:
    assert there.office.reviews.waiting(DORA) == ()
    assert there.desk.controls.results(DORA) == ()
