"""``identify`` and ``compare`` over drawn people."""

import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from matcher.drawn import DemoSet
from tests.cli.parts import Shell, command, one_line_of_error, read_csv, started
from tests.realdata import faces_folder, needs_real_photos, open_set


def _cases(drawn: DemoSet) -> list[tuple[Path, str]]:
    """Each case's photo and who it shows, empty for those who are not enrolled."""
    answers = {row["case_id"]: row["person_id"] for row in read_csv(drawn.answers)}
    return [(drawn.backlog.parent / row["photo"], answers[row["case_id"]]) for row in read_csv(drawn.backlog)]


def test_json_lines_have_the_wire_shape_and_find_who_is_enrolled(asking: Shell, drawn: DemoSet) -> None:
    cases = _cases(drawn)
    ended = asking("identify", *(path for path, _ in cases), "--json", "--top", 3)
    assert ended.code == 0
    assert len(ended.objects) == len(cases)
    for answer, (path, truth) in zip(ended.objects, cases, strict=True):
        assert answer["photo"] == str(path)
        assert answer["outcome"] == "candidates"
        assert set(answer["box"]) == {"left", "top", "right", "bottom"}
        assert answer["engine"] == "dlib-resnet@2"
        assert answer["gallery"]["people"] == 12
        assert answer["scoring"]["note"]
        assert {"decode", "detect", "embed", "search"} <= set(answer["timings_ms"])
        assert [candidate["rank"] for candidate in answer["candidates"]] == [1, 2, 3]
        if truth:
            assert answer["candidates"][0]["person_id"] == truth
            assert answer["candidates"][0]["person"]["source"] == "drawn"


def test_the_table_is_for_people_and_says_what_scores_are_not(asking: Shell, drawn: DemoSet) -> None:
    path, truth = next(case for case in _cases(drawn) if case[1])
    ended = asking("identify", path)
    assert ended.code == 0
    assert truth in ended.out
    assert "rank" in ended.out
    assert asking("identify", path, "--json").objects[0]["scoring"]["note"] in ended.err
    assert "a person has to confirm" in ended.err


@pytest.mark.long
def test_filters_narrow_the_search(asking: Shell, drawn: DemoSet) -> None:
    path = _cases(drawn)[0][0]
    for arguments, holds in (
        (["--sex", "F"], lambda person: person["sex"] == "F"),
        (["--nationality", "CHN"], lambda person: person["nationality"] == "CHN"),
        (["--born", "1960-1990"], lambda person: "1960" <= person["date_of_birth"][:4] <= "1990"),
    ):
        found = asking("identify", path, "--json", *arguments).objects[0]["candidates"]
        assert 0 < len(found) < 12
        assert all(holds(candidate["person"]) for candidate in found)
    one_line_of_error(asking("identify", path, "--born", "196"), 2, "1960-1970")
    one_line_of_error(asking("identify", path, "--sex", "Q"), 2, "M, F or X")
    one_line_of_error(asking("identify", path, "--nationality", "ZZZ"), 2, "ZZZ")
    one_line_of_error(asking("identify", path, "--gallery", "nowhere"), 2, "nowhere", "main")


def test_photos_without_a_face_are_outcomes(asking: Shell, drawn: DemoSet, tmp_path: Path) -> None:
    Image.new("RGB", (200, 200), "grey").save(tmp_path / "grey.png")
    (tmp_path / "text.jpg").write_text("not a photo", encoding="utf-8")
    good = _cases(drawn)[0][0]
    ended = asking("identify", tmp_path / "grey.png", tmp_path / "text.jpg", tmp_path / "gone.jpg", good, "--json")
    assert ended.code == 0
    assert [answer["outcome"] for answer in ended.objects[:3]] == ["no_face", "photo_unusable", "photo_unusable"]
    assert [answer["code"] for answer in ended.objects[:3]] == ["", "not_a_photo", "missing"]
    # With nothing searched, a script is told by the exit code.
    assert asking("identify", tmp_path / "grey.png").code == 3


def test_two_faces_are_told_and_the_candidates_listed(asking: Shell, drawn: DemoSet, tmp_path: Path) -> None:
    first, second = (Image.open(path) for path, _ in _cases(drawn)[:2])
    both = Image.new("RGB", (first.width * 2, first.height))
    both.paste(first, (0, 0))
    both.paste(second, (first.width, 0))
    both.save(tmp_path / "both.png")
    answer = asking("identify", tmp_path / "both.png", "--json").objects[0]
    assert answer["outcome"] == "several_faces"
    assert len(answer["others"]) == 1
    assert answer["candidates"]


def test_compare_gives_a_distance_and_no_verdict(asking: Shell, drawn: DemoSet, tmp_path: Path) -> None:
    (one, _), (two, _) = _cases(drawn)[:2]
    same = asking("compare", one, one)
    assert same.code == 0
    assert "Distance 0.0000" in same.out
    assert "does not say whether it is one person" in asking("compare", one, two).out
    (tmp_path / "empty.jpg").touch()
    one_line_of_error(asking("compare", one, tmp_path / "empty.jpg"), 3, "empty.jpg: the file has 0 bytes")


def test_an_empty_gallery_answers_nobody(fresh: Shell, drawn: DemoSet) -> None:
    assert fresh("person", "add", "without-a-photo").code == 0
    answer = fresh("identify", _cases(drawn)[0][0], "--json")
    assert answer.code == 0
    assert answer.objects[0]["outcome"] == "nobody"


@pytest.mark.long
def test_a_gallery_of_another_engine_is_refused(fresh: Shell, drawn: DemoSet) -> None:
    photo = _cases(drawn)[0][0]
    assert fresh("person", "add", "someone", photo, "--engine", "face_recognition").code == 0
    one_line_of_error(fresh("--engine", "dlib-resnet", "identify", photo), 4, "face_recognition@1.3", "dlib-resnet@2")
    # Without being told, a home is searched with the engine that it records.
    assert fresh("identify", photo, "--json").objects[0]["engine"] == "face_recognition@1.3"


@pytest.mark.long
def test_a_reader_that_leaves_is_no_fault(enrolled: Path, drawn: DemoSet, tmp_path: Path) -> None:
    shutil.copy(_cases(drawn)[0][0], tmp_path / "a.jpg")
    line = " ".join(command("identify", "a.jpg", "--json", "--home", enrolled))
    script = f"{line} | true; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, check=False)
    assert ended.returncode in (0, 141)
    assert ended.stderr == b""


@pytest.mark.long
def test_home_is_understood_before_and_after_the_command(enrolled: Path, drawn: DemoSet, tmp_path: Path) -> None:
    with started("stats", "--json", "--home", enrolled, folder=tmp_path, MATCHER_HOME=str(tmp_path / "other")) as after:
        assert '"people": 12' in after.communicate()[0]


@needs_real_photos
def test_real_photos_find_their_people(fresh: Shell, tmp_path: Path) -> None:
    rows = open_set("portraits_open_set")
    gallery = [row for row in rows if row["role"] == "gallery"][:12]
    people = {row["person_id"] for row in gallery}
    probes = [row for row in rows if row["role"] != "gallery" and row["person_id"] in people][:6]
    for row in gallery:
        place = tmp_path / "people" / row["person_id"]
        place.mkdir(parents=True)
        shutil.copy(faces_folder() / row["photo"], place)
    assert fresh("enroll", tmp_path / "people").code == 0
    answers = fresh("identify", *(faces_folder() / row["photo"] for row in probes), "--json").objects
    assert [answer["candidates"][0]["person_id"] for answer in answers] == [row["person_id"] for row in probes]


@pytest.mark.parametrize("arguments", [["nope"], ["identify"], ["identify", "x", "--top", "0"], ["--engine", "x"]])
def test_wrong_use_is_one_line(asking: Shell, arguments: list[str]) -> None:
    one_line_of_error(asking(*arguments), 2, "--help")


@pytest.mark.long
def test_a_filter_that_leaves_nobody_is_said_and_so_is_how_many_it_leaves(asking: Shell, drawn: DemoSet) -> None:
    photo = next((drawn.backlog.parent / "cases").iterdir())
    nobody = asking("identify", photo, "--born", "1850")
    assert nobody.code == 0
    assert "nobody: none of the 12 people is among those asked for" in nobody.out
    some = asking("identify", photo, "--sex", "F")
    left = len(asking("identify", photo, "--sex", "F", "--json").objects[0]["candidates"])
    assert 0 < left < 12
    assert f"Searched {left} of 12 people in all galleries" in some.err
    assert "Searched 12 people in all galleries" in asking("identify", photo).err
