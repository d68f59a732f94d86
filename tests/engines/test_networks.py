"""The networks that are built from the weight files: the same numbers as dlib's, kept and rebuilt as promised."""

from pathlib import Path

import dlib
import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.engines import networks
from matcher.engines.chips import chip
from matcher.engines.dlib_resnet import DlibResnetEngine
from matcher.engines.networks import Precision, open_detector, open_face_network
from matcher.engines.processor import has_eight_bit_instructions
from matcher.engines.weights import DETECTOR, FACE_NETWORK, weights
from matcher.errors import EngineUnavailable
from tests.engines.conftest import drawn
from tests.realdata import needs_real_photos, some_photos


def _dlib_vectors(cut: NDArray[np.uint8]) -> NDArray[np.float64]:
    network = dlib.face_recognition_model_v1(str(weights(FACE_NETWORK)))
    return np.array([network.compute_face_descriptor(np.ascontiguousarray(chip)) for chip in cut])


@pytest.mark.long
def test_float_vectors_of_drawn_chips_are_dlibs(float_engine: DlibResnetEngine, cache: Path) -> None:
    photos = [drawn(person) for person in range(6)]
    cut = np.stack([chip(p.pixels, float_engine.detect(p)[0].landmarks, 0.25) for p in photos])
    ours = open_face_network(cache, precision=Precision.FLOAT, threads=1)(cut)
    assert np.abs(ours - _dlib_vectors(cut)).max() <= 1e-5


@needs_real_photos
def test_float_vectors_of_real_chips_are_dlibs(float_engine: DlibResnetEngine, cache: Path) -> None:
    photos = some_photos(110)
    cut = np.stack([chip(p.pixels, float_engine.detect(p)[0].landmarks, 0.25) for p in photos])
    assert len(cut) >= 100
    ours = open_face_network(cache, precision=Precision.FLOAT, threads=1)(cut)
    assert np.abs(ours - _dlib_vectors(cut)).max() <= 1e-5


@needs_real_photos
def test_eight_bit_vectors_stay_near_the_float_ones(engine: DlibResnetEngine, float_engine: DlibResnetEngine) -> None:
    photos = some_photos(40)
    eight = DlibResnetEngine(precision=Precision.EIGHT_BIT)
    faces = [float_engine.detect(photo)[:1] for photo in photos]
    exact = np.concatenate([float_engine.embed(p, f) for p, f in zip(photos, faces, strict=True)])
    rounded = np.concatenate([eight.embed(p, f) for p, f in zip(photos, faces, strict=True)])
    error = np.linalg.norm(exact - rounded, axis=1)
    strangers = np.linalg.norm(exact[:-1] - exact[1:], axis=1)
    assert error.max() < np.median(strangers) / 8


def test_a_graph_is_built_once_and_again_when_altered(tmp_path: Path) -> None:
    first = open_detector(tmp_path, precision=Precision.FLOAT, threads=1)
    file = tmp_path / "detector-float.onnx"
    built = file.read_bytes()
    written = file.stat().st_mtime_ns
    open_detector(tmp_path, precision=Precision.FLOAT, threads=1)
    assert file.stat().st_mtime_ns == written
    file.write_bytes(built[: len(built) // 2])
    again = open_detector(tmp_path, precision=Precision.FLOAT, threads=1)
    assert file.read_bytes() == built
    pixels = drawn(1).pixels[None, :200, :200]
    assert np.array_equal(first(pixels), again(pixels))


def test_a_graph_of_other_weights_is_not_used(tmp_path: Path) -> None:
    open_detector(tmp_path, precision=Precision.FLOAT, threads=1)
    note = tmp_path / "detector-float.json"
    other = note.read_text().replace('"built_from": "', '"built_from": "0')
    note.write_text(other)
    open_detector(tmp_path, precision=Precision.FLOAT, threads=1)
    assert note.read_text() != other


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("not a folder")
    network = open_detector(blocked / "networks", precision=Precision.FLOAT, threads=1)
    assert network(drawn(1).pixels[None, :200, :200]).shape[0] == 1


def test_missing_and_damaged_weights_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "weights", lambda name: tmp_path / name)
    with pytest.raises(EngineUnavailable, match="face_recognition_models"):
        open_detector(None, precision=Precision.FLOAT, threads=1)
    (tmp_path / DETECTOR).write_bytes(weights(DETECTOR).read_bytes()[:9999])
    with pytest.raises(EngineUnavailable, match="damaged"):
        open_detector(None, precision=Precision.FLOAT, threads=1)
    with pytest.raises(EngineUnavailable, match="install the package"):
        weights("no_such_file.dat")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("flags : sse2 avx2 avx512f", False),
        ("flags : sse2 avx_vnni", True),
        ("flags : avx512f avx512_vnni", True),
        ("Features : fp asimd asimddp", True),
        ("", False),
    ],
)
def test_eight_bits_only_where_the_processor_has_them(tmp_path: Path, text: str, expected: bool) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor : 0\n{text}\n")
    assert has_eight_bit_instructions(cpuinfo) is expected
    assert has_eight_bit_instructions(tmp_path / "missing") is False


@pytest.mark.parametrize(("has", "chosen"), [(True, Precision.EIGHT_BIT), (False, Precision.FLOAT)])
def test_float_is_chosen_where_they_are_missing(monkeypatch: pytest.MonkeyPatch, has: bool, chosen: Precision) -> None:
    monkeypatch.setattr("matcher.engines.networks.has_eight_bit_instructions", lambda: has)
    assert Precision.AUTO.resolved() is chosen
    assert Precision.EIGHT_BIT.resolved() is Precision.EIGHT_BIT


def test_the_thread_count_does_not_change_the_vectors(cache: Path) -> None:
    cut = np.stack([drawn(person).pixels[100:250, 150:300] for person in range(4)])
    one = open_face_network(cache, precision=Precision.AUTO, threads=1)(cut)
    two = open_face_network(cache, precision=Precision.AUTO, threads=2)(cut)
    each = np.concatenate([open_face_network(cache, precision=Precision.AUTO, threads=1)(c[None]) for c in cut])
    assert np.allclose(one, two, atol=1e-6)
    assert np.allclose(one, each, atol=1e-6)
