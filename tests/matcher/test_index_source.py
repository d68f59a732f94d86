"""The index on disk: kept over restarts, rebuilt where it is damaged, never half built, under a secret of the home."""

import logging
import os
import shutil
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.base import IndexDamaged, IndexFault
from index.compressed.index import CompressedIndex
from matcher import following
from matcher.among import Among
from matcher.faces import EngineKey
from matcher.gallery import Gallery
from matcher.index_folder import CURRENT, IndexFolder
from matcher.index_secret import index_secret, renew_index_secret
from matcher.records import feed
from tests.matcher.gallery_parts import ENGINE, enrolment, vector
from tests.matcher.shared_parts import on_disk, opened

FOLDER = "drawn@1"


def found(gallery: Gallery, number: int, **among: tuple[str, ...]) -> set[str]:
    return {hit.person_id for hit in gallery.search(vector(number), 1_000, among=Among(**among))}  # type: ignore[arg-type]


def index_files(home: Path) -> Iterator[Path]:
    return (path for path in (home / "index").rglob("*") if path.is_file())


def current(home: Path) -> Path:
    folder = home / "index" / FOLDER
    return folder / (folder / CURRENT).read_text().strip()


@contextmanager
def no_rebuild(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Reading every template from the records fails the test."""

    def refuse(*_args: object, **_named: object) -> Iterator[feed.Entries]:
        raise AssertionError("the index was filled from the records")

    with monkeypatch.context() as patched:
        patched.setattr(feed, "all_entries", refuse)
        yield


def interrupted(*_args: object, **_named: object) -> None:
    """Stands for the end of a process at this place."""
    raise KeyboardInterrupt


# Over restarts


def test_what_was_enrolled_is_found_after_a_restart_without_reading_the_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path) as gallery:
        gallery.enroll([enrolment("p", 1, 2), enrolment("q", 3), enrolment("r", 4)])
        gallery.remove_person("main", "q")
    with no_rebuild(monkeypatch), opened(tmp_path) as gallery:
        assert found(gallery, 1) == {"p", "r"}
        assert gallery.search(vector(4), 1)[0].person_id == "r"


def test_many_records_become_an_index_in_one_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "AT_ONCE", 7)
    with opened(tmp_path) as gallery:
        gallery.enroll([enrolment(f"p{number}", number) for number in range(40)])
        gallery.remove_person("main", "p3")
    (tmp_path / "index" / FOLDER / CURRENT).unlink()
    with opened(tmp_path) as gallery:
        assert len(found(gallery, 1)) == 39
        assert gallery.check() == ()
    assert len([path for path in (tmp_path / "index" / FOLDER).iterdir() if path.is_dir()]) == 1


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["add", "sex", "remove", "reopen", "rebuild"]), st.integers(0, 5)), max_size=10
    )
)
@pytest.mark.long
def test_after_any_steps_the_index_is_that_of_the_records(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    home = tmp_path_factory.mktemp("steps")
    people: dict[str, set[int]] = {}
    sexes: dict[str, str] = {}
    gallery_open = opened(home)
    gallery = gallery_open.__enter__()
    try:
        for place, (what, number) in enumerate(steps):
            person = f"p{number}"
            if what == "add":
                gallery.enroll([enrolment(person, place)])
                people.setdefault(person, set()).add(place)
            elif what == "sex" and person in people:
                sexes[person] = "MF"[place % 2]
                gallery.enroll([enrolment(person, sex=sexes[person])])
            elif what == "remove" and person in people:
                gallery.remove_person("main", person)
                people.pop(person)
                sexes.pop(person, None)
            elif what == "reopen":
                gallery_open.__exit__(None, None, None)
                gallery_open = opened(home)
                gallery = gallery_open.__enter__()
            elif what == "rebuild":
                gallery.rebuild()
            assert found(gallery, 0) == set(people)
            assert found(gallery, 0, sexes=("F",)) == {name for name, sex in sexes.items() if sex == "F"}
        assert gallery.check() == ()
    finally:
        gallery_open.__exit__(None, None, None)


# Damage


@pytest.mark.parametrize("how", ["pointer", "manifest", "log", "emptied", "missing", "foreign"])
def test_a_damaged_index_is_rebuilt_from_the_records_and_that_is_logged(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(tmp_path) as gallery:
        gallery.enroll([enrolment("p", 1), enrolment("q", 2)])
    place = current(tmp_path)
    if how == "pointer":
        (place.parent / CURRENT).write_bytes(b"../\xff")
    elif how == "manifest":
        (place / "manifest.json").write_bytes((place / "manifest.json").read_bytes()[:-30])
    elif how == "log":
        log = next(place.glob("log-*"))
        data = bytearray(log.read_bytes())
        data[len(data) // 2] ^= 1
        log.write_bytes(data)
    elif how == "emptied":
        for path in place.iterdir():
            path.unlink()
    elif how == "missing":
        for path in place.iterdir():
            path.unlink()
        place.rmdir()
    else:
        renew_index_secret(tmp_path / "index")
    with caplog.at_level(logging.WARNING), opened(tmp_path) as gallery:
        assert found(gallery, 1) == {"p", "q"}
        assert gallery.check() == ()
    assert any("rebuilding the index" in record.message for record in caplog.records)
    with opened(tmp_path) as gallery:
        assert gallery.check() == ()


@pytest.mark.parametrize("whole", [True, False])
def test_an_index_that_is_removed_under_a_running_process_is_made_good_by_the_next_search(
    tmp_path: Path, whole: bool
) -> None:
    with opened(tmp_path) as gallery:
        gallery.enroll([enrolment("p", 1)])
        shutil.rmtree(current(tmp_path).parent if whole else current(tmp_path))
        assert found(gallery, 1) == {"p"}
        gallery.enroll([enrolment("q", 2)])
        assert found(gallery, 1) == {"p", "q"}
        assert gallery.check() == ()


def test_a_build_that_was_interrupted_leaves_the_old_index_and_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path) as gallery:
        gallery.enroll([enrolment("p", 1)])
        before = current(tmp_path)

        with monkeypatch.context() as patched:
            patched.setattr(CompressedIndex, "compact", interrupted)
            with pytest.raises(KeyboardInterrupt):
                gallery.rebuild()
    assert current(tmp_path) == before
    assert [path for path in before.parent.iterdir() if path.is_dir()] == [before]
    with opened(tmp_path) as gallery:
        assert found(gallery, 1) == {"p"}


def test_a_process_that_died_amid_a_move_is_made_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(tmp_path) as gallery:
        gallery.enroll([enrolment("p", 1, sex="M"), enrolment("q", 2)])
    gallery_open = opened(tmp_path)
    gallery = gallery_open.__enter__()
    with monkeypatch.context() as patched:
        # The entry has left the index by then and has not come back.
        patched.setattr(CompressedIndex, "add", interrupted)
        with pytest.raises(KeyboardInterrupt):
            gallery.enroll([enrolment("p", sex="F")])
    with opened(tmp_path) as other:
        assert found(other, 1) == {"p", "q"}
        assert found(other, 1, sexes=("F",)) == {"p"}
        assert other.check() == ()
    assert found(gallery, 1, sexes=("F",)) == {"p"}
    gallery_open.__exit__(None, None, None)


def test_a_search_that_meets_an_abandoned_move_is_an_error_and_not_a_wrong_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path) as gallery:
        gallery.enroll([enrolment("p", 1)])
    with on_disk(tmp_path).open() as index:
        ids = index.ids()
        at = index.position
        with monkeypatch.context() as patched:
            patched.setattr(CompressedIndex, "add", interrupted)
            index.remove(ids)
            with pytest.raises(KeyboardInterrupt):
                index.add(ids, np.ones((1, 8), dtype=np.float32), position=at + 1)
        with pytest.raises(IndexFault, match="died while it changed"):
            index.search(np.ones((1, 8), dtype=np.float32), 1)
        assert index.position == at


# The secret


def test_processes_that_come_at_once_get_one_secret_that_only_its_owner_reads(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: index_secret(tmp_path / "index"), range(32)))
    assert len(secrets) == 1
    assert len(secrets.pop()) == 32
    assert os.listdir(tmp_path / "index") == ["secret"]  # noqa: PTH208
    assert stat.S_IMODE((tmp_path / "index" / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "index").stat().st_mode) == 0o700


def test_a_damaged_secret_is_an_error_that_names_the_remedy(tmp_path: Path) -> None:
    index_secret(tmp_path)
    (tmp_path / "secret").write_bytes(b"short")
    with pytest.raises(IndexDamaged, match="matcher index renew"):
        index_secret(tmp_path)
    renew_index_secret(tmp_path)
    assert len(index_secret(tmp_path)) == 32


def test_stored_vectors_are_rotated_by_the_secret(tmp_path: Path) -> None:
    with opened(tmp_path) as gallery:
        gallery.enroll([enrolment("p", 1)])
    unit = vector(1) / np.linalg.norm(vector(1))
    for path in index_files(tmp_path):
        assert unit[:2].astype("<f4").tobytes() not in path.read_bytes(), path


# The folder's names


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12), min_size=2, max_size=2, unique=True
    )
)
def test_engines_have_folders_of_their_own_below_the_root(keys: list[str]) -> None:
    root = Path("/home/index")
    first, second = (IndexFolder(root, EngineKey(key)).path for key in keys)
    assert first.parent == second.parent == root
    assert first.name != second.name
    assert first.name not in (".", "..", "secret")


def test_the_default_engines_folder_is_readable_by_people() -> None:
    assert IndexFolder(Path("index"), ENGINE).path == Path("index") / FOLDER
