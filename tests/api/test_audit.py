"""What is done over HTTP is in the audit, with where it came from, also when many do it at once."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from matcher.audit.asking import ALL, stream
from matcher.audit.verifying import verify
from matcher.drawn import photo_bytes
from matcher.records.database import Database
from tests.api.serving import enroll, identify


def entries(home: Path) -> list[dict[str, Any]]:
    """Every entry of a home whose chain is whole, oldest first."""
    with closing(Database.in_home(home)) as database, database.reading() as connection:
        assert verify(connection).finding is None
        return [json.loads(line.body) for line in stream(connection, ALL)]


@pytest.mark.long
def test_every_request_that_matters_leaves_its_entry(empty: httpx.Client, tmp_path: Path) -> None:
    assert enroll(empty, 3).status_code == 201
    person = empty.get("/v1/persons/drawn-000003").json()
    photo = f"/v1/persons/drawn-000003/photos/{person['photos'][0]['sha256']}"
    assert empty.get(photo).status_code == 200
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: identify(empty, photo_bytes(3, 2)).status_code, range(8)))
    assert found == [200] * 8
    assert identify(empty, photo_bytes(3, 2), gallery="nowhere").status_code == 404
    assert empty.delete("/v1/persons/drawn-000003").status_code == 204
    made = [entry for entry in entries(tmp_path) if not entry["action"].endswith("_changed")]
    assert Counter(entry["action"] for entry in made) == {
        "person_enrolled": 1, "photo_viewed": 1, "search": 8, "refusal": 1, "person_removed": 1,
    }  # fmt: skip
    assert {entry["actor"] for entry in made} == {"http:127.0.0.1"}
    viewed = next(entry for entry in made if entry["action"] == "photo_viewed")
    assert viewed["subjects"] == ["person:main/drawn-000003", f"photo:{person['photos'][0]['sha256']}"]
    searches = [entry["details"]["result"] for entry in made if entry["action"] == "search"]
    assert len(set(searches)) == 1
