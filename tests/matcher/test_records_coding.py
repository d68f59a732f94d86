"""What is written into columns comes back; attributes of different values differ."""

import itertools
import string

import numpy as np
import pycountry
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from matcher.errors import BadField
from matcher.faces import Box, Face
from matcher.nationality import ICAO_CODES, nationality_code
from matcher.records import coding
from matcher.records.enrolling import random_links

finite = st.floats(allow_nan=False, allow_infinity=False, width=32)


@given(st.lists(arrays(np.float32, 5, elements=finite), max_size=4))
def test_vectors_come_back_bit_by_bit(vectors: list[np.ndarray]) -> None:
    blobs = [coding.vector_bytes(vector) for vector in vectors]
    back = coding.vectors_of(blobs, 5)
    assert back.shape == (len(vectors), 5)
    assert back.dtype == np.float32
    assert back.tobytes() == b"".join(vector.tobytes() for vector in vectors)


def test_bytes_are_little_endian_whatever_the_machine() -> None:
    assert coding.vector_bytes(np.array([1.0], dtype=">f4")) == b"\x00\x00\x80\x3f"


@given(
    st.tuples(*[st.floats(-1e5, 1e5)] * 4),
    arrays(np.float32, st.tuples(st.integers(0, 7), st.just(2)), elements=finite),
    st.floats(0, 10),
    st.sampled_from([0, 90, 180, 270]),
)
def test_faces_come_back(box: tuple[float, float, float, float], points: np.ndarray, score: float, turn: int) -> None:
    face = Face(Box(*box), points, score, turn)
    back = coding.face_of(coding.face_text(face), coding.landmarks_bytes(face))
    assert back is not None
    assert (back.box, back.detection_score, back.turn) == (face.box, score, turn)
    np.testing.assert_array_equal(back.landmarks, points)


def test_no_face_comes_back_as_none() -> None:
    assert coding.face_of(coding.face_text(None), coding.landmarks_bytes(None)) is None


def test_every_nationality_has_a_number_of_its_own() -> None:
    codes = [country.alpha_3 for country in pycountry.countries] + sorted(ICAO_CODES)
    assert all(nationality_code(code) == code for code in codes)
    assert len({coding.nationality_number(code) for code in ["", *codes]}) == len(codes) + 1
    every = map("".join, itertools.product(string.ascii_uppercase, repeat=3))
    assert len({coding.nationality_number(code) for code in every}) == 26**3
    assert coding.nationality_number("CHN") == 2417


def test_attributes_of_what_is_not_stated_are_zero() -> None:
    assert coding.attributes(4, "", "", "") == (4, 0, 0, 0)
    assert coding.attributes(4, "CHN", "X", "1980-05") == (4, 2417, 9, 1980)


@pytest.mark.parametrize("digest", ["", "ab", "g" * 64, "a" * 63, "a" * 66, " " + "a" * 63, "a " * 32])
def test_digests_that_are_none(digest: str) -> None:
    with pytest.raises(BadField):
        coding.digest_bytes(digest)


def test_links_are_numbers_that_every_database_holds() -> None:
    links = random_links(10_000)
    assert len(set(links)) == 10_000
    assert 0 <= min(links) <= max(links) < 2**63
    assert random_links(0) == []
