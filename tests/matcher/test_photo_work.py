"""What a process does with a photo is the same wherever the photo comes from and whoever does it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from matcher.drawn import photo_bytes
from matcher.photo_work import ContentTask, Desk, FileTask, Known, Worked, photo_crew, photo_desk
from matcher.preparing import PhotoState
from matcher.settings import Settings, load_settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_settings(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def desk(settings: Settings) -> Desk:
    return photo_desk(settings)


def test_a_photo_as_bytes_is_worked_on_as_one_in_a_file(desk: Desk, tmp_path: Path) -> None:
    content = photo_bytes(1, 0)
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    of_file, of_bytes = desk(FileTask(str(path), draw=True)), desk(ContentTask(content, draw=True))
    assert isinstance(of_file, Worked)
    assert isinstance(of_bytes, Worked)
    _must_equal(of_file, of_bytes)
    assert of_bytes.picture == of_file.picture != b""
    assert desk(ContentTask(content, known=frozenset({of_file.prepared.sha256}))) == Known(of_file.prepared.sha256)


@pytest.mark.long
def test_the_same_in_this_process_and_in_any_of_a_crew(settings: Settings, desk: Desk) -> None:
    contents = [photo_bytes(number, 0) for number in range(4)] + [b"no photo", photo_bytes(0, 0)]
    tasks = [ContentTask(content, draw=True) for content in contents]
    with photo_crew(settings.model_copy(update={"workers": 2}), photos=8) as crew:
        found = list(crew.run(tasks))
    for task, result in zip(tasks, found, strict=True):
        alone = desk(task)
        assert isinstance(result, Worked)
        assert isinstance(alone, Worked)
        _must_equal(result, alone)
        assert result.picture == alone.picture
    assert isinstance(found[4], Worked)
    assert found[4].prepared.state is PhotoState.UNUSABLE


def _must_equal(one: Worked, other: Worked) -> None:
    assert (one.prepared.template is None) == (other.prepared.template is None)
    if one.prepared.template is not None and other.prepared.template is not None:
        assert np.array_equal(one.prepared.template.vector, other.prepared.template.vector)
    bare = [replace(done.prepared, template=None, face=None, others=(), timings={}) for done in (one, other)]
    assert bare[0] == bare[1]
