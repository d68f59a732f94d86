"""Tails that were drawn once are found again, for the very same template only."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.scoring.remembered import TailStore, marks_of
from matcher.scoring.tail import Tail
from tests.matcher.scoring_people import strangers

codes = st.integers(0, 2**63 - 1)
numbers = st.integers(-(2**63), 2**63 - 1)
entries = st.lists(st.tuples(codes, numbers, st.floats(-2, 0), st.floats(1e-6, 2)), max_size=40)


def kept(store: TailStore, rows: list[tuple[int, int, float, float]]) -> None:
    names, marks, levels, spreads = (list(column) for column in zip(*rows, strict=True)) if rows else ([],) * 4
    store.keep(names, np.array(marks, dtype=np.int64), Tail(np.array(levels, float), np.array(spreads, float)))


@settings(max_examples=60, deadline=None)
@given(parts=st.lists(entries, max_size=4), asked=st.lists(codes, max_size=5))
def test_the_last_one_kept_is_found_also_from_a_file(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[tuple[int, int, float, float]]], asked: list[int]
) -> None:
    store, place = TailStore(), tmp_path_factory.mktemp("tails") / "tails.npy"
    truth: dict[int, tuple[int, float, float]] = {}
    for rows in parts:
        kept(store, rows)
        truth |= {code: (mark, level, spread) for code, mark, level, spread in rows}
        if len(rows) % 2:
            store.save(place)
            store = TailStore.load(place)
    assert len(store) >= len(truth)
    everyone = [*truth, *asked]
    marks = np.array([truth[code][0] if code in truth else 0 for code in everyone], dtype=np.int64)
    found, known = store.find(everyone, marks)
    for row, code in enumerate(everyone):
        assert known[row] == (code in truth)
        if code in truth:
            assert (found.level[row], found.spread[row]) == truth[code][1:]
    others, none = store.find(list(truth), marks[: len(truth)] ^ 1)
    assert not none.any()
    assert len(others) == len(truth)


def test_many_are_sorted_in_and_changed_ones_replaced() -> None:
    store, rng = TailStore(), np.random.default_rng(0)
    names = rng.permutation(120_000)
    for part in np.array_split(names, 7):
        store.keep(part.tolist(), part.astype(np.int64), Tail(part / 1000, part / 500 + 1))
    changed = names[:500]
    store.keep(changed.tolist(), -changed.astype(np.int64), Tail(changed * 0.0, changed * 0.0 + 1))
    assert len(store) <= 120_500
    found, known = store.find(names[500:900].tolist(), names[500:900].astype(np.int64))
    assert known.all()
    assert (found.level == names[500:900] / 1000).all()
    assert not store.find(changed[changed > 0].tolist(), changed[changed > 0].astype(np.int64))[1].any()
    assert store.find(changed.tolist(), -changed.astype(np.int64))[1].all()


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"nonsense" * 50])
def test_a_file_that_is_no_store_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tails.npy").write_bytes(content)
    assert len(TailStore.load(tmp_path / "tails.npy")) == 0
    np.save(tmp_path / "tails.npy", np.zeros((3, 4)))
    assert len(TailStore.load(tmp_path / "tails.npy")) == 0


def test_marks_tell_templates_apart_and_are_the_same_in_every_process() -> None:
    vectors = strangers(2000, seed=5)
    assert len(set(marks_of(vectors).tolist())) == 2000
    nearly = vectors[:100].copy()
    nearly[:, 7] = np.nextafter(nearly[:, 7], 2)
    assert (marks_of(nearly) != marks_of(vectors[:100])).all()
    assert marks_of(np.ones((1, 4), np.float32)).tolist() == [-8670036695088058812]
