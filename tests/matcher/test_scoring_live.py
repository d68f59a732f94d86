"""Scores of whole searches: from the first person on, in both modes, whatever the order of enrolment."""

import threading
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher import own_calibration
from matcher.among import EVERYBODY, Among
from matcher.errors import BadSetting, OutsideCalibration
from matcher.gallery_audit import AuditTally, audit, unlike_photos
from matcher.identification import Outcome
from matcher.own_calibration import calibrate_on
from matcher.records.case_pairs import CertainPair
from matcher.scoring.candidates import Mode
from matcher.scoring.crowd import ALWAYS_ANEW, code_of
from matcher.scoring.falsematch import Reach
from matcher.scoring.fusion import Agreement
from matcher.scoring.likelihood import Bound
from matcher.scoring.normaliser import Basis
from matcher.scoring.opening import calibration_file, keep_calibration
from matcher.scoring.words import alarm_words, ratio_words
from tests.matcher.live_parts import LENGTH, enroll, opened, probe
from tests.matcher.scoring_people import another_photo, calibration, strangers

PEOPLE = 300
GALLERY = strangers(PEOPLE, seed=21)
LATER = another_photo(GALLERY, seed=22)
UNKNOWN = strangers(200, seed=23)


def test_a_growing_gallery_answers_sensibly_from_the_first_person_on(tmp_path: Path) -> None:
    bases = []
    with opened(tmp_path) as matcher:
        (empty,) = matcher.identify_many([probe(matcher, LATER[0])])
        assert (empty.outcome, empty.scoring.calibrated) == (Outcome.NOBODY, True)
        done = 0
        for size in (1, 2, 12, 13, 40, 300):
            enroll(matcher, {f"p{place}": [GALLERY[place]] for place in range(done, size)})
            done = size
            places = range(0, size, max(1, size // 12))
            mated = matcher.identify_many([probe(matcher, LATER[place]) for place in places])
            strange = matcher.identify_many([probe(matcher, vector) for vector in UNKNOWN[:20]])
            bases.append(mated[0].scoring.basis)
            for place, answer in zip(places, mated, strict=True):
                first = answer.candidates[0]
                assert first.person.person_id == f"p{place}"
                assert first.false_alarm_probability is not None
                assert first.false_alarm_probability < 0.2
            # The typical stranger: nobody is likelier than anyone.
            assert np.median([answer.scoring.nobody or 0 for answer in strange]) > 0.5
            for answer in (*mated, *strange):
                shares = [candidate.confidence or 0 for candidate in answer.candidates]
                assert sum(shares) + answer.scoring.nobody + answer.scoring.elsewhere == pytest.approx(1)
                assert answer.scoring.people == size
                scores = [candidate.score for candidate in answer.candidates]
                assert scores == sorted(scores, reverse=True)
    assert bases[0] == Basis.SHIPPED
    assert bases[-1] in {Basis.BLENDED, Basis.OWN}


@pytest.mark.long
def test_scores_do_not_depend_on_the_order_of_enrolment(tmp_path: Path) -> None:
    order = np.random.default_rng(1).permutation(60)
    answers = []
    for name, places in (("one", range(60)), ("other", order.tolist())):
        with opened(tmp_path / name) as matcher:
            for place in places:
                some = [GALLERY[place], LATER[place]] if place % 3 == 0 else [GALLERY[place]]
                enroll(matcher, {f"p{place}": some if name == "one" else some[::-1]})
            found = matcher.identify_many([probe(matcher, vector) for vector in (*LATER[:5], *UNKNOWN[:5])])
            answers.append([[(c.person.person_id, c.score, c.confidence) for c in one.candidates] for one in found])
    assert answers[0] == answers[1]


def test_one_more_stranger_does_not_raise_the_mates_false_alarm_probability_without_reason(tmp_path: Path) -> None:
    with opened(tmp_path) as matcher:
        enroll(matcher, {f"p{place}": [GALLERY[place]] for place in range(100)})
        before = matcher.identify_many([probe(matcher, vector) for vector in LATER[:20]])
        then = matcher.scorer.scale(Among(), matcher.gallery.state()).calibration
        counted = 1.0 if then is None else then.false_matches.factor
        enroll(matcher, {"new": [GALLERY[200]]})
        after = matcher.identify_many([probe(matcher, vector) for vector in LATER[:20]])
        now = matcher.scorer.scale(Among(), matcher.gallery.state()).calibration
    assert now is not None
    law = now.false_matches
    # How alike these people are is counted anew with the newcomer among them.
    assert law.factor <= 1.25 * counted
    for old, new in zip(before, after, strict=True):
        assert new.candidates[0].person.person_id == old.candidates[0].person.person_id
        # The crowd that everyone is measured against moves by one person in a hundred, and the score with it.
        assert new.candidates[0].score >= old.candidates[0].score - 0.1
        worst = law.fpir(old.candidates[0].score - 0.1, 101)
        assert new.candidates[0].false_alarm_probability <= worst


@pytest.mark.long
def test_a_stricter_target_never_lengthens_a_list_and_lists_who_keeps_it(tmp_path: Path) -> None:
    with opened(tmp_path) as matcher:
        enroll(matcher, {f"p{place}": [GALLERY[place]] for place in range(PEOPLE)})
        probes = [probe(matcher, vector) for vector in (*LATER[:20], *UNKNOWN[:100])]
        open_lists = matcher.identify_many(probes)
        lengths = [len(one.candidates) for one in open_lists]
        for target in (0.9, 0.3, 0.1, 0.01, 0.001):
            found = matcher.identify_many(probes, fpir=target)
            assert all(len(one.candidates) <= length for one, length in zip(found, lengths, strict=True))
            lengths = [len(one.candidates) for one in found]
            for one, whole in zip(found, open_lists, strict=True):
                assert one.outcome == (Outcome.CANDIDATES if one.candidates else Outcome.NOBODY)
                assert one.scoring.mode == Mode.IDENTIFICATION
                assert one.candidates == whole.candidates[: len(one.candidates)]
                assert all(c.false_alarm_probability <= target * (1 + 1e-9) for c in one.candidates)
            alarms = np.mean([bool(one.candidates) for one in found[20:]])
            assert alarms <= 2 * target + 0.02


def test_a_target_beyond_the_calibration_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path) as matcher:
        enroll(matcher, {f"p{place}": [GALLERY[place]] for place in range(20)})
        with pytest.raises(OutsideCalibration, match="strictest"):
            matcher.identify_many([probe(matcher, LATER[0])], fpir=1e-12)


def test_an_engine_without_statistics_says_so_and_uses_its_own_metric(tmp_path: Path) -> None:
    with opened(tmp_path, key="unheard-of@1") as matcher:
        enroll(matcher, {f"p{place}": [GALLERY[place]] for place in range(20)})
        (answer,) = matcher.identify_many([probe(matcher, LATER[3])])
        first = answer.candidates[0]
        assert (answer.scoring.name, answer.scoring.calibrated, first.person.person_id) == ("native-l2", False, "p3")
        assert first.score == pytest.approx(1 - first.distance)
        assert first.false_alarm_probability is first.confidence is answer.scoring.nobody is None
        with pytest.raises(OutsideCalibration, match="not calibrated"):
            matcher.identify_many([probe(matcher, LATER[3])], fpir=0.1)
        enroll(matcher, {f"p{place}": [GALLERY[place]] for place in range(20, 100)})
        (answer,) = matcher.identify_many([probe(matcher, LATER[3])])
        assert (answer.scoring.name, answer.scoring.basis) == ("normalised-1", Basis.SMALL)
        assert answer.candidates[0].false_alarm_probability is None
        assert "not calibrated" in answer.scoring.note


def test_probabilities_hold_for_the_people_that_a_filter_leaves(tmp_path: Path) -> None:
    with opened(tmp_path) as matcher:
        enroll(matcher, {f"c{place}": [GALLERY[place]] for place in range(40)}, nationality="CHN", date_of_birth="1980")
        enroll(matcher, {f"v{place}": [GALLERY[place]] for place in range(40, 50)}, nationality="VNM", sex="F")
        asked = [
            (Among(), 50),
            (Among(nationalities=("VNM",)), 10),
            (Among(sexes=("F",), gallery="main"), 10),
            (Among(birth_years=(1970, 1980)), 40),
            (Among(birth_years=(1981, 1990)), 0),
        ]
        for among, people in asked:
            (answer,) = matcher.identify_many([probe(matcher, LATER[42])], among=among)
            assert answer.scoring.people == people
        wide, narrow = (matcher.identify_many([probe(matcher, UNKNOWN[0])], among=one)[0] for one, _ in asked[:2])
        alike = {c.person.person_id: c.false_alarm_probability for c in wide.candidates}
        for candidate in narrow.candidates:
            assert candidate.false_alarm_probability <= alike.get(candidate.person.person_id, 1)


def test_several_photos_make_one_template(tmp_path: Path) -> None:
    third, fourth = another_photo(GALLERY[:40], seed=29), another_photo(GALLERY[:40], seed=30)
    with opened(tmp_path / "one") as one, opened(tmp_path / "two") as two:
        enroll(one, {f"p{place}": [LATER[place]] for place in range(40)})
        enroll(two, {f"p{place}": [LATER[place], third[place]] for place in range(40)})
        single = one.identify_many([probe(one, vector) for vector in fourth])
        several = two.identify_many([probe(two, vector) for vector in fourth])
    assert {answer.candidates[0].photos for answer in several} == {2}
    better = [b.candidates[0].score > a.candidates[0].score for a, b in zip(single, several, strict=True)]
    assert np.mean(better) > 0.8


@pytest.mark.long
def test_the_audit_finds_one_person_under_two_ids_and_a_photo_of_somebody_else(tmp_path: Path) -> None:
    with opened(tmp_path) as matcher:
        enroll(matcher, {f"p{place}": [GALLERY[place], LATER[place]] for place in range(80)})
        clean = audit(matcher.gallery, matcher.scorer, None, expected=0.01)
        assert (clean.people, clean.pairs) == (80, ())
        enroll(matcher, {"again": [another_photo(GALLERY[7:8], seed=31)[0]]})
        enroll(matcher, {f"p{place + 20}": [UNKNOWN[place]] for place in range(4)})
        found = audit(matcher.gallery, matcher.scorer, "main", expected=0.01)
    assert {found.pairs[0].one, found.pairs[0].other} == {("main", "again"), ("main", "p7")}
    assert found.pairs[0].expected < 0.01
    # Chance puts a stranger near somebody now and then, so the most striking of four is the one that must be certain.
    assert {stray.person for stray in found.strays} == {("main", f"p{place}") for place in range(20, 24)}
    assert found.strays[0].agreement is Agreement.DISAGREE


def test_an_interrupted_audit_goes_on_where_it_ended(tmp_path: Path) -> None:
    people = [*GALLERY, *another_photo(GALLERY[[3, 290]], seed=33, change=0.15)]

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with opened(tmp_path) as matcher:
        enroll(matcher, {f"p{place}": [vector] for place, vector in enumerate(people)})
        whole = audit(matcher.gallery, matcher.scorer, None, expected=0.01)
        tally = AuditTally()
        with pytest.raises(KeyboardInterrupt):
            audit(matcher.gallery, matcher.scorer, None, expected=0.01, tally=tally, progress=stop)
        assert 0 < tally.people < len(people)
        rest = AuditTally(last=tally.last)
        audit(matcher.gallery, matcher.scorer, None, expected=0.01, tally=rest)
    assert {frozenset((pair.one[1], pair.other[1])) for pair in whole.pairs} == {
        frozenset(("p3", "p300")),
        frozenset(("p290", "p301")),
    }
    assert {*tally.pairs, *rest.pairs} == {(pair.one, pair.other) for pair in whole.pairs}
    assert tally.people + rest.people == whole.people == len(people)


@pytest.mark.long
def test_calibrating_on_ones_own_people_is_kept_and_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people = strangers(360, seed=41)
    second = another_photo(people, seed=42)
    with opened(tmp_path) as matcher:
        enroll(matcher, {f"p{place}": [people[place]] for place in range(50)})
        with pytest.raises(OutsideCalibration, match="50 people"):
            calibrate_on(matcher.gallery, None, today=date(2026, 1, 2))
        enroll(matcher, {f"p{place}": [people[place], second[place]] for place in range(360)})
        made = calibrate_on(matcher.gallery, "main", today=date(2026, 1, 2))
        monkeypatch.setattr(own_calibration, "MOST_PEOPLE", 340)
        fewer = calibrate_on(matcher.gallery, "main", today=date(2026, 1, 2))
    assert (made.source.people, made.source.date) == (360, "2026-01-02")
    assert fewer.source.people == 340
    keep_calibration(tmp_path, made)
    with opened(tmp_path) as matcher:
        assert matcher.scorer.calibration == made
        (answer,) = matcher.identify_many([probe(matcher, second[3])])
        assert "own people" in answer.scoring.calibration
    calibration_file(tmp_path, matcher.gallery.engine).write_text("{}")
    with pytest.raises(BadSetting, match="calibration"), opened(tmp_path):
        pass


@pytest.mark.long
def test_photos_that_consulates_confirmed_are_mates_and_never_references(tmp_path: Path) -> None:
    people = strangers(360, seed=43)
    second = another_photo(people, seed=44)
    with opened(tmp_path) as matcher:
        enroll(matcher, {f"p{place}": [people[place]] for place in range(360)})
        with pytest.raises(OutsideCalibration, match="0 of them with more than one"):
            calibrate_on(matcher.gallery, None, today=date(2026, 1, 2))
        mated = [CertainPair(second[place], ("main", f"p{place}"), "", True, place) for place in range(0, 360, 2)]
        # Said twice, of two people, of a gallery and a person that are not there: none of these counts.
        others = [
            mated[0], CertainPair(second[1], ("main", "p7"), "", False, 0),
            CertainPair(second[3], ("other", "p3"), "", True, 0), CertainPair(second[5], ("main", "gone"), "", True, 0),
        ]  # fmt: skip
        made = calibrate_on(matcher.gallery, "main", today=date(2026, 1, 2), pairs=[*mated, *others])
        assert "and 180 photos of cases that consulates confirmed" in made.source.description
        assert made == calibrate_on(matcher.gallery, "main", today=date(2026, 1, 2), pairs=mated[::-1])
        enroll(matcher, {f"p{place}": [second[place]] for place in range(0, 360, 2)})
        as_references = calibrate_on(matcher.gallery, "main", today=date(2026, 1, 2))
    assert made.source.mated > 100
    # The same photos, as references, may stand in galleries: then others are searched with.
    assert made.likelihood.ln(4.0) == pytest.approx(as_references.likelihood.ln(4.0), abs=1.5)
    assert made.false_matches.slope == pytest.approx(as_references.false_matches.slope, abs=0.3)


@given(score=st.floats(-5, 20), people=st.integers(1, 10**8))
@settings(max_examples=60, deadline=None)
def test_words_say_no_more_than_the_numbers(score: float, people: int) -> None:
    law = calibration().false_matches
    probability, reach = float(law.fpir(score, people)), law.reach(score)
    said = alarm_words(probability, reach)
    if probability < 0.5:
        assert said.startswith("at most" if reach is Reach.BEYOND else "about")
        one_in = int(said.split("1 in ")[1].split()[0].replace(",", ""))
        assert one_in == pytest.approx(1 / probability, rel=0.26)
    assert "people who are not in this gallery" in said


def test_ratios_in_words_keep_their_bounds() -> None:
    assert "at least 100 times" in ratio_words(2.0, Bound.AT_LEAST)
    assert "at least 100 times as likely between different people" in ratio_words(-2.0, Bound.AT_MOST)


def test_warmed_scores_are_the_same(tmp_path: Path) -> None:
    with opened(tmp_path) as matcher:
        enroll(matcher, {f"p{place}": [GALLERY[place]] for place in range(100)})
        cold = matcher.identify_many([probe(matcher, vector) for vector in UNKNOWN[:5]])
    with opened(tmp_path) as matcher:
        matcher.scorer.warm(threading.Event())
        warm = matcher.identify_many([probe(matcher, vector) for vector in UNKNOWN[:5]])
        for one, other in zip(cold, warm, strict=True):
            assert [c.score for c in one.candidates] == pytest.approx([c.score for c in other.candidates], abs=1e-4)
        # Another photo makes another template: what was remembered of the person no longer counts.
        enroll(matcher, {"p3": [LATER[3]]})
        (after,) = matcher.identify_many([probe(matcher, LATER[3])])
    with opened(tmp_path) as matcher:
        (anew,) = matcher.identify_many([probe(matcher, LATER[3])])
    assert after.candidates[0].score == pytest.approx(anew.candidates[0].score, abs=1e-4)


def test_nobody_who_was_removed_serves_as_a_stranger_any_longer(tmp_path: Path) -> None:
    many = strangers(ALWAYS_ANEW + 20, seed=24)
    with opened(tmp_path) as matcher:
        enroll(matcher, {f"p{place}": [vector] for place, vector in enumerate(many)})
        keys = {code_of(key): key for key in matcher.gallery.person_keys()}

        def crowd() -> set[str]:
            scale = matcher.scorer.scale(EVERYBODY, matcher.gallery.state())
            assert scale.crowd is not None
            return {keys[code][1] for code in scale.crowd.normaliser.codes.tolist()}

        matcher.scorer.warm(threading.Event())
        assert "p3" in crowd()
        matcher.gallery.remove_person(*next(key for key in keys.values() if key[1] == "p3"))
        matcher.scorer.warm(threading.Event())
        assert crowd() == {f"p{place}" for place in range(len(many))} - {"p3"}


def test_a_new_photo_unlike_the_persons_others_is_named(tmp_path: Path) -> None:
    with opened(tmp_path) as matcher:
        enroll(matcher, {f"p{place}": [GALLERY[place]] for place in range(80)})
        added = [LATER[5], UNKNOWN[7]]
        enroll(matcher, {"p5": added})
        vectors = [(vector * LENGTH).astype(np.float32) for vector in added]
        assert unlike_photos(matcher.scorer, matcher.gallery, ("main", "p5"), vectors)[1] is Agreement.DISAGREE
        enroll(matcher, {"p6": [LATER[6]]})
        alike = unlike_photos(matcher.scorer, matcher.gallery, ("main", "p6"), [(LATER[6] * LENGTH).astype(np.float32)])
        assert alike == (Agreement.AGREE,)
        alone = unlike_photos(matcher.scorer, matcher.gallery, ("main", "p7"), [(GALLERY[7] * LENGTH)])
        assert alone == (None,)
