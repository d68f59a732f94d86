"""Laws that whole searches keep, with the real records, index and scorer."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.among import EVERYBODY, Among
from matcher.errors import OutsideCalibration
from matcher.identification import Identification
from matcher.pipeline import Matcher
from matcher.scoring.crowd import ALWAYS_ANEW, code_of
from matcher.scoring.falsematch import Reach
from matcher.scoring.likeness import unit
from tests.matcher.live_parts import enroll, opened, probe
from tests.matcher.scoring_people import another_photo, strangers

PEOPLE = ALWAYS_ANEW + 40
GALLERY = strangers(PEOPLE, seed=71)
LATER = another_photo(GALLERY[:30], seed=72)
UNKNOWN = strangers(60, seed=73)
quick = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matcher]:
    """A gallery so large that its crowd stands still while a tenth of it changes."""
    with opened(tmp_path_factory.mktemp("settled")) as matcher:
        enroll(matcher, {f"p{place}": [GALLERY[place]] for place in range(PEOPLE)})
        matcher.identify_many([probe(matcher, LATER[0])])
        yield matcher


def said(answers: tuple[Identification, ...]) -> list[object]:
    """All numbers of answers, to the last bit."""
    return [
        (
            one.scoring.nobody,
            one.scoring.elsewhere,
            [(c.person.person_id, c.score, c.false_alarm_probability, c.confidence) for c in one.candidates],
        )
        for one in answers
    ]


@quick
@given(mate=st.integers(0, 29), newcomer=st.integers(0, 10**6), near=st.floats(0, 0.9))
@pytest.mark.long
def test_somebody_new_raises_the_mates_false_alarm_probability_by_the_gallerys_size_alone(
    settled: Matcher, mate: int, newcomer: int, near: float
) -> None:
    """While the crowd stands still: whoever is added, however like the mate or the probe."""
    photo = probe(settled, LATER[mate])
    (before,) = settled.identify_many([photo])
    added = unit(near * LATER[mate] + (1 - near) * strangers(1, seed=newcomer)[0])
    name = f"new{newcomer}-{mate}-{near}"
    enroll(settled, {name: [added]})
    (after,) = settled.identify_many([photo])
    settled.gallery.remove_person("main", name)
    old, new = (next(c for c in one.candidates if c.person.person_id == f"p{mate}") for one in (before, after))
    assert new.score == old.score
    assert old.false_alarm_probability is not None
    assert new.false_alarm_probability is not None
    assert old.false_alarm_probability <= new.false_alarm_probability
    assert new.false_alarm_probability <= old.false_alarm_probability * (1 + 1 / PEOPLE) * (1 + 1e-9)


@quick
@given(
    person=st.integers(0, 89),
    targets=st.tuples(st.floats(1e-6, 0.999), st.floats(1e-6, 0.999)),
    top=st.integers(1, 40),
)
def test_a_stricter_target_never_lengthens_a_list(
    settled: Matcher, person: int, targets: tuple[float, float], top: int
) -> None:
    photo = probe(settled, np.concatenate([LATER, UNKNOWN])[person])
    strict, loose = (settled.identify_many([photo], fpir=target, top=top)[0] for target in sorted(targets))
    assert len(strict.candidates) <= len(loose.candidates) <= top
    assert strict.candidates == loose.candidates[: len(strict.candidates)]


@pytest.mark.long
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), size=st.sampled_from([3, 14, 70, 150]))
def test_the_order_of_enrolment_changes_no_bit(tmp_path_factory: pytest.TempPathFactory, seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    photos = {
        f"p{place}": [GALLERY[place], *(another_photo(GALLERY[[place]], seed=place) if place % 4 == 0 else ())]
        for place in range(size)
    }
    answers = []
    for order in (list(photos), rng.permutation(list(photos)).tolist()):
        with opened(tmp_path_factory.mktemp("order")) as matcher:
            for part in np.array_split(order, rng.integers(1, 4)):
                enroll(matcher, {str(name): photos[str(name)][:: rng.choice([1, -1])] for name in part})
            answers.append(said(matcher.identify_many([probe(matcher, one) for one in (*LATER[:3], *UNKNOWN[:3])])))
    assert answers[0] == answers[1]


@pytest.mark.long
def test_neither_what_was_met_before_nor_the_photos_beside_it_change_a_bit(tmp_path: Path) -> None:
    probes = [*LATER[:4], *UNKNOWN[:4]]
    with opened(tmp_path) as matcher:
        enroll(matcher, {f"p{place}": [GALLERY[place]] for place in range(PEOPLE)})
        single = [said(matcher.identify_many([probe(matcher, one)]))[0] for one in probes]
    with opened(tmp_path) as matcher:
        matcher.scorer.warm(threading.Event())
        assert said(matcher.identify_many([probe(matcher, one) for one in probes])) == single
    kept = sorted(path.name for path in (tmp_path / "scores").iterdir())
    assert sorted(name.split(".")[-2] for name in kept) == ["crowd", "tails"]
    with opened(tmp_path) as matcher:
        assert said(matcher.identify_many([probe(matcher, one) for one in probes[::-1]])) == single[::-1]
    # Damaged, it is made anew.
    for name in kept:
        (tmp_path / "scores" / name).write_bytes(b"damaged")
    with opened(tmp_path) as matcher:
        assert said(matcher.identify_many([probe(matcher, one) for one in probes])) == single


def test_what_is_kept_holds_no_template_and_no_name(tmp_path: Path) -> None:
    with opened(tmp_path) as matcher:
        enroll(matcher, {f"secret-{place}": [GALLERY[place]] for place in range(PEOPLE)})
        matcher.scorer.warm(threading.Event())
        stored = matcher.gallery.vectors_by_person([("main", "secret-3")])["main", "secret-3"]
    content = b"".join(path.read_bytes() for path in (tmp_path / "scores").iterdir())
    assert len(content) < PEOPLE * 100
    assert b"secret" not in content
    assert stored.tobytes()[:32] not in content
    assert unit(stored).tobytes()[:32] not in content


@pytest.mark.long
def test_who_was_removed_is_forgotten(tmp_path: Path) -> None:
    everybody = Among(gallery=None)
    with opened(tmp_path) as matcher:
        enroll(matcher, {f"p{place}": [GALLERY[place]] for place in range(PEOPLE)})
        matcher.scorer.warm(threading.Event())
        crowd = matcher.scorer.scale(everybody, matcher.gallery.state()).crowd
        assert crowd is not None
        assert len(crowd.store) == PEOPLE
        matcher.gallery.remove_person("main", "p5")
        matcher.scorer.warm(threading.Event())
        # One of the cohort was removed, so it was learned anew.
        crowd = matcher.scorer.scale(everybody, matcher.gallery.state()).crowd
        assert crowd is not None
        assert len(crowd.store) == PEOPLE - 1
    (tails,) = (tmp_path / "scores").glob("*.tails.npy")
    codes = np.load(tails)[0]
    assert code_of(("main", "p5")) not in codes
    assert code_of(("main", "p6")) in codes


@pytest.mark.long
def test_a_cohort_that_changed_is_learned_anew(tmp_path: Path) -> None:
    with opened(tmp_path) as matcher:
        enroll(matcher, {f"p{place}": [GALLERY[place]] for place in range(PEOPLE)})
        matcher.identify_many([probe(matcher, LATER[0])])
    with opened(tmp_path) as matcher:
        matcher.gallery.remove_person("main", "p7")
        after = said(matcher.identify_many([probe(matcher, LATER[0])]))
    with opened(tmp_path / "fresh") as matcher:
        enroll(matcher, {f"p{place}": [GALLERY[place]] for place in range(PEOPLE) if place != 7})
        assert after == said(matcher.identify_many([probe(matcher, LATER[0])]))


def test_a_search_among_some_knows_that_they_are_more_alike_than_all(tmp_path: Path) -> None:
    """Two kinds of people, far apart: nearly all false matches are within a kind, so leaving out one kind helps none
    of those who belong to the other."""
    towards = unit(strangers(2, seed=74))
    kinds = [unit(strangers(400, seed=75 + kind) + 1.2 * towards[kind]) for kind in (0, 1)]
    with opened(tmp_path) as matcher:
        for kind, sex in enumerate("FM"):
            enroll(matcher, {f"{sex}{place}": [kinds[kind][place]] for place in range(250)}, sex=sex)
        among = Among(sexes=("F",))
        state = matcher.gallery.state()
        everyone, some = (matcher.scorer.scale(one, state) for one in (EVERYBODY, among))
        assert (everyone.people, some.people) == (500, 250)
        assert everyone.calibration is not None
        assert some.calibration is not None
        more = some.calibration.false_matches.factor / everyone.calibration.false_matches.factor
        assert 1.4 <= more <= 2.6
        # As many false alarms as said, where the plain rate for 250 people would have had half as many.
        probes = [probe(matcher, vector) for vector in kinds[0][250:]]
        found = matcher.identify_many(probes, among=among, top=1)
        said_to_be = [one.candidates[0].false_alarm_probability for one in found]
        assert 0.1 <= np.mean([chance <= 0.2 for chance in said_to_be if chance is not None]) <= 0.34


@pytest.mark.parametrize(("people", "reach"), [(1, Reach.MODELLED), (10, Reach.MODELLED), (250, Reach.MEASURED)])
def test_a_size_that_was_not_measured_says_so(tmp_path: Path, people: int, reach: Reach) -> None:
    with opened(tmp_path) as matcher:
        enroll(matcher, {f"p{place}": [GALLERY[place]] for place in range(people)})
        (answer,) = matcher.identify_many([probe(matcher, UNKNOWN[0])])
        assert {c.false_alarm_reach for c in answer.candidates} == {reach}
        assert ("smaller gallery than any" in answer.scoring.note) == (reach is Reach.MODELLED)


@pytest.mark.parametrize("people", [1, 2, 10, 10**6, 10**8])
def test_a_target_is_kept_or_refused_at_any_size(settled: Matcher, people: int) -> None:
    calibration = settled.scorer.calibration
    assert calibration is not None
    law = calibration.false_matches
    strictest = float(law.fpir(law.modelled_to, people))
    for target in (0.5, 0.01, 1e-4, 1e-9):
        if target < strictest:
            with pytest.raises(OutsideCalibration, match="strictest is"):
                law.threshold(target, people)
        else:
            assert law.fpir(law.threshold(target, people), people) == pytest.approx(target, rel=1e-6)
    with pytest.raises(OutsideCalibration):
        law.threshold(0.01, 10**8)


@pytest.mark.parametrize("photos", [1, 2, 10])
@pytest.mark.long
def test_more_photos_of_everybody_leave_false_alarms_as_predicted(tmp_path: Path, photos: int) -> None:
    seen = [another_photo(GALLERY[:260], seed=80 + number) for number in range(photos)]
    with opened(tmp_path) as matcher:
        enroll(matcher, {f"p{place}": [one[place] for one in seen] for place in range(260)})
        unknown = another_photo(strangers(250, seed=79), seed=99)
        found = matcher.identify_many([probe(matcher, vector) for vector in unknown], top=1)
    said_to_be = [one.candidates[0].false_alarm_probability or 0 for one in found]
    # 25 are expected below 0.1.
    assert 10 <= sum(chance <= 0.1 for chance in said_to_be) <= 45
