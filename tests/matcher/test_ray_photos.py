"""Photos prepared by a real Ray cluster on this machine: the same results as here, whatever of it is lost on the way.

``MATCHER_RAY_KILLS`` sets how many workers are killed.
"""

import os
import random
import socket
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from matcher.drawn import photo_bytes
from matcher.errors import BadSetting
from matcher.photo_work import DrawTask, FileTask, Known, PhotoTask, Worked, photo_desk
from matcher.ray_photos import ray_photo_crew
from matcher.ray_workers import LOCAL, RayCrew
from matcher.settings import Settings, load_settings
from matcher.team import Lost, WorkersUnavailable
from tests.matcher.ray_parts import lose_one, need_ray
from tests.matcher.test_photo_work import _must_equal as must_equal

pytestmark = pytest.mark.long
KILLS = int(os.environ.get("MATCHER_RAY_KILLS", "1"))
SEED = int(os.environ.get("MATCHER_KILL_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)


@pytest.fixture(autouse=True, scope="module")
def with_ray() -> None:
    need_ray()


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_settings(tmp_path_factory.mktemp("home"), workers=2)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Eight drawn photos, one of them twice, one that is none and one that is not there."""
    folder = tmp_path_factory.mktemp("photos")
    made = [folder / f"{number}.jpg" for number in range(8)]
    for number, path in enumerate(made):
        path.write_bytes(photo_bytes(number, 0))
    text = folder / "text.jpg"
    text.write_text("not a photo", encoding="utf-8")
    return [*made, made[3], text, folder / "gone.jpg"]


@pytest.mark.timeout(300 + 120 * KILLS)
def test_the_results_are_those_of_this_machine_though_workers_are_killed(
    settings: Settings, photos: list[Path]
) -> None:
    chance = random.Random(SEED)
    tasks = [FileTask(str(path), draw=True) for path in photos * (1 + KILLS)]
    moments = sorted(chance.sample(range(len(tasks) - 6), KILLS))
    folders = set(Path(tempfile.gettempdir()).glob("matcher-ray-*"))
    found, due, lost = [], 0, 0
    with ray_photo_crew(settings, address=LOCAL) as crew:
        for number, result in enumerate(crew.run(tasks)):
            found.append(result)
            due += number in moments
            # While none is there, as far more is prepared than was asked for, the next moment has to do.
            if due and lose_one(chance.random()):
                due, lost = due - 1, lost + 1
        # The same cluster again, with what needs no work and what needs no file.
        first = found[0]
        assert isinstance(first, Worked)
        known = FileTask(str(photos[0]), frozenset({first.prepared.sha256}))
        drawing = DrawTask(photos[1].read_bytes(), None)
        again = list(crew.run([known, drawing]))
    assert lost > 0
    print(f"{lost} workers killed, seed {SEED}")
    desk = photo_desk(settings)
    alone: dict[PhotoTask, object] = {task: desk(task) for task in tasks}
    for task, result in zip(tasks, found, strict=True):
        here = alone[task]
        assert isinstance(result, Worked), (result, SEED)
        assert isinstance(here, Worked)
        must_equal(result, here)
        assert result.picture == here.picture
    assert again == [Known(first.prepared.sha256), desk(drawing)]
    assert set(Path(tempfile.gettempdir()).glob("matcher-ray-*")) <= folders


def test_what_can_not_be_is_said(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for address, word in ((f"127.0.0.1:{port}", "ray start --head"), ("ray://host:1", "host:port"), ("here", "local")):
        with pytest.raises(WorkersUnavailable, match=word):
            ray_photo_crew(settings, address=address)


def _ends(task: int) -> int:
    if task == 3:
        os._exit(1)
    return task * task


def _prepare() -> object:
    return _ends


def _broken(reason: str) -> object:
    raise BadSetting(reason)


@pytest.fixture
def small() -> Iterator[RayCrew[int, int]]:
    with RayCrew(_prepare, address=LOCAL, workers=1) as crew:  # type: ignore[arg-type]
        yield crew


def test_a_task_that_ends_every_worker_is_lost_and_no_other(small: RayCrew[int, int]) -> None:
    found = list(small.run(range(6)))
    assert [value for place, value in enumerate(found) if place != 3] == [0, 1, 4, 16, 25]
    assert isinstance(found[3], Lost)
    assert found[3].code == "worker_died"


def test_workers_that_can_not_prepare_say_why() -> None:
    crew = RayCrew(partial(_broken, "no such engine"), address=LOCAL, workers=1)  # type: ignore[arg-type]
    with crew, pytest.raises(WorkersUnavailable, match="no such engine"):
        list(crew.run(range(3)))
