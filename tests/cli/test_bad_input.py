"""Whatever `enroll` is given, the gallery stays whole: bad photos are listed with reasons, bad files are one line."""

import resource
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from matcher.drawn import DemoSet
from tests.cli.parts import Shell, command, one_line_of_error, read_csv, write_csv
from tests.matcher.photo_files import chunk, png_of

_HEADER = "person_id,photo\n"


def _photo(drawn: DemoSet, number: int = 0) -> Path:
    return sorted((drawn.people.parent / "photos").iterdir())[number]


def _healthy(shell: Shell, people: int) -> None:
    found = shell("doctor", "--contents", "--json")
    assert found.code == 0, found.out
    assert shell("stats", "--json").objects[0]["galleries"].get("main", {"people": 0})["people"] == people


def _bad_photos(folder: Path, drawn: DemoSet) -> dict[str, str]:
    """File names of photos that can't serve, and the code that each is refused with."""
    whole = _photo(drawn).read_bytes()
    (folder / "text.jpg").write_text("This is not a photo.", encoding="utf-8")
    (folder / "empty.jpg").touch()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "wide.png").write_bytes(png_of(30_000, 20, chunk(b"IDAT", b"")))
    Image.new("1", (16_000, 16_000)).save(folder / "bomb.png")
    Image.new("RGB", (300, 300), "grey").save(folder / "grey.png")
    (folder / "folder.jpg").mkdir()
    two = Image.new("RGB", (960, 600))
    two.paste(Image.open(BytesIO(whole)), (0, 0))
    two.paste(Image.open(_photo(drawn, 1)), (480, 0))
    two.save(folder / "two.png")
    return {
        "text.jpg": "not_a_photo",
        "empty.jpg": "empty",
        "cut.jpg": "truncated",
        "wide.png": "too_many_pixels",
        "bomb.png": "too_many_pixels",
        "grey.png": "no_face",
        "two.png": "several_faces",
        "folder.jpg": "not_a_file",
        "gone.jpg": "missing",
    }


@pytest.mark.long
def test_bad_photos_and_rows_are_listed_and_the_good_ones_enrolled(
    fresh: Shell, drawn: DemoSet, tmp_path: Path
) -> None:
    bad = _bad_photos(tmp_path, drawn)
    good = _photo(drawn)
    shutil.copy(good, tmp_path / "good.jpg")
    tomorrow = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    rows = [("good", "good.jpg", "1980"), ("good", "good.jpg", "1980"), *((name, name, "") for name in bad)]
    rows += [("a/b", "good.jpg", ""), ("x" * 10_000, "good.jpg", ""), ("=cmd()", "good.jpg", ""), ("", "good.jpg", "")]
    rows += [("unborn", "good.jpg", tomorrow), ("no photo", "", "")]
    rows += [("torn", "good.jpg", "1970"), ("torn", str(good), "1971")]
    # The same photo twice with other fields: nobody can know which of them is the person.
    rows += [("twice", "good.jpg", "1970"), ("twice", "good.jpg", "1971")]
    source = write_csv(
        tmp_path / "people.csv",
        [{"person_id": who, "photo": photo, "date_of_birth": born} for who, photo, born in rows],
    )
    ended = fresh("enroll", source, "--refused", tmp_path / "why.csv")
    assert ended.code == 0, ended.err
    assert "1 new" in ended.out
    assert "20 refused" in ended.out
    refused = read_csv(tmp_path / "why.csv")
    codes = {row["photo"]: row["code"] for row in refused if row["person_id"] in bad}
    assert codes == bad
    by_id = {row["person_id"][:8]: row for row in refused}
    assert by_id["good"]["code"] == "duplicate_row"
    assert "line 2" in by_id["good"]["reason"]
    assert by_id["good"]["line"] == "3"
    assert (
        by_id["a/b"]["code"] == by_id["xxxxxxxx"]["code"] == by_id[""]["code"] == by_id["unborn"]["code"] == "bad_field"
    )
    # What is no id and would run as a formula is marked.
    assert by_id["'=cmd()"]["code"] == "bad_field"
    assert by_id["no photo"]["code"] == "missing"
    assert [row["code"] for row in refused if row["person_id"] == "torn"] == ["rows_disagree"] * 2
    assert "lines 19 and 20" in by_id["torn"]["reason"]
    assert [row["code"] for row in refused if row["person_id"] == "twice"] == ["rows_disagree", "duplicate_row"]
    assert all(row["reason"] for row in refused)
    _healthy(fresh, 1)


@pytest.mark.long
def test_with_everything_refused_a_script_is_told(fresh: Shell, tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "text.jpg").write_text("not a photo", encoding="utf-8")
    one_line_of_error(fresh("enroll", tmp_path / "people"), 3, "refused.csv")
    assert [row["code"] for row in read_csv(tmp_path / "refused.csv")] == ["not_a_photo"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["empty", "person_id,photo"]),
        (b"person_id,photo\n", ["no row"]),
        (b"person_id,file\n1,a.jpg\n", ["no column photo"]),
        (b"person_id,photo,nickname\n1,a.jpg,x\n", ["'nickname'", "native_name"]),
        (b"person_id,photo,name,name\n1,a.jpg,x,y\n", ["column name twice"]),
        ("person_id,photo,name\n1,a.jpg,溪岚张伟\n".encode("gb18030"), ["line 2", "--encoding gb18030"]),
        ("person_id,photo\n1,a.jpg\n".encode("utf-16"), ["UTF-16", "--encoding utf-16"]),
        (b'person_id,photo\n1,"a.jpg\n2,b.jpg\n', ["line 3", "quotation marks"]),
        (b"\x89PNG\r\n\x1a\n\0\0\0\0", ["not a text file"]),
    ],
)
def test_a_csv_that_can_not_be_used_is_one_line(fresh: Shell, tmp_path: Path, content: bytes, words: list[str]) -> None:
    (tmp_path / "people.csv").write_bytes(content)
    one_line_of_error(fresh("enroll", tmp_path / "people.csv"), 2, *words)
    assert not fresh.home.exists()


def test_a_place_with_nothing_to_enroll_is_one_line(fresh: Shell, tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    one_line_of_error(fresh("enroll", tmp_path / "people"), 2, "no photos")
    (tmp_path / "people" / "list.csv").write_text(_HEADER, encoding="utf-8")
    one_line_of_error(fresh("enroll", tmp_path / "people"), 2, "list.csv")
    one_line_of_error(fresh("enroll", tmp_path / "nowhere"), 2, "does not exist")
    one_line_of_error(fresh("enroll", tmp_path, "--gallery", "a/b"), 2, "gallery")


@pytest.mark.long
def test_a_home_that_can_not_be_written_is_one_line(fresh: Shell, drawn: DemoSet, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for home in (tmp_path / "file", tmp_path / "file" / "home"):
        one_line_of_error(fresh("enroll", drawn.people, home=home), 4, "--home")
        found = fresh("doctor", "--json", home=home)
        assert found.code == 1
        assert [finding["about"] for finding in found.objects if finding["level"] == "problem"] == ["home"]
    one_line_of_error(fresh("enroll", drawn.people, "--refused", tmp_path / "gone" / "refused.csv"), 4, "refused.csv")


@pytest.mark.long
def test_a_full_disk_leaves_a_whole_gallery_and_the_next_run_goes_on(shell: Shell, tmp_path: Path) -> None:
    people = write_more_people(tmp_path, 24, first=100)
    # The system then refuses every file that grows beyond: what a full disk does, for this process alone.
    # Room for a few photos in the write-ahead log, however large the records are already.
    limit = 150_000
    ended = subprocess.run(
        command("enroll", people, "--home", shell.home, "--workers", 1),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert ended.returncode == 4, ended.stderr
    assert "disk" in ended.stderr
    assert "Traceback" not in ended.stderr
    # What a batch had before the disk was full is kept.
    kept = shell("stats", "--json").objects[0]["galleries"]["main"]["people"]
    assert 12 <= kept < 36
    _healthy(shell, kept)
    assert shell("enroll", people).code == 0
    _healthy(shell, 36)


def write_more_people(folder: Path, count: int, *, first: int) -> Path:
    """A CSV with further drawn people, beside their photos."""
    from matcher.drawn import photo_bytes

    rows = []
    for person in range(first, first + count):
        (folder / f"{person}.jpg").write_bytes(photo_bytes(person, 0))
        rows.append({"person_id": f"more-{person}", "photo": f"{person}.jpg"})
    return write_csv(folder / "more.csv", rows)
