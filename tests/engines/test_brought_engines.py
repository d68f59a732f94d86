"""Brought and joined engines keep what every engine promises, and align and scale as OpenCV does."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from matcher.engine_joining import Weight, join_engines
from matcher.engines.base import Engine, Points
from matcher.engines.brought.engine import BroughtEngine, Models
from matcher.engines.brought.frame import CORNERS, aligned, frame_of, inverse_of, moved, similarity, turn_of
from matcher.engines.brought.manifest import Channels, DetectorKind, Kind, Layout, Metric, Output, Pixels
from matcher.engines.brought.network import FaceNetwork
from matcher.engines.brought.shelf import Shelf
from matcher.engines.networks import Precision
from matcher.engines.opening import engine_spec, open_engine
from matcher.errors import BadEngine, EngineUnavailable
from matcher.faces import Face
from matcher.photo import Photo
from matcher.scoring.fusion import join
from matcher.scoring.likeness import unit
from tests.engines import test_engine_contract as contract
from tests.engines.conftest import drawn
from tests.engines.onnx_models import DIMENSION, add_network, keep_network, network

FLAT = Output("vector", DIMENSION, Metric.L2, False)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """A home with a brought network and its union with the default engine."""
    place = tmp_path_factory.mktemp("brought") / "home"
    add_network(place, cache)
    join_engines(place, "both", ("dlib-resnet", "tiny"), Weight(2.0, "given"), today="2026-01-02")
    return place


def opened(home: Path, name: str, cache: Path) -> Engine:
    return open_engine(name, cache=cache, precision=Precision.AUTO, threads=1, home=home)


@pytest.fixture(scope="module", params=["tiny", "both"])
def any_engine(request: pytest.FixtureRequest, home: Path, cache: Path) -> Engine:
    engine = opened(home, request.param, cache)
    assert engine.spec == engine_spec(request.param, home=home)
    return engine


test_the_same_person_is_nearer_than_others = contract.test_the_same_person_is_nearer_than_others
test_values_have_the_promised_form = contract.test_values_have_the_promised_form
test_no_face_is_an_empty_answer = contract.test_no_face_is_an_empty_answer
test_threads_get_the_same_answers = contract.test_threads_get_the_same_answers
test_the_photo_is_not_changed = contract.test_the_photo_is_not_changed


def test_a_joined_template_is_its_parts_side_by_side(home: Path, cache: Path) -> None:
    both, own, tiny = (opened(home, name, cache) for name in ("both", "dlib-resnet", "tiny"))
    photo = drawn(3)
    faces = both.detect(photo)
    together = both.embed(photo, faces)
    first, second = unit(own.embed(photo, faces)), unit(tiny.embed(photo, faces))
    assert np.allclose(together, join(first, second, weight=2.0), atol=1e-6)
    assert np.allclose(unit(together[:, :128]), first, atol=1e-5)
    assert np.allclose(unit(together[:, 128:]), second, atol=1e-5)
    assert [part.dimension for part in both.spec.parts] == [128, DIMENSION]


def test_a_joined_engine_looks_for_faces_once(home: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from matcher.engines import dlib_resnet

    looked = []
    really = dlib_resnet.detect
    monkeypatch.setattr(dlib_resnet, "detect", lambda *given: looked.append(1) or really(*given))
    both = opened(home, "both", cache)
    photo = drawn(3)
    both.embed(photo, both.detect(photo))
    assert len(looked) == 1


def test_a_part_that_is_another_now_is_refused(home: Path, cache: Path, tmp_path: Path) -> None:
    place = tmp_path / "home"
    keep_network(place)
    join_engines(place, "both", ("dlib-resnet", "tiny"), Weight(2.0, "given"), today="2026-01-02")
    Shelf(place).remove("tiny")
    with pytest.raises(EngineUnavailable, match="tiny"):
        opened(place, "both", cache)
    keep_network(place, mirror=False)
    with pytest.raises(EngineUnavailable, match="join them again"):
        opened(place, "both", cache)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [(("tiny", "tiny"), "itself"), (("both", "tiny"), "joined itself"), (("tiny", "no"), "no engine")],
)
def test_what_can_not_be_joined_is_told(home: Path, parts: tuple[str, str], reason: str) -> None:
    with pytest.raises((BadEngine, EngineUnavailable), match=reason):
        join_engines(home, "third", parts, Weight(1.0, "given"), today="2026-01-02")


def test_a_model_that_was_changed_is_not_opened(home: Path, cache: Path, tmp_path: Path) -> None:
    place = tmp_path / "home"
    file = keep_network(place).model
    path = Shelf(place).model_path(file)
    path.write_bytes(network(seed=1))
    with pytest.raises(EngineUnavailable, match="was changed"):
        opened(place, "tiny", cache)


def _network(content: bytes, *, channels: Channels = Channels.RGB, layout: Layout = Layout.NCHW) -> FaceNetwork:
    return FaceNetwork(content, Pixels(channels, layout, 255.0, (9.0, 7.0, 5.0), (2.0, 3.0, 4.0)), FLAT, threads=1)


def _chips(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, 112, 112, 3)).astype(np.uint8)


def test_layout_and_batch_do_not_change_a_vector() -> None:
    chips = _chips(3)
    wanted = _network(network())(chips)
    for other in (
        _network(network(batch=1))(chips),
        _network(network(nhwc=True), layout=Layout.NHWC)(chips),
        np.concatenate([_network(network())(chip[None]) for chip in chips]),
    ):
        assert np.allclose(other, wanted, rtol=1e-4, atol=1e-2)


def test_channels_and_scaling_are_as_stated() -> None:
    """Against the network's own sums, on values scaled by hand."""
    chip = _chips(1)
    plain = FaceNetwork(network(), Pixels(Channels.RGB, Layout.NCHW, 255.0, (0.0,) * 3, (1.0,) * 3), FLAT, threads=1)
    # (value - mean) / std of whole numbers that stay whole, so that the chip can be scaled by hand.
    whole = (chip // 4 * 4).astype(np.uint8)
    scaled = Pixels(Channels.RGB, Layout.NCHW, 255.0, (4.0,) * 3, (4.0,) * 3)
    lifted = np.maximum(whole, 4)
    by_hand = plain(((lifted.astype(int) - 4) // 4).astype(np.uint8))
    assert np.allclose(FaceNetwork(network(), scaled, FLAT, threads=1)(lifted), by_hand, rtol=1e-3, atol=1e-2)
    turned = Pixels(Channels.BGR, Layout.NCHW, 255.0, (0.0,) * 3, (1.0,) * 3)
    reversed_ = np.ascontiguousarray(chip[..., ::-1])
    assert np.allclose(FaceNetwork(network(), turned, FLAT, threads=1)(chip), plain(reversed_), rtol=1e-4)


def test_the_mirror_image_is_averaged_in() -> None:
    chip = _chips(1)
    pixels = Pixels(Channels.RGB, Layout.NCHW, 1.0, (0.5,) * 3, (0.5,) * 3)
    both = FaceNetwork(network(), pixels, Output("vector", DIMENSION, Metric.COSINE, True), threads=1)
    alone = FaceNetwork(network(), pixels, Output("vector", DIMENSION, Metric.COSINE, False), threads=1)
    one, other = alone(chip)[0], alone(np.ascontiguousarray(chip[:, :, ::-1]))[0]
    assert np.allclose(both(chip)[0], (one + other) / np.linalg.norm(one + other), atol=1e-5)
    assert np.allclose(both(chip), both(np.ascontiguousarray(chip[:, :, ::-1])), atol=1e-5)


def test_sface_is_opencvs(tmp_path: Path, cache: Path, home: Path) -> None:
    """cv2.FaceRecognizerSF aligns, scales and runs the same network on the same points."""
    file = tmp_path / "one.onnx"
    file.write_bytes(network(batch=1))
    sface = keep_network(
        tmp_path / "home", "sface", content=network(batch=1), kind=Kind.SFACE, detector=DetectorKind.OWN
    )
    engine = BroughtEngine(sface, Models(network(batch=1)), own=lambda: opened(home, "dlib-resnet", cache), threads=1)
    oracle = cv2.FaceRecognizerSF.create(str(file), "")
    photo = drawn(2)
    box = engine.detect(photo)[0].box
    frame = np.array([[0.5, 0.03, 0.0], [-0.03, 0.5, 0.0]])
    frame[:, 2] = 56 - frame[:, :2] @ box.centre
    points = moved(_CENTRES, inverse_of(frame)).astype(np.float32)
    row = np.concatenate([[box.left, box.top, box.width, box.height], points.ravel(), [1.0]]).astype(np.float32)
    cut = oracle.alignCrop(np.ascontiguousarray(photo.pixels[..., ::-1]), row)
    ours = aligned(photo.pixels, frame_of(points, Points.CENTRES))
    assert np.abs(cut[..., ::-1].astype(int) - ours).max() <= 2
    vector = engine.embed_found(photo, [Face(box, points, 1.0)], Points.CENTRES)[0]
    theirs = oracle.feature(cut)[0]
    assert float(vector @ theirs / np.linalg.norm(theirs)) > 1 - 1e-4


_CENTRES = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)]
)

MAPS = st.builds(
    lambda scale, angle, x, y: np.array(
        [
            [scale * np.cos(angle), -scale * np.sin(angle), x],
            [scale * np.sin(angle), scale * np.cos(angle), y],
        ]
    ),
    st.floats(0.05, 20),
    st.floats(-3.1, 3.1),
    st.floats(-500, 500),
    st.floats(-500, 500),
)


@given(MAPS)
def test_a_similarity_is_found_again_and_undone(true: NDArray[np.float64]) -> None:
    points = moved(CORNERS, true)
    found = similarity(CORNERS, points)
    assert np.allclose(found, true, rtol=1e-6, atol=1e-4)
    assert np.allclose(moved(points, inverse_of(found)), CORNERS, atol=1e-4)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_frame_tells_the_turn_of_the_photo(turn: int) -> None:
    angle = np.radians(turn + 20)
    assert turn_of(np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0]])) == turn


@pytest.mark.long
def test_a_large_face_is_shrunk_without_skipping_pixels() -> None:
    """A fine chequered board becomes grey, at the place where it was."""
    board = np.indices((3000, 3000)).sum(axis=0) % 2 * 255
    pixels = np.repeat(board[..., None], 3, axis=2).astype(np.uint8)
    pixels[1200:1500, 1500:1800] = 255
    frame = np.array([[1 / 15, 0.0, -40.0], [0.0, 1 / 15, -40.0]])
    seen = aligned(pixels, frame)
    assert np.abs(seen[:35].astype(int) - 128).max() <= 2
    assert (seen[42:58, 62:78] == 255).all()


def test_a_landmark_in_one_place_is_no_fault() -> None:
    frame = frame_of(np.full((5, 2), 7.0), Points.CENTRES)
    assert np.isfinite(frame).all()
    assert aligned(drawn(1).pixels, frame).shape == (112, 112, 3)


def test_photos_without_faces_and_no_faces_at_all(any_engine: Engine) -> None:
    blank = Photo(np.zeros((90, 60, 3), np.uint8), "0" * 64, "made")
    assert any_engine.embed(blank, any_engine.detect(blank)).shape == (0, any_engine.spec.dimension)
