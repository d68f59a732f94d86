"""What is made of searches: rates and their laws, fairness, and whether predictions hold."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.evaluation import people_share, reliability
from matcher.evaluation.candour import confidence, predictions, ratios
from matcher.evaluation.fairness import fairness
from matcher.evaluation.pairs import Pairs
from matcher.evaluation.rates import TARGETS, measurable, measure
from matcher.evaluation.searches import Search
from matcher.evaluation.sizes import SizedSearches
from tests.matcher.evaluation_parts import LAW, search, searches


def searches_of_strangers(count: int, *, score: float) -> list[Search]:
    return [search(f"w{place}", mated=False, score=score) for place in range(count)]


few = st.integers(0, 10_000).map(lambda seed: searches(60, seed=seed))


class TestShares:
    @given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=30))
    def test_the_interval_holds_the_share(self, trials: list[tuple[bool, int]]) -> None:
        found = people_share([event for event, _ in trials], np.array([who for _, who in trials]), draws=50)
        assert 0 <= found.interval.low <= found.value <= found.interval.high <= 1
        assert found.events == sum(event for event, _ in trials)

    def test_no_event_leaves_room_for_some(self) -> None:
        found = people_share([False] * 30, np.arange(30))
        assert found.interval.low == 0
        assert found.interval.high == pytest.approx(0.1135, abs=1e-3)

    def test_many_photos_of_few_people_are_not_many_people(self) -> None:
        rng = np.random.default_rng(3)
        luck = np.repeat(rng.random(20) < 0.3, 50)
        grouped = people_share(luck, np.repeat(np.arange(20), 50)).interval
        alone = people_share(luck, np.arange(1000)).interval
        assert grouped.high - grouped.low > 4 * (alone.high - alone.low)

    def test_the_interval_covers_the_truth(self) -> None:
        rng = np.random.default_rng(4)
        people = np.repeat(np.arange(60), 3)
        covered = 0
        for _ in range(60):
            # Each person has a rate of their own, 0.2 on average.
            events = rng.random(180) < np.repeat(rng.beta(0.8, 3.2, 60), 3)
            covered += 0.2 in people_share(events, people, draws=200, rng=rng).interval
        assert covered >= 53

    def test_nothing_tried_is_not_nothing_happened(self) -> None:
        found = people_share([], np.array([], dtype=np.str_))
        assert np.isnan(found.value)
        assert (found.interval.low, found.interval.high) == (0, 1)

    def test_weights_move_the_mixture(self) -> None:
        (entry,) = reliability([0.5, 0.5, 0.5, 0.5], [True, False, False, False], bins=1, weights=[3, 1, 1, 1])
        assert entry.observed == pytest.approx(0.5)
        assert entry.interval.high < 1
        with pytest.raises(ValueError, match="above 0"):
            reliability([0.5], [True], weights=[0])


class TestRates:
    @settings(max_examples=10, deadline=None)
    @given(few)
    def test_a_stricter_target_never_raises_fpir_nor_lowers_fnir(self, made: tuple[Search, ...]) -> None:
        found = measure(made, top=20)
        for points in (found.at_observed, found.as_asked):
            assert [point.target for point in points] == sorted((point.target for point in points), reverse=True)
            for loose, strict in pairwise(points):
                assert strict.fpir.value <= loose.fpir.value
                assert strict.fnir.value >= loose.fnir.value
        for point in found.at_observed:
            assert point.fpir.value <= point.target + 1e-9

    @settings(max_examples=10, deadline=None)
    @given(few)
    def test_more_ranks_never_hit_less(self, made: tuple[Search, ...]) -> None:
        hits = [one.hit.value for one in measure(made, top=20).ranks]
        assert hits == sorted(hits)
        assert len(hits) == 20

    @settings(max_examples=10, deadline=None)
    @given(few, st.randoms(use_true_random=False))
    def test_the_order_of_searches_changes_no_rate(self, made: tuple[Search, ...], chance: object) -> None:
        turned = list(made)
        chance.shuffle(turned)  # type: ignore[attr-defined]
        before, after = measure(made, top=5), measure(turned, top=5)
        assert [p.fnir.value for p in before.at_observed] == [p.fnir.value for p in after.at_observed]
        assert before.det == after.det

    def test_a_photo_that_gave_nothing_is_a_miss_and_no_false_alarm(self) -> None:
        lost = (search("x", mated=True, score=None), search("y", mated=False, score=None))
        seen = (search("z", mated=True, score=5.0, mate=(1, 5.0)), *searches_of_strangers(9, score=1.0))
        found = measure((*lost, *seen), top=20)
        assert found.not_acquired.value == pytest.approx(2 / 12)
        assert found.reasons == {"no_face": 2}
        assert found.rank_1.value == 0.5
        assert {point.fnir.value for point in found.as_asked} == {0.5}
        assert found.as_asked[0].fpir.value == 0

    def test_targets_go_as_far_as_searches_can_tell(self) -> None:
        assert measurable(100) == (0.3, 0.1, 0.03, 0.01)
        assert measurable(1_000) == TARGETS
        assert measurable(3) == ()

    def test_without_calibration_nothing_is_asked_by_probability(self) -> None:
        found = measure(searches(60, calibrated=False), top=20)
        assert found.as_asked == ()
        assert found.at_observed

    def test_rates_need_both_kinds(self) -> None:
        with pytest.raises(ValueError, match="0 mated"):
            measure([search("a", mated=False, score=1.0)], top=20)

    def test_the_same_searches_give_the_same_intervals(self) -> None:
        assert measure(searches(80), top=20) == measure(searches(80), top=20)


class TestPromises:
    def test_true_predictions_are_found_true(self) -> None:
        made = searches(2_000)
        (size,) = predictions(made, 100, ())
        for point in size.points:
            assert point.observed.low <= point.predicted <= point.observed.high
            if point.predicted >= 0.03:
                assert 1 / 1.3 < point.ratio < 1.3

    def test_false_predictions_are_found_false(self) -> None:
        # Said for a hundredth of the people who are there.
        made = [search(f"p{place}", mated=False, score=3.0, people=1) for place in range(200)]
        (size,) = predictions(made, 1, ())
        assert size.points[0].observed.value == 1.0
        assert size.points[0].ratio == pytest.approx(1 / 0.3)

    def test_smaller_galleries_come_first(self) -> None:
        sized = SizedSearches(50, 2, tuple(LAW.fpir(np.array([1.0, 2.5, 3.0, 4.0]), 50)), ("a", "a", "b", "c"))
        found = predictions(searches(60), 100, (sized,))
        assert [one.people for one in found] == [50, 100]
        assert found[0].samples == 2
        assert found[0].points[0].observed.people == 3

    def test_confidence_is_weighed_to_its_prior(self) -> None:
        made = searches(800)
        found = confidence(made, 0.5)
        assert found is not None
        assert sum(entry.weight for entry in found.bins) == pytest.approx(1)
        assert found.low <= found.high
        few_mated = [one for place, one in enumerate(made) if not one.mated or place % 10 == 0]
        thinned = confidence(few_mated, 0.5)
        assert thinned is not None
        # A tenth of the mated searches, and yet half of the weight is theirs.
        right = sum(entry.weight * entry.observed for entry in thinned.bins)
        assert right == pytest.approx(sum(entry.weight * entry.observed for entry in found.bins), abs=0.05)
        assert confidence(searches(60, calibrated=False), 0.5) is None

    def test_ratios_of_a_sample(self) -> None:
        rng = np.random.default_rng(6)
        mated, others = rng.normal(2, 1, 400), rng.normal(0, 1, (40, 50))
        exact = Pairs(
            tuple((2 * mated - 2) / np.log(10)),
            tuple(map(str, range(400))),
            tuple(map(tuple, (2 * others - 2) / np.log(10))),
            tuple(map(str, range(40))),
        )
        found = ratios(exact)
        assert found is not None
        assert found.cllr_min <= found.cllr < found.cllr_min + 0.03
        assert found.low <= found.cllr <= found.high
        assert (found.mated, found.non_mated) == (400, 2_000)
        assert ratios(None) is None


class TestFairness:
    def test_equal_groups_are_not_told_to_differ(self) -> None:
        found = fairness(searches(2_000, groups=("north", "south")))
        assert found is not None
        assert [entry.group for entry in found.groups] == ["north", "south"]
        assert found.false_alarms.too_few == ""
        assert found.false_alarms.by_chance > 0.01
        assert found.false_alarms.low <= found.false_alarms.ratio <= found.false_alarms.high

    def test_unequal_groups_are(self) -> None:
        made = list(searches(2_000, groups=("north", "south")))
        raised = [
            search(one.person_id, mated=False, score=one.first.score + 0.8, group=one.group)
            if not one.mated and one.group == "south" and one.first is not None
            else one
            for one in made
        ]
        found = fairness(raised)
        assert found is not None
        assert found.false_alarms.worst == "south"
        assert found.false_alarms.low > 1.5
        assert found.false_alarms.by_chance < 0.01

    def test_too_few_is_said(self) -> None:
        found = fairness(searches(80, groups=("north", "south")))
        assert found is not None
        assert "north has" in found.false_alarms.too_few

    def test_unstated_groups_are_left_out_and_counted(self) -> None:
        found = fairness(searches(600, groups=("north", "south", "")))
        assert found is not None
        assert found.left_out == 200
        assert fairness(searches(60)) is None
        assert fairness(searches(60, groups=("one",))) is None
