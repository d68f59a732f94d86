"""The benchmark of searches: every engine in a process of its own, and what a run leaves behind."""

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from benchmarks.search import main


@pytest.mark.long
def test_sizes_that_flat_does_not_hold_are_measured_beside_a_tenth(tmp_path: Path) -> None:
    small, large = 1_000, 6_000
    sizes = ["--sizes", str(small), str(large), "--flat-up-to", str(small), "--queries", "20"]
    assert (
        main([*sizes, "--engines", "ours", "flat", "--out", str(tmp_path / "out"), "--temporary", str(tmp_path)]) == 0
    )
    kept = json.loads((tmp_path / "out" / "raw.json").read_text())
    assert {"processor", "cores", "packages", "load_average"} <= kept["environment"].keys()
    first, second = kept["runs"]
    assert [raw["engine"] for raw in first["engines"]] == ["ours", "flat"]
    assert [(raw["engine"], raw["count"]) for raw in second["engines"]] == [("ours-huge", 600), ("ours-huge", large)]
    for raw in [*first["engines"], *second["engines"]]:
        assert len(raw["single_ms"]) == 20
        assert raw["recall"] >= 0.99
        assert raw["package"] == f"faiss-cpu {version('faiss-cpu')}"
    assert second["engines"][1]["stats"]["recall_target"] == 0.99
    table = (tmp_path / "out" / "table.md").read_text()
    assert "ours-huge at 600 against ours at 6,000" in table
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
