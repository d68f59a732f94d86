"""``matcher evaluate`` over its whole way, with drawn people."""

import json
import re
import shutil
from pathlib import Path

import pytest

from matcher.drawn import DemoSet
from tests.cli.parts import ROOT, Shell, one_line_of_error, read_csv, write_csv

FILES = {"results.json", "statement.html", "searches.csv", "refused.csv", "det.svg", "cmc.svg"}


@pytest.fixture
def manifest(drawn: DemoSet, tmp_path: Path) -> Path:
    """Twelve people in the gallery; five searches of them, three of others."""
    people = [
        {"photo": drawn.people.parent / row["photo"], "person_id": row["person_id"], "role": "gallery"}
        for row in read_csv(drawn.people)
    ]
    truth = {row["case_id"]: row["person_id"] for row in read_csv(drawn.answers)}
    cases = [
        {
            "photo": drawn.backlog.parent / row["photo"],
            "person_id": truth[row["case_id"]] or f"stranger-{place}",
            "role": "probe",
            "probe_kind": "mated" if truth[row["case_id"]] else "non-mated",
        }
        for place, row in enumerate(read_csv(drawn.backlog))
    ]
    return write_csv(tmp_path / "list.csv", [{"probe_kind": "", **row} for row in (*people, *cases)])


def documented() -> list[list[str]]:
    """The commands of the documentation, which name the list and the folder as here."""
    text = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    return [command.split() for command in re.findall(r"^    matcher (evaluate .*)$", text, re.MULTILINE)]


def steady(folder: Path) -> dict[str, object]:
    """The results without what differs from run to run by design."""
    found = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return {name: part for name, part in found.items() if name not in {"made", "timing"}}


@pytest.mark.long
def test_drawn_people_are_evaluated(fresh: Shell, manifest: Path, tmp_path: Path) -> None:
    ended = fresh(*documented()[0])
    assert ended.code == 0, ended.err
    assert {path.name for path in (tmp_path / "out").iterdir()} >= FILES
    assert "12 people in the gallery; 5 searches for people who are in it, 3 for people who are not" in ended.out
    found = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert found["rates"]["ranks"][0]["hit"]["value"] == 1.0
    assert found["product"]["engine"].startswith("dlib-resnet@")
    assert found["product"]["calibration"]["sha256"]
    assert found["likelihood"]["mated"] == 5
    assert found["likelihood"]["non_mated"] == 36
    assert found["data"]["photos"] == 20
    searched = read_csv(tmp_path / "out" / "searches.csv")
    assert [row["first_is_mate"] for row in searched if row["probe_kind"] == "mated"] == ["1"] * 5
    # The home got no records and nothing that was learned of them, and the gallery of the evaluation is gone.
    assert {path.name for path in fresh.home.iterdir()} <= {"networks"}
    # Once more, with two processes: the same to the last digit.
    assert fresh("evaluate", manifest, "--out", tmp_path / "again", "--workers", 2).code == 0
    assert steady(tmp_path / "out") == steady(tmp_path / "again")


@pytest.mark.long
def test_the_own_gallery_is_searched_and_not_changed(asking: Shell, manifest: Path, tmp_path: Path) -> None:
    before = json.loads(asking("stats", "--json").out)
    ended = asking(*documented()[1])
    assert ended.code == 0, ended.err
    found = steady(tmp_path / "out")
    assert found["gallery"]["own"] is True  # type: ignore[index]
    assert found["gallery"]["people"] == 12  # type: ignore[index]
    after = json.loads(asking("stats", "--json").out)
    assert (after["galleries"], after["version"]) == (before["galleries"], before["version"])
    assert found["rates"]["ranks"][0]["hit"]["value"] == 1.0  # type: ignore[index]


def test_a_list_that_contradicts_the_own_gallery_is_refused(asking: Shell, manifest: Path, tmp_path: Path) -> None:
    rows = read_csv(manifest)
    out = tmp_path / "out"
    one_line_of_error(asking("evaluate", manifest, "--out", out, "--gallery", "other"), 2, "no gallery 'other'", "main")
    mated = [row for row in rows if row["probe_kind"] == "mated"]
    others = [row for row in rows if row["probe_kind"] == "non-mated"]
    wrong = write_csv(tmp_path / "wrong.csv", [*mated, {**others[0], "probe_kind": "mated"}, others[1]])
    ended = asking("evaluate", wrong, "--out", out, "--gallery", "main")
    one_line_of_error(ended, 2, "wrong.csv, line 7", "is mated but is not in the gallery main")
    known = next(row for row in rows if row["role"] == "gallery")
    same = write_csv(tmp_path / "same.csv", [{**known, "role": "probe", "probe_kind": "mated"}, others[0]])
    one_line_of_error(asking("evaluate", same, "--out", out, "--gallery", "main"), 2, "line 2", "itself enrolled")


@pytest.mark.long
def test_photos_that_can_not_be_used_count_as_errors(fresh: Shell, manifest: Path, tmp_path: Path) -> None:
    rows = read_csv(manifest)
    for place, name in ((0, "refused.jpg"), (-1, "unread.jpg")):
        (tmp_path / name).write_bytes(b"no photo " + name.encode())
        rows[place]["photo"] = name
    # The person who can't be enrolled is searched for too.
    probe = next(row for row in rows if row["probe_kind"] == "mated")
    rows[0]["person_id"], left_out = probe["person_id"], rows[0]["person_id"]
    rows = [row for row in rows if row["person_id"] != probe["person_id"] or row in (rows[0], probe)]
    rows = [row for row in rows if row["person_id"] != left_out]
    ended = fresh("evaluate", write_csv(tmp_path / "bad.csv", rows), "--out", tmp_path / "out")
    assert ended.code == 0, ended.err
    found = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert found["gallery"]["reasons"] == {"not_a_photo": 1}
    assert found["rates"]["reasons"] == {"not_a_photo": 1}
    assert found["rates"]["ranks"][-1]["hit"]["value"] < 1
    assert [row["code"] for row in read_csv(tmp_path / "out" / "refused.csv")] == ["not_a_photo"]


@pytest.mark.long
def test_bad_input_is_one_line(fresh: Shell, manifest: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    rows = read_csv(manifest)
    one_line_of_error(fresh("evaluate", tmp_path / "gone.csv", "--out", out), 2, "gone.csv", "can't be read")
    few = write_csv(tmp_path / "few.csv", [{k: v for k, v in row.items() if k != "role"} for row in rows])
    one_line_of_error(fresh("evaluate", few, "--out", out), 2, "few.csv has no column role")
    one_line_of_error(fresh("evaluate", manifest, "--out", out, "--several-faces", "some"), 2, "refuse, take")
    shutil.copy(rows[-1]["photo"], tmp_path / "copy.jpg")
    twice = write_csv(tmp_path / "twice.csv", [*rows, {**rows[-1], "photo": "copy.jpg"}])
    one_line_of_error(fresh("evaluate", twice, "--out", out), 2, f"line {len(rows) + 2}", "the same content")
    (tmp_path / "empty.jpg").write_bytes(b"nothing")
    probes = [row for row in rows if row["role"] == "probe"]
    gallery = [{**row, "photo": "empty.jpg"} for row in rows if row["person_id"] == probes[0]["person_id"]][:1]
    mated = next(row for row in probes if row["probe_kind"] == "mated")
    gallery = [{**gallery[0], "person_id": mated["person_id"], "role": "gallery", "probe_kind": ""}]
    others = [row for row in probes if row["probe_kind"] == "non-mated"]
    nobody = write_csv(tmp_path / "nobody.csv", [*gallery, mated, *others])
    one_line_of_error(fresh("evaluate", nobody, "--out", out), 2, "no gallery photo could be enrolled", "line 2")
