"""Training photos: found by the engine, telling apart, and taken by no gallery, case or search."""

import io

import pytest
from PIL import Image

from matcher.drawn import photo_bytes
from matcher.identification import Outcome
from matcher.person import Person
from matcher.photo import PhotoOfTraining, decode
from matcher.training.exercise import PHOTOS, exercise
from matcher.training.grades import Grade
from matcher.training.machine import Machine
from matcher.training.marking import is_marked, marked
from matcher.training.pictures import entry_photo, probe_photo


def test_every_photo_that_leaves_is_marked_and_refused_by_every_reader() -> None:
    made = exercise(Grade.FIRST, 1)
    photos = [probe_photo(Grade.FIRST, 1, which) for which in range(PHOTOS)]
    photos += [entry_photo(Grade.FIRST, 1, place) for place in range(len(made.entries))]
    assert len(set(photos)) == len(photos)
    for photo in photos:
        assert is_marked(photo)
        with pytest.raises(PhotoOfTraining, match="training exercise"):
            decode(photo)
        # A browser shows it all the same.
        assert Image.open(io.BytesIO(photo)).size == (480, 600)


def test_programs_that_add_to_a_file_do_not_hide_the_mark() -> None:
    photo = entry_photo(Grade.FIRST, 1, 0)
    behind = b"\xff\xe1\x00\x20" + bytes(30)
    assert is_marked(photo[:2] + behind + photo[2:])
    assert not is_marked(photo_bytes(3, 0))
    with pytest.raises(ValueError, match="JPEG"):
        marked(b"\x89PNG")


def test_no_gallery_takes_one_and_no_search_is_made_with_one(machine: Machine) -> None:
    matcher = machine._matcher
    photo = probe_photo(Grade.FIRST, 1, 0)
    done = matcher.enroll(Person("somebody"), [photo])
    assert done.result is None
    assert done.refused[0].code == "training_photo"
    answer = matcher.identify(photo)
    assert answer.outcome is Outcome.PHOTO_UNUSABLE
    assert answer.code == "training_photo"


@pytest.mark.long
def test_the_engine_finds_every_face_and_the_person_first(machine: Machine) -> None:
    first = 0
    listed = [(grade, seed) for grade in Grade for seed in range(12) if exercise(grade, seed).truth is not None]
    for grade, seed in listed[::3]:
        made = exercise(grade, seed)
        looked = [machine.look(made, which) for which in range(PHOTOS)]
        assert all(one.found for one in looked), (grade, seed)
        best = max(range(PHOTOS), key=lambda which: looked[which].quality.score)
        scores = machine.scores(made, best)
        assert sorted(one.rank for one in scores) == list(range(1, len(made.entries) + 1))
        assert all(one.confidence is not None and one.meaning for one in scores)
        first += scores[made.truth].rank == 1
    assert first >= 0.8 * len(listed[::3])


def test_scores_come_without_a_search(machine: Machine) -> None:
    gallery = machine._matcher.gallery
    before = gallery.state()
    assert machine.scores(exercise(Grade.FIRST, 4), 0)
    assert gallery.state() == before
