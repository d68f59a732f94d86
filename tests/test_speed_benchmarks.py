"""The benchmarks of speed on a few real photos: every contender and step is measured, the raw results kept."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import pipeline, steps
from tests.realdata import needs_real_photos

pytestmark = [needs_real_photos, pytest.mark.long]


def test_the_pipeline_is_measured_beside_face_recognition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_WARMING", 1)
    assert pipeline.main(["--photos", "2", "--sizes", "250", "--out", str(tmp_path)]) == 0
    kept = _kept(tmp_path)
    assert {"ours, 8-bit", "ours, float", "face_recognition"} <= kept.keys()
    for contender in kept.values():
        assert len(contender["ms"]) == 2
        assert min(contender["ms"]) > 0


def test_each_step_is_measured_beside_its_floor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "_WARMING", 1)
    assert steps.main(["--photos", "2", "--sizes", "250", "--out", str(tmp_path)]) == 0
    kept = _kept(tmp_path)
    assert {"decode", "five landmarks", "face network", "all"} <= kept.keys()
    assert kept["five landmarks"]["floor_ms"] > 0
    assert len(kept["all"]["each"]) == 2


def _kept(folder: Path) -> dict[str, Any]:
    (path,) = folder.iterdir()
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert "processor" in kept["environment"]
    assert kept["photos"] == 2
    return dict(kept["sizes"]["250"])
