"""Embeddings in and out by the command line: what goes in comes out, what can't be used is told, nothing is lost."""

import json
import re
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from matcher import index_opening
from matcher.drawn import DemoSet
from tests.cli.parts import Shell, one_line_of_error, read_csv

DIMENSION = 128


def drawn_vectors(count: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)


def parquet(path: Path, vectors: Any, **columns: Any) -> Path:
    count = len(vectors)
    names = columns.pop("person_id", [f"p{number}" for number in range(count)])
    if isinstance(vectors, np.ndarray):
        vectors = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])
    pq.write_table(pa.table({"person_id": names, "vector": vectors, **columns}), path)
    return path


def npy(path: Path, vectors: NDArray[Any]) -> Path:
    np.save(path, vectors)
    return path


def refused(folder: Path) -> dict[str, str]:
    return {row["row"]: row["code"] for row in read_csv(folder / "refused.csv")}


def sizes(shell: Shell) -> dict[str, int]:
    galleries = shell("stats", "--json").objects[0]["galleries"]
    return {name: size["photos"] for name, size in galleries.items()}


# In and out


def test_people_with_fields_go_in_and_come_out_the_same(fresh: Shell) -> None:
    vectors = drawn_vectors(5)
    source = parquet(
        fresh.folder / "in.parquet",
        vectors,
        person_id=["a", "b", "b", "丁", "e"],
        native_name=["", "王伟", "王伟", "", ""],
        sex=["M", "F", "F", "", None],
        date_of_birth=["1980", "1990-05-17", "1990-05-17", "", ""],
        nationality=["CHN", "VNM", "VNM", "", ""],
    )
    assert fresh("import-embeddings", source, "--gallery", "two").code == 0
    assert sizes(fresh)["two"] == 5
    for name in ("out.parquet", "out.npy"):
        assert fresh("export-embeddings", name).code == 0
    out = pq.read_table(fresh.folder / "out.parquet")
    assert np.array_equal(np.stack(out["vector"].to_pylist()).astype(np.float32), vectors)
    assert out["person_id"].to_pylist() == ["a", "b", "b", "丁", "e"]
    assert out["native_name"].to_pylist()[2] == "王伟"
    assert out["sex"].to_pylist() == ["M", "F", "F", "", ""]
    assert set(out["gallery"].to_pylist()) == {"two"}
    assert np.array_equal(np.load(fresh.folder / "out.npy"), vectors)
    assert stat.S_IMODE((fresh.folder / "out.parquet").stat().st_mode) == 0o600
    again = Shell(fresh.folder / "again", fresh.folder, fresh._capture)
    assert again("import-embeddings", "out.npy", "--ids", "out.ids.csv").code == 0
    assert again("import-embeddings", "out.parquet").out.startswith("Rows: 0 added, 5 known already")
    assert again("export-embeddings", "out2.parquet").code == 0
    assert pq.read_table(fresh.folder / "out2.parquet").equals(out)


def test_a_gallery_with_photos_moves_to_another_home(shell: Shell) -> None:
    assert shell("export-embeddings", "all.parquet").code == 0
    moved = Shell(shell.folder / "moved", shell.folder, shell._capture)
    assert moved("import-embeddings", "all.parquet").code == 0
    assert sizes(moved) == sizes(shell)
    person = pq.read_table(shell.folder / "all.parquet").to_pylist()[0]
    shown = moved("person", "show", person["person_id"])
    assert person["sha256"][:12] in shown.out


def test_npy_rows_are_named_by_their_numbers_or_by_a_list(fresh: Shell) -> None:
    source = npy(fresh.folder / "v.npy", drawn_vectors(3))
    assert fresh("import-embeddings", source).code == 0
    (fresh.folder / "ids.txt").write_text("x\ny\nz\n", encoding="utf-8")
    assert fresh("import-embeddings", source, "--ids", "ids.txt", "--gallery", "named").code == 0
    assert fresh("export-embeddings", "o.parquet").code == 0
    rows = pq.read_table(fresh.folder / "o.parquet").to_pylist()
    assert [row["person_id"] for row in rows] == ["0", "1", "2", "x", "y", "z"]
    assert fresh("export-embeddings", "o.parquet", "--gallery", "named").code == 0
    assert pq.read_table(fresh.folder / "o.parquet").num_rows == 3
    one_line_of_error(fresh("export-embeddings", "o.parquet", "--gallery", "none"), 2, "no gallery")


@pytest.mark.long
def test_a_large_import_is_gathered_and_then_built_once(fresh: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_opening, "GATHER_FROM", 1000)
    monkeypatch.setattr(index_opening, "DISK_FROM", 1000)
    # A few directions carry most of what tells people apart, as in embeddings.
    vectors = drawn_vectors(50_000) * np.geomspace(1, 0.05, DIMENSION, dtype=np.float32)
    source = npy(fresh.folder / "v.npy", vectors)
    ended = fresh("import-embeddings", source)
    assert ended.code == 0
    assert "building the index" in ended.err
    index = fresh("stats", "--json").objects[0]["index"]
    assert (index["kind"], index["entries"], index["details"]["segments"]) == ("compressed", 50_000, 1)
    verified = fresh("index", "verify")
    assert verified.code == 0
    assert "50,000 templates" in verified.out
    # Searched by codes, whose recall was measured, and stands beside what is asked for.
    assert index["details"]["coded_entries"] == 50_000
    assert 0.999 <= index["recall"] <= 1
    assert re.search(r"measured recall (0\.999\d|1\.0000), asked for 0\.999$", fresh("stats").out.strip())
    monkeypatch.setenv("MATCHER_RECALL", "0.9")
    assert fresh("stats", "--json").objects[0]["index"]["recall_target"] == 0.9
    monkeypatch.setenv("MATCHER_RECALL", "1.5")
    one_line_of_error(fresh("stats"), 2, "MATCHER_RECALL")


# What can't be used


def test_rows_that_cannot_be_used_are_listed_and_the_others_imported(fresh: Shell) -> None:
    vectors: list[Any] = [row.tolist() for row in drawn_vectors(9)]
    vectors[1] = vectors[1][:-1]
    vectors[2][5] = float("nan")
    vectors[3] = None
    vectors[4] = [0.0] * DIMENSION
    vectors[5][0] = None
    ids = ["ok", "short", "nan", "none", "zero", "hole", "", "other", "ok2"]
    engines = ["", "", "", "", "", "", "", "arcface@3", None]
    source = parquet(
        fresh.folder / "in.parquet", pa.array(vectors, pa.list_(pa.float64())), person_id=ids, engine=engines
    )
    ended = fresh("import-embeddings", source)
    assert ended.code == 0
    codes = {"1": "bad_vector", "2": "bad_vector", "3": "bad_vector", "4": "bad_vector", "5": "bad_vector"}
    assert refused(fresh.folder) == {**codes, "6": "bad_field", "7": "other_engine"}
    assert sizes(fresh) == {"main": 2}


def test_a_row_that_contradicts_the_records_does_not_take_its_batch_along(fresh: Shell) -> None:
    number = {"nationality": ["CHN"], "national_id": ["11010519491231002X"]}
    first = parquet(fresh.folder / "1.parquet", drawn_vectors(1), **number)
    assert fresh("import-embeddings", first).code == 0
    second = parquet(fresh.folder / "2.parquet", drawn_vectors(30, seed=1), date_of_birth=["1980-01-01", *[""] * 29])
    assert fresh("import-embeddings", second).code == 0
    assert refused(fresh.folder) == {"0": "bad_field"}
    assert sizes(fresh) == {"main": 30}


def test_the_same_file_again_changes_nothing(fresh: Shell) -> None:
    source = npy(fresh.folder / "v.npy", drawn_vectors(4))
    fresh("import-embeddings", source)
    version = fresh("stats", "--json").objects[0]["version"]
    assert "0 added, 4 known already" in fresh("import-embeddings", source).out
    assert fresh("stats", "--json").objects[0]["version"] == version


@pytest.mark.parametrize("what", ["dimension", "dtype", "cut", "header", "text", "absent", "objects"])
def test_an_npy_file_that_is_not_usable_is_one_line(fresh: Shell, what: str) -> None:
    path = npy(fresh.folder / "v.npy", drawn_vectors(3))
    data = path.read_bytes()
    if what == "dimension":
        npy(path, drawn_vectors(3)[:, :64])
    elif what == "dtype":
        npy(path, drawn_vectors(3).astype(np.float64))
    elif what == "cut":
        path.write_bytes(data[:-1])
    elif what == "header":
        path.write_bytes(data[:40])
    elif what == "text":
        path.write_text("not an array")
    elif what == "absent":
        path.unlink()
    else:
        np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    one_line_of_error(fresh("import-embeddings", path), 2, "v.npy")
    assert not fresh.home.exists()


@pytest.mark.parametrize("what", ["cut", "middle", "text", "absent", "column", "no_vector", "dimension", "strings"])
def test_a_parquet_file_that_is_not_usable_is_one_line(fresh: Shell, what: str) -> None:
    path = parquet(fresh.folder / "v.parquet", drawn_vectors(50))
    data = path.read_bytes()
    if what == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif what == "middle":
        path.write_bytes(data[:100] + b"\xff" * 400 + data[500:])
    elif what == "text":
        path.write_text("not a table")
    elif what == "absent":
        path.unlink()
    elif what == "column":
        parquet(path, drawn_vectors(2), phone=["1", "2"])
    elif what == "no_vector":
        pq.write_table(pa.table({"person_id": ["a"]}), path)
    elif what == "dimension":
        parquet(path, drawn_vectors(2)[:, :5].copy())
    else:
        parquet(path, pa.array(["a", "b"]))
    one_line_of_error(fresh("import-embeddings", path), 2, "v.parquet")


def test_embeddings_of_another_engine_are_refused(shell: Shell) -> None:
    assert shell("export-embeddings", "ours.parquet").code == 0
    ended = shell("import-embeddings", "ours.parquet", "--engine", "face_recognition")
    one_line_of_error(ended, 4, "dlib-resnet")


def test_ids_must_be_as_many_as_rows_and_known_columns(fresh: Shell, shell: Shell) -> None:
    source = npy(fresh.folder / "v.npy", drawn_vectors(3))
    ids = fresh.folder / "ids.csv"
    ids.write_text("a\nb\n", encoding="utf-8")
    one_line_of_error(fresh("import-embeddings", source, "--ids", ids), 2, "2 ids")
    ids.write_text("person_id,shoe\na,1\nb,2\nc,3\n", encoding="utf-8")
    one_line_of_error(fresh("import-embeddings", source, "--ids", ids), 2, "shoe")
    ids.write_text("person_id,sex\na,M\nb\nc,F\n", encoding="utf-8")
    one_line_of_error(fresh("import-embeddings", source, "--ids", ids), 2, "line 3")
    one_line_of_error(fresh("import-embeddings", "v.parquet", "--ids", ids), 2, "--ids")
    one_line_of_error(fresh("import-embeddings", "v.csv"), 2, "v.csv")
    one_line_of_error(shell("export-embeddings", "v.csv"), 2, "v.csv")


# The index by the command line


def test_the_index_can_be_verified_rebuilt_and_renewed(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATCHER_INDEX", "compressed")
    before = shell("stats")
    assert "index: compressed, 12 templates" in before.out
    secret = (shell.home / "index" / "secret").read_bytes()
    for command in ("verify", "rebuild", "renew", "verify"):
        assert shell("index", command).code == 0
    assert (shell.home / "index" / "secret").read_bytes() != secret
    monkeypatch.setenv("MATCHER_INDEX", "exact")
    assert "index: exact, 12 templates in 0.0 MiB of memory; compares with every template" in shell("stats").out
    assert json.loads(shell("stats", "--json").out)["index"]["exact"] is True
    monkeypatch.setenv("MATCHER_INDEX", "else")
    one_line_of_error(shell("stats"), 2, "MATCHER_INDEX")


@pytest.mark.long
def test_a_damaged_index_is_made_anew_from_the_records(
    shell: Shell, drawn: DemoSet, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MATCHER_INDEX", "compressed")
    photo = next((drawn.backlog.parent / "cases").iterdir())

    def found() -> list[tuple[str, float]]:
        (answer,) = shell("identify", photo, "--json").objects
        return [(one["person_id"], one["score"]) for one in answer["candidates"]]

    before = found()
    largest = max(
        (path for path in (shell.home / "index").rglob("*") if path.is_file()), key=lambda it: it.stat().st_size
    )
    largest.write_bytes(largest.read_bytes()[:-1])
    assert found() == before
    assert "is damaged" in caplog.text
    assert "rebuilding the index from the records" in caplog.text
    assert shell("doctor", "--rebuild").code == 0
    assert found() == before
