"""The quality of photos on the command line: said, refused, overruled; in backlogs and enrolment too."""

import json
import re
from pathlib import Path

import pytest

from matcher.drawn import photo_bytes
from tests.cli.parts import Shell, one_line_of_error, read_csv, write_csv
from tests.matcher.quality_parts import blurred_photo


@pytest.fixture
def unfit(tmp_path: Path) -> Path:
    path = tmp_path / "unfit.jpg"
    path.write_bytes(blurred_photo(3, 2))
    return path


@pytest.fixture
def poor(tmp_path: Path) -> Path:
    path = tmp_path / "poor.jpg"
    path.write_bytes(blurred_photo(1, 4, sigma=5))
    return path


@pytest.mark.long
def test_an_unfit_photo_is_refused_and_searched_anyway(asking: Shell, unfit: Path) -> None:
    refused = asking("identify", unfit)
    assert refused.code == 3
    assert "photo unusable (quality)" in refused.out
    assert "the face is blurred: hold the camera still" in refused.err
    anyway = asking("identify", unfit, "--anyway", "--json")
    assert anyway.code == 0
    (answer,) = anyway.objects
    assert (answer["outcome"], len(answer["candidates"])) == ("candidates", 12)
    assert "the face is blurred" in answer["searched_anyway"]
    said = asking("identify", unfit, "--anyway")
    assert "rank" in said.out
    assert "would have been refused" in said.err


def test_a_poor_photo_is_searched_with_a_warning(asking: Shell, poor: Path) -> None:
    ended = asking("identify", poor)
    assert ended.code == 0
    assert re.search(r"Photo quality \d+ of 100, poor\.", ended.err)
    assert "the face is blurred" in ended.err


@pytest.mark.long
def test_bounds_are_settings(asking: Shell, poor: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATCHER_QUALITY_UNFIT_BELOW", "50")
    assert asking("identify", poor).code == 3
    monkeypatch.setenv("MATCHER_QUALITY_UNFIT_BELOW", "70")
    one_line_of_error(asking("identify", poor), 2, "unfit below 70")
    monkeypatch.setenv("MATCHER_QUALITY", "false")
    assert asking("identify", poor, "--json").objects[0]["quality"] is None


@pytest.mark.long
def test_backlogs_tell_quality_in_table_and_report(asking: Shell, unfit: Path, poor: Path, tmp_path: Path) -> None:
    rows = [{"case_id": path.stem, "photo": path.name} for path in (unfit, poor)]
    manifest = write_csv(tmp_path / "cases.csv", rows)
    out = tmp_path / "out"
    assert asking("backlog", manifest, "--out", out, "--top", 2).code == 0
    found = read_csv(out / "candidates.csv")
    columns = list(found[0])
    assert columns[(at := columns.index("quality")) : at + 3] == ["quality", "quality_reasons", "searched_anyway"]
    assert [(row["case_id"], row["outcome"]) for row in found] == [
        ("unfit", "photo_unusable"),
        ("poor", "candidates"),
        ("poor", "candidates"),
    ]
    assert (found[0]["code"], found[0]["searched_anyway"]) == ("quality", "")
    assert float(found[0]["quality"]) < 10 < float(found[1]["quality"]) < 55
    assert "the face is blurred" in found[1]["quality_reasons"]
    page = (out / "report.html").read_text("utf-8")
    cases = json.loads(re.search(r'id="cases">(.*?)</script>', page, re.DOTALL)[1])
    assert [case["quality"][1] for case in cases] == ["unfit", "poor"]
    ended = asking("backlog", manifest, "--out", out, "--top", 2, "--anyway")
    assert "--anyway" in ended.err
    found = read_csv(out / "candidates.csv")
    assert [row["outcome"] for row in found] == ["candidates"] * 4
    assert "the face is blurred" in found[0]["searched_anyway"]
    assert found[2]["searched_anyway"] == ""


@pytest.mark.long
def test_enrolment_refuses_the_unfit_and_takes_the_poor_with_a_warning(fresh: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "people"
    photos = (("a/0", photo_bytes(3, 1)), ("a/1", blurred_photo(3, 0)), ("b/1", blurred_photo(1, 4, sigma=5)))
    for name, data in (*photos, ("c/1", photo_bytes(5, 0))):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.jpg").write_bytes(data)
    for _ in range(2):
        # Again as at first: a person who is recorded has a better photo too.
        ended = fresh("enroll", folder)
        assert ended.code == 0
        assert [(row["person_id"], row["code"]) for row in read_csv(tmp_path / "refused.csv")] == [("a", "quality")]
    assert "c, " not in ended.err
    again = fresh("enroll", folder, "--anyway")
    assert "1 enrolled, 3 known already" in again.out
    assert read_csv(tmp_path / "refused.csv") == []


@pytest.mark.long
def test_who_has_no_better_photo_is_enrolled_with_the_best_unfit_one(fresh: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "people"
    (folder / "a").mkdir(parents=True)
    for number, sigma in enumerate((16, 11, 14)):
        (folder / "a" / f"{number}.jpg").write_bytes(blurred_photo(3, 0, sigma=sigma))
    ended = fresh("enroll", folder)
    assert "1 new" in ended.out
    assert "a, a/1.jpg: taken, but its quality is" in ended.err
    assert "no better photo of this person" in ended.err
    refused = [(row["photo"], row["code"]) for row in read_csv(tmp_path / "refused.csv")]
    assert refused == [("a/0.jpg", "quality"), ("a/2.jpg", "quality")]
    again = fresh("enroll", folder)
    assert "1 known already, 2 refused" in again.out


@pytest.mark.long
def test_person_add_warns_and_refuses(fresh: Shell, unfit: Path, poor: Path) -> None:
    refused = fresh("person", "add", "p", unfit)
    assert refused.code == 3
    assert "(quality)" in refused.err
    taken = fresh("person", "add", "p", poor)
    assert taken.code == 0
    assert "was taken, but its quality is" in taken.err
    assert fresh("person", "add", "p", unfit, "--anyway").code == 0
