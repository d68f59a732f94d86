"""Which face of a photo is meant, and when nothing tells."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matcher.faces import Box, Face
from matcher.selection import select

SIDE = 250


def _face(x: float, y: float, width: float) -> Face:
    half = width / 2
    return Face(Box(x - half, y - half, x + half, y + half), np.zeros((5, 2), np.float32), 1.0)


def test_two_alike_side_by_side_are_contested() -> None:
    found = select([_face(70, 125, 90), _face(180, 125, 88)], SIDE, SIDE)
    assert found.ambiguous
    assert found.contested


def test_a_face_of_similar_size_at_the_rim_is_told_but_leaves_no_doubt() -> None:
    centred, rim = _face(125, 125, 100), _face(215, 60, 95)
    found = select([rim, centred], SIDE, SIDE)
    assert found.face is centred
    assert found.ambiguous
    assert not found.contested


def test_somebody_small_in_the_background_is_neither() -> None:
    found = select([_face(125, 125, 100), _face(130, 40, 50)], SIDE, SIDE)
    assert not found.ambiguous
    assert not found.contested


faces = st.builds(_face, st.floats(0, SIDE), st.floats(0, SIDE), st.floats(20, 200))


@given(st.lists(faces, min_size=1, max_size=6))
def test_what_is_contested_is_ambiguous_whatever_the_order(found: list[Face]) -> None:
    one, other = select(found, SIDE, SIDE), select(found[::-1], SIDE, SIDE)
    assert one.ambiguous or not one.contested
    if one.face is other.face:
        assert (one.ambiguous, one.contested) == (other.ambiguous, other.contested)
    assert {id(face) for face in (one.face, *one.others)} == {id(face) for face in found}
