"""``enroll`` over its whole way: sources, repetition, interruption, kill."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from matcher.drawn import DemoSet, photo_bytes
from tests.cli.parts import Shell, one_line_of_error, read_csv, started, write_csv


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a photo each of 120 people: photos of one drawn face, told apart by a byte after the end mark."""
    folder = tmp_path_factory.mktemp("many")
    photo = photo_bytes(0, 0)
    for person in range(120):
        # A comment segment right after the start of the JPEG makes each file's digest another.
        comment = b"\xff\xfe\x00\x06%04d" % person
        (folder / f"person-{person:03d}.jpg").write_bytes(photo[:2] + comment + photo[2:])
    return folder


def _photos_kept(home: Path) -> int:
    """What the records hold at this moment, asked beside whoever writes."""
    try:
        with closing(sqlite3.connect(f"file:{home}/records.sqlite3?mode=ro", uri=True)) as connection:
            return int(connection.execute("select count(*) from photo").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def _wait_for_photos(home: Path, process: "subprocess.Popen[str]") -> int:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        if kept := _photos_kept(home):
            return kept
        time.sleep(0.01)
    raise AssertionError("nothing was enrolled in time")


@pytest.mark.long
def test_a_folder_of_folders_and_files(fresh: Shell, drawn: DemoSet, tmp_path: Path) -> None:
    photos = sorted((drawn.people.parent / "photos").iterdir())
    people = tmp_path / "people"
    (people / "李 一").mkdir(parents=True)
    shutil.copy(photos[0], people / "李 一" / "one.jpg")
    (people / "李 一" / "later.jpg").write_bytes(photo_bytes(0, 3))
    shutil.copy(photos[1], people / "two.jpg")
    (people / ".DS_Store").write_bytes(b"\0")
    (people / "Thumbs.db").write_bytes(b"\0")
    ended = fresh("enroll", people, "--gallery", "visas")
    assert ended.code == 0
    assert "2 new" in ended.out
    assert "3 enrolled" in ended.out
    shown = fresh("person", "show", "李 一", "--gallery", "visas", "--json").objects[0]
    assert len(shown["photos"]) == 2
    assert read_csv(tmp_path / "refused.csv") == []


@pytest.mark.long
def test_fields_and_encodings_of_a_csv(fresh: Shell, drawn: DemoSet, tmp_path: Path) -> None:
    photo = sorted((drawn.people.parent / "photos").iterdir())[0]
    shutil.copy(photo, tmp_path / "a.jpg")
    text = "Person_ID; Photo; native_name; sex; nationality\r\n7;a.jpg;溪若晨;女;chn\r\n"
    (tmp_path / "excel.csv").write_bytes(text.encode("gb18030"))
    assert fresh("enroll", tmp_path / "excel.csv", "--encoding", "gb18030").code == 0
    person = fresh("person", "show", "7", "--json").objects[0]["person"]
    assert (person["native_name"], person["sex"], person["nationality"]) == ("溪若晨", "F", "CHN")
    # The same person once more, now in UTF-8 with a byte-order mark, with a field that was missing.
    (tmp_path / "bom.csv").write_bytes(b"\xef\xbb\xbfperson_id,photo,name\n7,a.jpg,Xi Ruochen\n")
    ended = fresh("enroll", tmp_path / "bom.csv")
    assert "1 updated" in ended.out
    assert "1 known already" in ended.out
    # A field that contradicts the record is that row's own affair.
    number = "79010119761226002" + "1"
    write_csv(tmp_path / "c.csv", [{"person_id": "7", "photo": "a.jpg", "national_id": number}])
    one_line_of_error(fresh("enroll", tmp_path / "c.csv"), 3, "refused.csv")
    assert read_csv(tmp_path / "refused.csv")[0]["code"] == "bad_field"


@pytest.mark.long
def test_a_second_run_does_nothing_twice(shell: Shell, drawn: DemoSet) -> None:
    version = shell("stats", "--json").objects[0]["version"]
    ended = shell("enroll", drawn.people)
    assert ended.code == 0
    assert "12 unchanged" in ended.out
    assert "12 known already" in ended.out
    assert shell("stats", "--json").objects[0]["version"] == version


@pytest.mark.long
def test_killed_and_run_again(fresh: Shell, many: Path, tmp_path: Path) -> None:
    with started("enroll", many, "--home", fresh.home, "--workers", 2, folder=tmp_path) as process:
        kept = _wait_for_photos(fresh.home, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
        # The pipe closes when the last worker process is gone: none of them outlives the parent.
        process.communicate(timeout=90)
    assert fresh("doctor", "--json").code == 0
    there = fresh("stats", "--json").objects[0]["galleries"]["main"]["photos"]
    assert kept <= there < 120
    ended = fresh("enroll", many)
    assert ended.code == 0
    assert f"{120 - there} enrolled, {there} known already, 0 refused" in ended.out
    assert fresh("stats", "--json").objects[0]["galleries"]["main"]["people"] == 120
    assert fresh("doctor", "--json").code == 0


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_in_good_order(fresh: Shell, many: Path, tmp_path: Path, number: signal.Signals) -> None:
    with started("enroll", many, "--home", fresh.home, "--workers", 2, folder=tmp_path) as process:
        _wait_for_photos(fresh.home, process)
        process.send_signal(number)
        _, said = process.communicate(timeout=90)
    assert process.returncode == 130
    lines = said.splitlines()
    assert len(lines) == 2
    assert "the same command goes on from there" in lines[0]
    assert lines[1] == "matcher: interrupted"
    assert fresh("doctor", "--json").code == 0
    assert (tmp_path / "refused.csv").exists()


@pytest.mark.long
def test_two_runs_at_once_end_in_one_gallery(fresh: Shell, drawn: DemoSet, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    commands = ("enroll", drawn.people, "--home", fresh.home, "--workers", 1)
    with started(*commands, folder=tmp_path / "a") as one, started(*commands, folder=tmp_path / "b") as two:
        assert [one.wait(60), two.wait(60)] == [0, 0], one.stderr.read() + two.stderr.read()  # type: ignore[union-attr]
    state = json.loads(fresh("stats", "--json").out)["galleries"]["main"]
    assert (state["people"], state["photos"]) == (12, 12)
    assert fresh("doctor", "--json").code == 0


@pytest.mark.long
def test_a_killed_worker_costs_nothing(fresh: Shell, many: Path, tmp_path: Path) -> None:
    with started("enroll", many, "--home", fresh.home, "--workers", 2, folder=tmp_path) as process:
        os.kill(_a_worker_of(process), signal.SIGKILL)
        out, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "120 enrolled, 0 known already, 0 refused" in out


def _a_worker_of(process: "subprocess.Popen[str]") -> int:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        if workers := [pid for pid in _children(process.pid) if _is_worker(pid)]:
            return workers[0]
        time.sleep(0.01)
    raise AssertionError("no worker process was started in time")


def _children(parent: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()] + [
        int(pid)
        for task in Path(f"/proc/{parent}/task").iterdir()
        if task.name != str(parent)
        for pid in (task / "children").read_text(encoding="ascii").split()
    ]


def _is_worker(pid: int) -> bool:
    return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
