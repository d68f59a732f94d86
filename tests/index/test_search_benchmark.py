"""The search benchmark at toy size: it runs, keeps raw results, and says which peers are missing."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import population, search, updates


@pytest.mark.long
def test_it_runs_and_keeps_its_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--sizes", "2e3", "--queries", "20", "--engines", "ours", "flat", "--out", str(tmp_path / "out")]
    assert search.main([*arguments, "--temporary", str(tmp_path)]) == 0
    run = json.loads((tmp_path / "out" / "raw.json").read_text())["runs"][0]
    assert [raw["engine"] for raw in run["engines"]] == ["ours", "flat"]
    assert all(len(raw["single_ms"]) == 20 and raw["recall"] == 1.0 for raw in run["engines"])
    assert "2,000 | ours" in (tmp_path / "out" / "table.md").read_text()
    assert (tmp_path / "out" / "cost.svg").read_text().startswith("<svg")
    assert "single query p50" in capsys.readouterr().out
    assert not list(tmp_path.glob("search-*"))


@pytest.mark.long
def test_a_peer_that_is_not_installed_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if importlib.util.find_spec("usearch"):
        pytest.skip("USearch is installed here")
    arguments = ["--sizes", "500", "--queries", "5", "--engines", "usearch", "--out", str(tmp_path / "out")]
    assert search.main([*arguments, "--temporary", str(tmp_path)]) == 0
    assert "not installed" in capsys.readouterr().out


def test_the_population_is_repeatable_and_spread_like_embeddings() -> None:
    people = population.load()
    np.testing.assert_array_equal(people.chunk(3, 50), people.chunk(3, 50))
    np.testing.assert_array_equal(people.gallery(100)[:50], people.chunk(0, 50))
    gallery = people.chunk(0, 2_000)
    mates = np.linalg.norm(people.probes(gallery, 1) - gallery, axis=1).mean()
    strangers = np.linalg.norm(gallery[:-1] - gallery[1:], axis=1).mean()
    # What pairs of photos of one person, and of two, measure with the default engine.
    assert 0.3 < mates < 0.5
    assert 0.7 < strangers < 0.9


@pytest.mark.long
def test_changes_are_measured_beside_searches(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--size", "1000", "--turns", "2", "--searches", "40", "--pause", "0.001"]
    assert updates.main([*arguments, "--temporary", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    results = json.loads(next((tmp_path / "out").iterdir()).read_text())
    assert len(results["alone_ms"]) == len(results["beside_ms"]) == 80
    assert len(results["add_and_find_ms"]) == len(results["remove_and_miss_ms"]) >= 2
    assert "over p99 alone" in capsys.readouterr().out
    assert not list(tmp_path.glob("updates-*"))
