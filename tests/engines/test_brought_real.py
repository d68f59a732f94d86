"""OpenCV's YuNet and MobileFaceNet as a user brings them, on real photos; skipped where these are not there."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.engine_joining import Weight, balanced, join_engines
from matcher.engines.base import Engine, Points
from matcher.engines.brought.adding import Described, add
from matcher.engines.brought.manifest import Detector, DetectorKind
from matcher.engines.brought.shelf import Shelf
from matcher.engines.brought.yunet import YuNet
from matcher.engines.networks import Precision
from matcher.engines.opening import open_engine
from matcher.evaluation import MatedSearches, NonMatedSearches, fnir, threshold_for_fpir
from matcher.preparing import prepare
from matcher.scoring.fusion import join
from matcher.scoring.learning import learn
from matcher.scoring.likeness import Vectors, similarities, unit
from tests import realdata
from tests.realdata import faces_folder, needs_real_photos, open_set, some_photos

pytestmark = needs_real_photos
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def model(name: str) -> Path:
    assert realdata.DATA is not None
    return realdata.DATA / "models" / name


@pytest.fixture(scope="module")
def yunet() -> YuNet:
    return YuNet(model("face_detection_yunet_2023mar.onnx").read_bytes(), threads=1)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """MobileFaceNet with three detectors."""
    place = tmp_path_factory.mktemp("real") / "home"
    said = Described(licence="not stated", mean=MEAN, std=STD)
    yunet = model("face_detection_yunet_2023mar.onnx")
    file = model("mobilefacenet_128.onnx")
    done = add(place, "yunet", file, said, yunet=yunet, networks=cache, today="2026-01-02")
    assert done.trial.nearest == done.trial.people
    for name, kind in (("own", DetectorKind.OWN), ("own-68", DetectorKind.OWN_68)):
        Shelf(place).keep(dataclasses.replace(done.manifest, name=name, detector=Detector(kind)))
    return place


def test_one_look_of_yunet_is_opencvs(yunet: YuNet) -> None:
    oracle = cv2.FaceDetectorYN.create(str(model("face_detection_yunet_2023mar.onnx")), "", (320, 320), 0.6, 0.3, 50)
    for photo in some_photos(12):
        small = np.ascontiguousarray(cv2.resize(photo.pixels, (300, 330)))
        oracle.setInputSize((300, 330))
        rows = oracle.detect(np.ascontiguousarray(small[..., ::-1]))[1]
        seen = yunet.look(small)
        assert len(seen) == len(rows)
        for face, row in zip(seen, sorted(rows, key=lambda row: -row[14]), strict=True):
            assert np.abs(face.points.ravel() - row[4:14]).max() < 0.01
            assert abs(face.box.left - row[0]) < 0.01
            assert abs(face.score - row[14]) < 1e-4


def test_yunet_finds_turned_small_and_large_faces(yunet: YuNet) -> None:
    for photo in some_photos(4):
        (upright, *_) = yunet.detect(photo.pixels)
        eyes = float(np.linalg.norm(upright.landmarks[0] - upright.landmarks[1]))
        for turns in (1, 2, 3):
            turned = np.ascontiguousarray(np.rot90(photo.pixels, turns))
            found = yunet.detect(turned)[0]
            assert found.turn == 90 * turns
            assert abs(float(np.linalg.norm(found.landmarks[0] - found.landmarks[1])) / eyes - 1) < 0.1
        large = yunet.detect(cv2.resize(photo.pixels, None, fx=8, fy=8))[0]
        assert np.abs(large.landmarks / 8 - upright.landmarks).max() < 0.15 * eyes
        far = np.full((1400, 1400, 3), 90, np.uint8)
        scale = 40 / upright.box.width
        small = cv2.resize(photo.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        far[700 : 700 + small.shape[0], 300 : 300 + small.shape[1]] = small
        face = yunet.detect(far)[0]
        assert np.abs((face.landmarks - (300, 700)) / scale - upright.landmarks).max() < 0.35 * eyes


def test_a_face_cut_to_its_edges_is_found(yunet: YuNet) -> None:
    for photo in some_photos(6):
        box = yunet.detect(photo.pixels)[0].box
        rows, columns = (
            slice(max(0, round(box.top)), round(box.bottom)),
            slice(max(0, round(box.left)), round(box.right)),
        )
        assert yunet.detect(np.ascontiguousarray(photo.pixels[rows, columns]))


def test_yunet_places_its_points_on_a_face_that_another_found(home: Path, cache: Path) -> None:
    """And the vector is that of a face that it found itself."""
    own, brought = (
        open_engine(n, cache=cache, precision=Precision.AUTO, threads=1, home=home) for n in ("own", "yunet")
    )
    for photo in some_photos(8):
        faces = own.detect(photo)[:1]
        lent = brought.embed_found(photo, faces, Points.CORNERS)[0]
        itself = max(brought.detect(photo), key=lambda face: face.box.overlap(faces[0].box))
        assert float(lent @ brought.embed(photo, [itself])[0]) > 0.9


def test_the_detectors_align_alike(home: Path, cache: Path) -> None:
    engines = [
        open_engine(name, cache=cache, precision=Precision.AUTO, threads=1, home=home)
        for name in ("own", "own-68", "yunet")
    ]
    alike = []
    for photo in some_photos(12):
        vectors = [engine.embed(photo, engine.detect(photo)[:1])[0] for engine in engines]
        alike.append([float(vectors[0] @ vectors[1]), float(vectors[0] @ vectors[2])])
    assert np.median(alike, axis=0).min() > 0.9


def test_with_mobilefacenet_joined_fewer_are_missed(home: Path, cache: Path) -> None:
    """A part of LFW through engines and scores; the whole is `python -m benchmarks accuracy`."""
    rows = open_set("lfw_open_set")
    probes = {row["person_id"]: row for row in rows if row["probe_kind"] == "mated"}
    mated = [probes[person] for person in sorted(probes)[:70]]
    people = {row["person_id"] for row in mated}
    gallery = sorted(
        (row for row in rows if row["role"] == "gallery" and row["person_id"] in people),
        key=lambda row: row["person_id"],
    )
    strangers = {row["person_id"]: row for row in rows if row["probe_kind"] == "non-mated"}
    join_engines(home, "both", ("dlib-resnet", "own"), Weight(1.0, "given"), today="2026-01-02")
    engine = open_engine("both", cache=cache, precision=Precision.AUTO, threads=1, home=home)
    enrolled, mates, others = (
        _vectors(engine, part) for part in (gallery, mated, [strangers[name] for name in sorted(strangers)[:40]])
    )
    weight = balanced(enrolled[:, :128], enrolled[:, 128:], origin="these").value
    assert 1.6 < weight < 2.6
    both = [join(unit(part[:, :128]), unit(part[:, 128:]), weight=weight) for part in (enrolled, mates, others)]
    alone = [unit(part[:, :128]) for part in (enrolled, mates, others)]
    assert _missed(*both) <= 0.045
    assert _missed(*both) <= _missed(*alone)


def _vectors(engine: Engine, rows: Sequence[Mapping[str, str]]) -> NDArray[np.float32]:
    found = [prepare(engine, (faces_folder() / row["photo"]).read_bytes()).template for row in rows]
    return np.stack([template.vector for template in found if template is not None])


def _missed(enrolled: Vectors, mates: Vectors, others: Vectors) -> float:
    """FNIR at FPIR 0.1 by normalised score; the mate of row i is template i."""
    codes = np.arange(len(enrolled))
    normaliser = learn(enrolled, codes, people=len(codes), population=None)
    tails = normaliser.templates(enrolled, codes)
    hits, alarms = (
        normaliser.probes(part).scores(similarities(part, enrolled), tails, codes) for part in (mates, others)
    )
    own = np.diag(hits)
    searches = MatedSearches.of(own, 1 + (hits > own[:, None]).sum(axis=1))
    return fnir(searches, threshold=threshold_for_fpir(NonMatedSearches.of(alarms.max(axis=1)), 0.1)).value
