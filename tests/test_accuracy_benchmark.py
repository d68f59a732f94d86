"""The accuracy benchmark on drawn people: ours and face_recognition on the same photos, the raw results kept."""

import json
from pathlib import Path

import pytest

from benchmarks.accuracy import main
from matcher.drawn import write_demo
from tests.cli.parts import read_csv, write_csv


@pytest.mark.long
def test_both_engines_are_measured_on_the_same_photos(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    demo = write_demo(tmp_path, people=4, cases=6, not_enrolled=4, workers=1)
    truth = {row["case_id"]: row["person_id"] for row in read_csv(demo.answers)}
    rows = [
        {"photo": row["photo"], "person_id": row["person_id"], "role": "gallery", "probe_kind": ""}
        for row in read_csv(demo.people)
    ]
    rows += [
        {
            "photo": row["photo"],
            "person_id": truth[row["case_id"]] or row["case_id"],
            "role": "probe",
            "probe_kind": "mated" if truth[row["case_id"]] else "non-mated",
        }
        for row in read_csv(demo.backlog)
    ]
    listed = write_csv(tmp_path / "drawn.csv", rows)
    out = tmp_path / "out"
    assert main([str(listed), "--workers", "1", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "face_recognition" in printed
    (kept,) = out.iterdir()
    found = json.loads(kept.read_text(encoding="utf-8"))["sets"]["drawn"]
    assert set(found) == {"dlib-resnet", "face_recognition"}
    for engine in found.values():
        assert engine["gallery"]["people"] == 4
        assert engine["rates"]["ranks"][0]["hit"] == {**engine["rates"]["ranks"][0]["hit"], "value": 1.0, "trials": 2}
        assert [point["target"] for point in engine["rates"]["at_observed"]] == [0.3]
        assert engine["timing"]["milliseconds"]["embed"]["mean"] > 0
    # Plain: scores are distances, and nothing is promised about false alarms.
    assert found["face_recognition"]["rates"]["as_asked"] == []
    assert found["face_recognition"]["rates"]["at_observed"][0]["threshold"] < 0
    assert found["dlib-resnet"]["rates"]["as_asked"]
