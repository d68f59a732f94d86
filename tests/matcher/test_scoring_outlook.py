"""What is known before people are read: who is left unread could not have been in the list."""

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from index.base import Hits
from matcher.among import EVERYBODY, Among
from matcher.faces import Vector
from matcher.identification import Identification
from matcher.pipeline import DEPTH, Matcher
from matcher.scoring import crowd, live, rating
from matcher.scoring.outlook import Outlook
from matcher.scoring.rating import Asked
from matcher.scoring.tail import Tail
from tests.matcher.live_parts import LENGTH, enroll, opened, probe
from tests.matcher.scoring_people import another_photo, strangers

PEOPLE = strangers(900, seed=61)
LATER = another_photo(PEOPLE, seed=62)
UNKNOWN = strangers(20, seed=63)
PROBES = [*LATER[:15], *UNKNOWN[:5]]


@pytest.fixture(autouse=True)
def large_from_few_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (live, rating):
        monkeypatch.setattr(module, "CROWDED", 600)
    # Of the cohort nothing is known ahead, so it must not be everybody.
    monkeypatch.setattr(crowd, "LARGEST_COHORT", 150)


def asked(matcher: Matcher, among: Among = EVERYBODY) -> list[Identification]:
    """All probes in one call, and one by itself that must be answered alike."""
    prepared = [probe(matcher, vector) for vector in PROBES]
    together = matcher.identify_many(prepared, among=among)
    (alone,) = matcher.identify_many(prepared[3:4], among=among)
    assert told([alone]) == told([together[3]])
    return list(together)


def told(answers: list[Identification]) -> list[object]:
    return [(answer.outcome, answer.candidates, answer.scoring) for answer in answers]


def read_of(matcher: Matcher, vector: Vector) -> int | None:
    """How many of a search's hits are read; None where nothing is known ahead."""
    state = matcher.gallery.state()
    scale, asking = matcher.scorer.scale(EVERYBODY, state), Asked(20)
    glance = matcher.scorer.glance((vector * LENGTH)[None], scale, state, asking)
    if glance is None:
        return None
    counts: list[int] = []

    def choose(hits: Hits) -> NDArray[np.bool_]:
        chosen = glance.worth_reading(hits, [0])
        counts.append(int(chosen.sum()))
        return chosen

    matcher.gallery.search_people((vector * LENGTH)[None], DEPTH, choose=choose)
    return counts[0]


def fill(matcher: Matcher) -> None:
    enroll(matcher, {f"p{place}": [vector] for place, vector in enumerate(PEOPLE)})
    # Some have two photos; of them nothing is known ahead.
    enroll(matcher, {f"p{place}": [LATER[place]] for place in range(100, 130)})


@pytest.mark.long
def test_answers_are_the_same_whether_or_not_everybody_was_read(tmp_path: Path) -> None:
    named = Among(gallery="main")
    with opened(tmp_path) as matcher:
        fill(matcher)
        assert read_of(matcher, PROBES[0]) is None
        cold, narrowed = asked(matcher), asked(matcher, named)
    with opened(tmp_path) as matcher:
        matcher.scorer.scale(named, matcher.gallery.state())
        matcher.scorer.warm(threading.Event())
        read = read_of(matcher, PROBES[0])
        assert read is not None
        assert 80 <= read < DEPTH - 50
        assert told(asked(matcher)) == told(cold)
        assert told(asked(matcher, named)) == told(narrowed)


def test_who_changed_since_is_read(tmp_path: Path) -> None:
    with opened(tmp_path) as matcher:
        fill(matcher)
        matcher.scorer.warm(threading.Event())
        scale = matcher.scorer.scale(EVERYBODY, matcher.gallery.state())
        assert scale.crowd is not None
        cohort = set(scale.crowd.normaliser.codes.tolist())
        others = [place for place in range(15) if crowd.code_of(("main", f"p{place}")) not in cohort]
        # A second photo of two, somebody new, and somebody removed.
        enroll(matcher, {f"p{others[0]}": [LATER[others[0]]], f"p{others[1]}": [UNKNOWN[1]], "new": [UNKNOWN[0]]})
        matcher.gallery.remove_person("main", f"p{others[2]}")
        read = read_of(matcher, PROBES[0])
        assert read is not None
        assert read < DEPTH
        ahead = asked(matcher)
        scale.crowd.ahead.outlook = None
        assert read_of(matcher, PROBES[0]) is None
        assert told(asked(matcher)) == told(ahead)


def test_it_is_kept_with_what_was_learned(tmp_path: Path) -> None:
    with opened(tmp_path) as matcher:
        fill(matcher)
        matcher.scorer.warm(threading.Event())
        before = asked(matcher)
    with opened(tmp_path) as matcher:
        read = read_of(matcher, PROBES[0])
        assert read is not None
        assert read < DEPTH
        assert told(asked(matcher)) == told(before)


@given(
    st.integers(1, 60).flatmap(
        lambda size: st.tuples(
            arrays.arrays(np.float32, size, elements=st.floats(0.25, 1.5, width=16)),
            arrays.arrays(np.bool_, size),
            st.integers(0, 20),
        )
    )
)
def test_unknown_ones_and_the_highest_are_read(given_: tuple[NDArray[np.float32], NDArray[np.bool_], int]) -> None:
    distances, known, most = given_
    rng = np.random.default_rng(len(distances))
    ids = rng.permutation(1000)[: len(distances)].astype(np.int64)
    tails = Tail(rng.normal(-0.9, 0.05, len(ids)), rng.uniform(0.02, 0.08, len(ids)))
    rows = np.flatnonzero(known)
    outlook = Outlook.of([(ids[rows], tails.take(rows))], 5)
    side = Tail(np.array([-0.9]), np.array([0.05]))
    chosen = outlook.worth_reading(ids, distances, side, most)
    assert chosen[~known].all()
    scores = tails.z(-distances.astype(np.float64)) + side.z(-distances.astype(np.float64))
    assert np.count_nonzero(chosen & known) == min(most, known.sum())
    if (chosen & known).any() and (~chosen).any():
        assert scores[chosen & known].min() >= scores[~chosen].max()


def test_of_the_outdated_nothing_is_known_and_files_are_whole_or_not_there(tmp_path: Path) -> None:
    ids = np.arange(10, 40, dtype=np.int64)
    outlook = Outlook.of([(ids, Tail(np.full(30, -0.9), np.full(30, 0.05)))], 3).at(9, [12, 11])
    side = Tail(np.array([-0.9]), np.array([0.05]))
    asked_for = np.array([39, 11, 12, -1], dtype=np.int64)
    chosen = outlook.worth_reading(asked_for, np.ones(4, dtype=np.float32), side, 0)
    assert chosen.tolist() == [False, True, True, False]
    place = tmp_path / "ahead.npz"
    assert Outlook.load(place) is None
    outlook.save(place)
    again = Outlook.load(place)
    assert again is not None
    assert (again.version, again.outdated.tolist()) == (9, [11, 12])
    place.write_bytes(place.read_bytes()[:-40])
    assert Outlook.load(place) is None
