"""``jobs`` and ``work`` over their whole way: every source finds the same as ``backlog`` does on a CSV."""

import io
import json
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest

from matcher.drawn import DemoSet
from tests.cli.parts import Shell, one_line_of_error, read_csv, write_csv


@pytest.fixture
def folder(drawn: DemoSet, tmp_path: Path) -> Path:
    """Four photos and their list in a folder."""
    place = tmp_path / "photos"
    place.mkdir()
    photos = sorted((drawn.backlog.parent / "cases").iterdir())[:3]
    rows = []
    for number, photo in enumerate([*photos, photos[0]]):
        (place / f"{number}.jpg").write_bytes(photo.read_bytes())
        rows.append({"case_id": f"case {number}", "photo": f"{number}.jpg", "deadline": f"2026-03-0{9 - number}"})
    write_csv(place / "list.csv", rows)
    return place


def _packed(folder: Path, kind: str) -> Path:
    place = folder.parent / f"photos.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(place, "w") as archive:
            for path in sorted(folder.iterdir()):
                archive.write(path, path.name)
        return place
    with tarfile.open(place, "w:gz" if kind == "tgz" else "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name)
    return place


@pytest.mark.long
def test_a_job_finds_what_a_backlog_does(
    shell: Shell, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shell("backlog", folder / "list.csv", "--out", tmp_path / "plain", "--top", 3).code == 0
    plain = read_csv(tmp_path / "plain" / "candidates.csv")
    tgz = io.BytesIO(_packed(folder, "tgz").read_bytes())
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=tgz))
    made = []
    for source in (folder / "list.csv", folder, _packed(folder, "zip"), _packed(folder, "tar"), "-"):
        ended = shell("jobs", "add", source, "--top", 3, "--priority", len(made))
        assert ended.code == 0, ended.err
        assert "4 searches list up to 3 candidates each: at most 12 comparisons, 0.1 hours at 30" in ended.err
        made.append(ended.out.strip())
    spooled = list((shell.home / "jobs").rglob("photos"))
    assert len(spooled) == 1
    ended = shell("work", "--until-idle")
    assert (ended.code, ended.out) == (0, "20 searched.\n"), ended.err
    assert not spooled[0].exists()
    listed = shell("jobs", "list", "--json").objects
    assert {(one["id"], one["state"], one["done"]) for one in listed} == {(job, "done", 4) for job in made}
    for job in made:
        out = tmp_path / job
        assert shell("jobs", "results", job, "--out", out, "--no-report").code == 0
        found = read_csv(out / "candidates.csv")
        assert [{**row, "photo": ""} for row in found] == [{**row, "photo": ""} for row in plain]
        assert {row["review_order"] for row in found if row["case_id"] == "case 3"} == {"1"}
        assert {row["same_photo_as"] for row in found if row["case_id"] == "case 3"} == {"case 0"}
        # Drawn people are more alike than people are: others may follow, behind the very same photo.
        assert {row["same_face_as"].split("; ")[0] for row in found if row["case_id"] == "case 3"} == {"case 0"}
    rows = pq.read_table(tmp_path / made[0] / "candidates.parquet").to_pylist()
    assert [row["case_id"] for row in rows] == [row["case_id"] for row in plain]
    assert [row["rank"] for row in rows] == [int(row["rank"]) for row in plain]
    assert [f"{row['score']:.4f}" for row in rows] == [row["score"] for row in plain]
    ended = shell("jobs", "results", made[0], "--out", tmp_path / "page")
    assert "case 3" in (tmp_path / "page" / "report.html").read_text(encoding="utf-8")


def test_a_job_is_told_what_to_do(shell: Shell, folder: Path, tmp_path: Path) -> None:
    job = shell("jobs", "add", folder / "list.csv", "--name", "spring", "--fpir", "0.05").out.strip()
    assert "priority 4" in shell("jobs", "priority", job, 4).out
    assert "cancelled" in shell("jobs", "cancel", job).out
    (shown,) = shell("jobs", "show", job, "--json").objects
    assert (shown["name"], shown["state"], shown["priority"], shown["total"]) == ("spring", "cancelled", 4, 4)
    one_line_of_error(shell("jobs", "cancel", job), 2, "only one that is open")
    assert "queued" in shell("jobs", "resume", job).out
    one_line_of_error(shell("jobs", "remove", job), 2, "cancel it first")
    assert shell("jobs", "results", job, "--out", tmp_path / "out", "--no-report").code == 0
    assert {row["outcome"] for row in read_csv(tmp_path / "out" / "candidates.csv")} == {"not_searched"}
    assert shell("jobs", "cancel", job).code == 0
    assert shell("jobs", "remove", job).code == 0
    one_line_of_error(shell("jobs", "show", job), 2, "no such job", "jobs list")
    one_line_of_error(shell("jobs", "add", tmp_path / "gone.zip"), 2, "gone.zip")
    assert json.dumps(shell("jobs", "list", "--json").objects) == "[]"
