"""Drawn people: the same numbers draw the same face, and the reference network tells the faces apart."""

import csv
import importlib.util
from collections.abc import Callable
from datetime import date
from pathlib import Path

import cv2
import dlib
import numpy as np
import pycountry
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from matcher.drawn import ENROLLED_ON, SIZE, biography, draw, people, photo_bytes, write_demo
from matcher.drawn.biography import FICTITIOUS_PROVINCE
from matcher.drawn.canvas import Canvas, Patch, curve, mirrored, points, ribbon
from matcher.errors import BadSetting, MatcherError
from matcher.person import Person, read_person

PERSONS = st.integers(0, 49_000)


def test_draws_the_same_picture_whatever_was_drawn_before() -> None:
    first = draw(7, 3)
    draw(8, 0)
    np.random.default_rng(1).random()
    assert np.array_equal(first, draw(7, 3))
    assert photo_bytes(7, 3) == photo_bytes(7, 3)


def test_a_picture_is_an_upright_rgb_photo() -> None:
    picture = draw(0, 0)
    assert picture.shape == (SIZE[1], SIZE[0], 3)
    assert picture.dtype == np.uint8
    # The light falls on a coloured world: red, green and blue are not in each other's place on skin.
    cheek = picture[330:350, 200:280].reshape(-1, 3).mean(axis=0)
    assert cheek[0] > cheek[1] > cheek[2]


def test_people_and_photos_differ() -> None:
    pictures = [draw(1, 0), draw(1, 1), draw(2, 0), draw(2, 1)]
    for i, one in enumerate(pictures):
        for other in pictures[i + 1 :]:
            assert np.abs(one.astype(int) - other).mean() > 1


@pytest.mark.parametrize("size", [(240, 300), (960, 1200), (480, 480), (301, 377), (120, 150)])
def test_draws_any_usual_size(size: tuple[int, int]) -> None:
    assert draw(3, 1, size=size).shape == (size[1], size[0], 3)


def test_the_same_face_at_another_size() -> None:
    large, small = draw(5, 0), draw(5, 0, size=(240, 300))
    shrunk = cv2.resize(large, (240, 300), interpolation=cv2.INTER_AREA)
    assert np.abs(shrunk.astype(int) - small).mean() < 6


@pytest.mark.parametrize("size", [(0, 0), (60, 75), (480, 10), (9000, 9000)])
def test_refuses_sizes_it_cannot_draw(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="size"):
        draw(0, 0, size=size)


@pytest.mark.parametrize(("person", "number"), [(-1, 0), (0, -1)])
def test_refuses_negative_numbers(person: int, number: int) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        draw(person, number)


def test_a_photo_is_a_jpeg_of_the_picture() -> None:
    data = photo_bytes(11, 0)
    assert data.startswith(b"\xff\xd8\xff")
    decoded = cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    assert np.abs(decoded.astype(int) - draw(11, 0)).mean() < 4


@settings(max_examples=15, deadline=None)
@given(person=PERSONS, number=st.integers(0, 1000))
def test_anybody_can_be_drawn(person: int, number: int) -> None:
    picture = draw(person, number, size=(240, 300))
    assert 40 < picture.mean() < 245
    assert picture.std() > 15


@given(PERSONS)
def test_papers_are_in_keeping_with_themselves(person: int) -> None:
    papers = biography(person)
    assert papers == biography(person)
    assert papers.source == "drawn"
    assert papers.sex in {"F", "M"}
    assert 18 <= (ENROLLED_ON - date.fromisoformat(papers.date_of_birth)).days / 365.25 < 75.1
    assert pycountry.countries.get(alpha_3=papers.nationality) is not None
    assert papers.name.isascii()
    if papers.nationality == "CHN":
        _check_chinese(papers)
    else:
        assert papers.native_name == papers.national_id == papers.household_registration == ""


def _check_chinese(papers: Person) -> None:
    number = papers.national_id
    assert len(number) == 18
    assert number.startswith(FICTITIOUS_PROVINCE)
    assert date.fromisoformat(number[6:14]).isoformat() == papers.date_of_birth
    assert (int(number[16]) % 2 == 1) == (papers.sex == "M")
    # ISO 7064 MOD 11-2: the weighted sum with the check character, X being ten, leaves one.
    values = [10 if character == "X" else int(character) for character in number]
    assert sum(value << (17 - place) for place, value in enumerate(values)) % 11 == 1
    assert all("\u4e00" <= character <= "\u9fff" for character in papers.native_name + papers.household_registration)
    assert 2 <= len(papers.native_name) <= 3


def test_ids_are_unique() -> None:
    everyone = [papers for _, papers in people(3000)]
    assert len({papers.person_id for papers in everyone}) == 3000
    numbers = [papers.national_id for papers in everyone if papers.national_id]
    assert len(set(numbers)) == len(numbers) > 1000


def test_people_can_start_anywhere() -> None:
    assert list(people(3, first=40)) == [(person, biography(person)) for person in (40, 41, 42)]


def test_a_curve_passes_through_its_places() -> None:
    through = points((0, 0), (10, 5), (20, -5), (30, 0))
    line = curve(through, steps=8)
    assert np.allclose(line[::8], through)
    assert np.allclose(curve(mirrored(through)), mirrored(curve(through)))


def test_a_ribbon_is_as_wide_as_asked() -> None:
    outline = ribbon(points((0, 0), (10, 0), (20, 0)), (2, 4))
    assert np.allclose(np.abs(outline[:, 1]), [1, 1.5, 2, 2, 1.5, 1])


def test_paint_covers_and_blends() -> None:
    canvas = Canvas(40, 40, scale=1.0, middle=(20, 20))
    square = canvas.patch(points((-10, -10), (10, -10), (10, 10), (-10, 10)))
    canvas.paint(square, (200, 100, 50))
    assert canvas.colour[:, 20, 20].tolist() == [200, 100, 50]
    assert canvas.colour[:, 2, 2].tolist() == [0, 0, 0]
    canvas.paint(square, (0, 0, 0), 0.5)
    assert canvas.colour[:, 20, 20].tolist() == [100, 50, 25]


def test_paint_outside_the_picture_is_no_error() -> None:
    canvas = Canvas(40, 40, scale=1.0, middle=(20, 20))
    canvas.fill(points((100, 100), (120, 100), (110, 120)), (255, 0, 0), soft=2)
    nothing = canvas.patch(points((-5, -5), (5, -5), (0, 5)), within=Patch(0, 0, np.zeros((4, 4), np.uint8)))
    canvas.paint(nothing, (255, 0, 0))
    assert not canvas.colour.any()


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_demo_set_is_complete_and_its_answers_are_right(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    files = write_demo(
        tmp_path, people=14, cases=8, not_enrolled=3, workers=1, progress=lambda *counts: seen.append(counts)
    )
    enrolled, cases, answers = _read(files.people), _read(files.backlog), _read(files.answers)
    assert list(enrolled[0])[:2] == ["person_id", "photo"]
    assert [row["person_id"] for row in enrolled] == [papers.person_id for _, papers in people(14)]
    as_read = {name: value for name, value in enrolled[3].items() if name not in ("photo", "taken_on")}
    assert read_person(as_read, today=ENROLLED_ON) == biography(3)
    assert enrolled[3]["date_of_birth"] == biography(3).date_of_birth
    assert [row["case_id"] for row in cases] == [row["case_id"] for row in answers]
    known = [row["person_id"] for row in answers if row["person_id"]]
    assert len(cases) == 8
    assert len(known) == len(set(known)) == 5
    assert set(known) <= {row["person_id"] for row in enrolled}
    for row in enrolled + cases:
        assert (tmp_path / row["photo"]).read_bytes().startswith(b"\xff\xd8\xff")
    assert (tmp_path / enrolled[3]["photo"]).read_bytes() == photo_bytes(3, 0)
    assert seen[-1] == (22, 22)


@pytest.mark.long
def test_several_processes_write_the_same_demo_set(tmp_path: Path) -> None:
    for name, workers in (("one", 1), ("two", 2)):
        write_demo(tmp_path / name, people=17, cases=3, not_enrolled=1, seed=5, workers=workers)
    one, two = ({p.relative_to(tmp_path / n): p for p in (tmp_path / n).rglob("*.*")} for n in ("one", "two"))
    assert one.keys() == two.keys()
    assert all(path.read_bytes() == two[name].read_bytes() for name, path in one.items())


@pytest.mark.long
def test_the_seed_of_a_demo_set_chooses_other_cases(tmp_path: Path) -> None:
    one, other = (write_demo(tmp_path / f"{s}", people=9, cases=5, not_enrolled=1, seed=s, workers=1) for s in (1, 2))
    assert one.answers.read_text("utf-8") != other.answers.read_text("utf-8")


@pytest.mark.parametrize(("crowd", "cases", "strangers"), [(5, 9, 2), (5, 3, 4), (-1, 0, 0), (5, 3, -1)])
def test_refuses_impossible_demo_sets(tmp_path: Path, crowd: int, cases: int, strangers: int) -> None:
    with pytest.raises(BadSetting) as caught:
        write_demo(tmp_path / "demo", people=crowd, cases=cases, not_enrolled=strangers)
    assert isinstance(caught.value, MatcherError)
    assert not (tmp_path / "demo").exists()


Describe = Callable[[NDArray[np.uint8]], NDArray[np.float64]]


@pytest.fixture(scope="module")
def describe() -> Describe:
    """The reference network on the one face that the HOG detector finds."""
    spec = importlib.util.find_spec("face_recognition_models")
    assert spec is not None
    assert spec.origin is not None
    weights = Path(spec.origin).parent / "models"
    detector = dlib.get_frontal_face_detector()
    predictor = dlib.shape_predictor(str(weights / "shape_predictor_5_face_landmarks.dat"))
    network = dlib.face_recognition_model_v1(str(weights / "dlib_face_recognition_resnet_model_v1.dat"))

    def vector(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
        boxes = detector(picture, 0)
        assert len(boxes) == 1
        return np.array(network.compute_face_descriptor(picture, predictor(picture, boxes[0])))

    return vector


@pytest.mark.long
def test_the_reference_network_finds_and_tells_apart_drawn_people(describe: Describe) -> None:
    crowd, chosen = range(500, 524), 0
    gallery = np.array([describe(draw(person, 0)) for person in crowd])
    probes = np.array([describe(draw(person, 1)) for person in crowd])
    distance = np.linalg.norm(probes[:, None] - gallery[None], axis=2)
    mated = np.diag(distance)
    assert (distance.argmin(axis=1) == np.arange(len(crowd))).mean() >= 0.95
    strangers = distance[~np.eye(len(crowd), dtype=bool)]
    assert np.median(mated) < 0.3
    assert np.median(strangers) > 0.45
    assert mated[chosen] > 0.01, "a second photo must not be a copy of the first"
