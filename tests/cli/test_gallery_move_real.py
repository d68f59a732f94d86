"""A gallery of real embeddings on Milvus and in the home: the same candidates, scored by one's own people alike."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.parts import Shell
from tests.cli.test_gallery_move import same
from tests.index.milvus_server import lite_server, need_milvus
from tests.realdata import DATA, needs_real_photos

pytestmark = [pytest.mark.long, needs_real_photos]
PEOPLE = 700
PROBES = 6


def fill(shell: Shell) -> None:
    """People with the embeddings of real photos, as many as it takes for scores to rest on them and not on others."""
    assert DATA is not None
    file, listed = shell.folder / "vectors.npy", shell.folder / "ids.csv"
    np.save(file, np.load(DATA / "embeddings" / "lfw_dev.npz")["dlib"][:PEOPLE].astype(np.float32))
    with listed.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(("person_id", "sex"))
        rows.writerows((f"p{number:04d}", "FM"[number % 2]) for number in range(PEOPLE))
    done = shell("import-embeddings", file, "--ids", listed)
    assert done.code == 0, done.err


def photos() -> list[Path]:
    assert DATA is not None
    return sorted((DATA / "faces" / "lfw").rglob("*.jpg"))[:: 2479 // PROBES][:PROBES]


def asked(shell: Shell, *options: str) -> tuple[list[list[dict[str, Any]]], list[Any]]:
    """The candidates of each photo with every number that is shown, and what their scores rest on."""
    done = shell("identify", *photos(), "--json", "--top", 20, *options)
    assert done.code == 0, done.err
    found = [
        [
            {"id": one["person"]["person_id"]}
            | {name: value for name, value in one.items() if isinstance(value, float | int)}
            for one in photo["candidates"]
        ]
        for photo in done.objects
    ]
    return found, [photo["scoring"] for photo in done.objects]


def test_the_same_candidates_scores_and_removals_there_and_here(fresh: Shell) -> None:
    need_milvus()
    fill(fresh)
    here, basis = asked(fresh)
    women, _ = asked(fresh, "--sex", "F")
    assert all(len(photo) == 20 for photo in here)
    assert any("false_alarm_probability" in one for photo in here for one in photo)
    with lite_server() as milvus:
        moved = fresh("gallery", "move", "--to", f"{milvus.url}?timeout=60", "--json")
        assert moved.code == 0, moved.err
        assert moved.objects[0]["recall"] == 1.0
        there, same_basis = asked(fresh)
        same(there, here)
        assert same_basis == basis
        same(asked(fresh, "--sex", "F")[0], women)
        gone = here[0][0]["id"]
        assert fresh("person", "remove", gone, "--yes").code == 0
        without, _ = asked(fresh)
        assert all(one["id"] != gone for photo in without for one in photo)
        assert fresh("gallery", "move", "--back").code == 0
        same(asked(fresh)[0], without)
