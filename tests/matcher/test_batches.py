"""A photo's answer is its own: to the last bit the same alone, among others, and whoever was met before."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.identification import Candidate, Identification
from matcher.pipeline import Matcher
from matcher.preparing import PhotoState, PreparedPhoto
from matcher.scoring.likeness import on_grid, similarities, similarities_on_grid, unit
from matcher.scoring.opening import open_scorer
from tests.matcher.live_parts import DIMENSION, enroll, opened, probe

PEOPLE = 130
PROBES = 9


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("batches")


@pytest.fixture(scope="module")
def matcher(home: Path) -> Iterator[Matcher]:
    """130 people; one of them has more photos than a search retrieves at first, all of them near the last probe."""
    rng = np.random.default_rng(9)
    vectors = unit(rng.normal(size=(PEOPLE, DIMENSION)))
    with opened(home) as matcher:
        enroll(matcher, {f"p{number}": [vector] for number, vector in enumerate(vectors)})
        many = unit(_vector(PROBES - 1) + rng.normal(size=(230, DIMENSION)) / 30)
        enroll(matcher, {"many": list(many)})
        yield matcher


def _vector(number: int) -> np.typing.NDArray[np.float32]:
    return unit(np.random.default_rng(1000 + number).normal(size=(1, DIMENSION)))[0]


@pytest.fixture(scope="module")
def alone(matcher: Matcher) -> tuple[tuple[Candidate, ...], ...]:
    return tuple(_candidates(_search(matcher, [number])[0]) for number in range(PROBES))


def _search(matcher: Matcher, numbers: list[int]) -> tuple[Identification, ...]:
    """By a process that has met nobody yet."""
    fresh = Matcher(matcher.engine, matcher.gallery, scorer=open_scorer(matcher.gallery, Path("/nowhere"), prior=0.5))
    return fresh.identify_many([probe(matcher, _vector(number)) for number in numbers], top=7)


def _candidates(answer: Identification) -> tuple[Candidate, ...]:
    return answer.candidates


@pytest.mark.long
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=st.lists(st.integers(0, PROBES - 1), min_size=1, max_size=12))
def test_an_answer_does_not_depend_on_the_photos_beside_it(
    matcher: Matcher, alone: tuple[tuple[Candidate, ...], ...], numbers: list[int]
) -> None:
    for number, answer in zip(numbers, _search(matcher, numbers), strict=True):
        # Every number in it, not about but exactly.
        assert answer.candidates == alone[number]


@pytest.mark.long
@settings(max_examples=4, deadline=None)
@given(order=st.permutations(range(PROBES)))
def test_an_answer_does_not_depend_on_earlier_searches(
    matcher: Matcher, alone: tuple[tuple[Candidate, ...], ...], order: list[int]
) -> None:
    scorer = open_scorer(matcher.gallery, Path("/nowhere"), prior=0.5)
    same = Matcher(matcher.engine, matcher.gallery, scorer=scorer)
    for number in order:
        (answer,) = same.identify_many([probe(matcher, _vector(number))], top=7)
        assert answer.candidates == alone[number]


def test_photos_without_a_face_between_them_change_nothing(
    matcher: Matcher, alone: tuple[tuple[Candidate, ...], ...]
) -> None:
    blank = PreparedPhoto(PhotoState.NO_FACE)
    found = matcher.identify_many([blank, probe(matcher, _vector(2)), blank, probe(matcher, _vector(0))], top=7)
    assert [answer.candidates for answer in found] == [(), alone[2], (), alone[0]]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), dimension=st.sampled_from([8, 128, 512]), data=st.data())
def test_products_on_the_grid_are_exact_in_any_company(seed: int, dimension: int, data: st.DataObject) -> None:
    rng = np.random.default_rng(seed)
    left, right = (unit(rng.normal(size=(size, dimension))) for size in (70, 90))
    # Copies and opposites have the largest products there are.
    right[:3], right[3:6] = left[:3], -left[:3]
    whole = similarities_on_grid(on_grid(left), on_grid(right))
    rows = data.draw(st.lists(st.integers(0, 69), min_size=1, max_size=40))
    columns = data.draw(st.lists(st.integers(0, 89), min_size=1, max_size=60))
    part = similarities_on_grid(on_grid(left[rows]), on_grid(right[columns]))
    assert np.array_equal(part, whole[np.ix_(rows, columns)])
    steps = (on_grid(left).astype(np.float64) * 4096) @ (on_grid(right).astype(np.float64) * 4096).T
    assert np.array_equal((on_grid(left) @ on_grid(right).T).astype(np.float64) * 4096**2, steps)
    # Where vectors are nearly the same, the square root makes a small error of the product a larger one.
    apart = similarities(left, right) < -0.1
    assert np.abs(whole - similarities(left, right))[apart].max() < 2e-2
    assert np.abs(whole**2 - similarities(left, right) ** 2).max() < 4e-3
