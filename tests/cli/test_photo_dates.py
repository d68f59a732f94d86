"""Days of taking on the command line: from a CSV, for photos that are there already, and out again."""

import json
import shutil
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from matcher.drawn import DemoSet
from tests.cli.parts import Shell, one_line_of_error, read_csv, write_csv


def _days(shell: Shell, person_id: str) -> list[str]:
    return [photo["taken_on"] for photo in shell("person", "show", person_id, "--json").objects[0]["photos"]]


@pytest.mark.long
def test_days_come_with_the_csv_and_later_and_go_out_again(fresh: Shell, drawn: DemoSet, tmp_path: Path) -> None:
    for place, photo in enumerate(sorted((drawn.people.parent / "photos").iterdir())[:2]):
        shutil.copy(photo, tmp_path / f"{place}.jpg")
    rows = [{"person_id": f"{place}", "photo": f"{place}.jpg"} for place in range(2)]
    write_csv(tmp_path / "people.csv", rows)
    assert fresh("enroll", tmp_path / "people.csv").code == 0
    assert "date not known" in fresh("person", "show", "0").out
    dated = [{**rows[0], "taken_on": "2019-05-17"}, {**rows[1], "taken_on": "2999-01-01"}]
    write_csv(tmp_path / "dated.csv", dated)
    ended = fresh("enroll", tmp_path / "dated.csv")
    assert (ended.code, "1 recorded photo got another date of taking." in ended.out) == (0, True)
    (refused,) = read_csv(tmp_path / "refused.csv")
    assert (refused["code"], refused["line"]) == ("bad_field", "3")
    assert "2999-01-01 lies in the future; correct it, or leave it empty" in refused["reason"]
    assert (_days(fresh, "0"), _days(fresh, "1")) == (["2019-05-17"], [""])
    assert "got another" not in fresh("enroll", tmp_path / "dated.csv").out

    person = ("person", "add", "1", tmp_path / "1.jpg")
    one_line_of_error(fresh(*person, "--taken-on", "2019-13-01"), 2, "taken_on '2019-13-01' is not a date")
    one_line_of_error(fresh(*person, "--taken-on", "", "--taken-on", ""), 2, "2 times for 1 photos")
    assert fresh(*person, "--taken-on", "2020-02-29").code == 0
    one_line_of_error(fresh(*person, "--taken-on", "2020-03-01"), 2, "recorded as taken on 2020-02-29")
    assert fresh(*person, "--taken-on", "2020-03-01", "--update").code == 0
    assert "taken on 2020-03-01" in fresh("person", "show", "1").out

    assert fresh("export-embeddings", "out.parquet").code == 0
    assert pq.read_table(tmp_path / "out.parquet")["taken_on"].to_pylist() == ["2019-05-17", "2020-03-01"]
    moved = Shell(tmp_path / "moved", tmp_path, fresh._capture)
    assert moved("import-embeddings", "out.parquet").code == 0
    assert (_days(moved, "0"), _days(moved, "1")) == (["2019-05-17"], ["2020-03-01"])
    assert fresh("person", "export", "1", "--out", tmp_path / "1.zip").code == 0
    with zipfile.ZipFile(tmp_path / "1.zip") as archive:
        assert json.loads(archive.read("person.json"))["photos"][0]["taken_on"] == "2020-03-01"
    entries = fresh("audit", "show", "--action", "person_enrolled", "--json").objects
    assert sum(entry["details"].get("photos_dated", 0) for entry in entries) == 3


@pytest.mark.long
def test_one_photo_with_two_days_keeps_the_first_and_says_so(fresh: Shell, drawn: DemoSet, tmp_path: Path) -> None:
    photo = sorted((drawn.people.parent / "photos").iterdir())[0]
    for name in ("a.jpg", "b.jpg"):
        shutil.copy(photo, tmp_path / name)
    days = ("2019-05-17", "2020-05-17")
    rows = [{"person_id": "7", "photo": f"{name}.jpg", "taken_on": day} for name, day in zip("ab", days, strict=True)]
    write_csv(tmp_path / "people.csv", rows)
    assert fresh("enroll", tmp_path / "people.csv").code == 0
    (refused,) = read_csv(tmp_path / "refused.csv")
    assert (refused["code"], refused["photo"]) == ("rows_disagree", "b.jpg")
    assert _days(fresh, "7") == ["2019-05-17"]
