"""Embeddings in bulk over HTTP: what goes in comes out, and what can't be used is told and loses nothing."""

import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matcher.accounts.roles import Right, Role
from matcher.own_process import in_own_process
from matcher.service_tasks import MOST_REFUSED
from tests.api.attacks.parts import Served, guarded
from tests.api.serving import enroll
from tests.api.test_audit import entries
from tests.api.test_purges import told
from tests.cli.test_embeddings import drawn_vectors, parquet
from tests.cli.test_retention import whole

LARGEST = 400_000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, networks: Path) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("bulk")
    (home / "networks").symlink_to(networks)
    with guarded(home, rate_per_minute=0, max_job_bytes=LARGEST) as served:
        yield served


@pytest.fixture(scope="module")
def administrator(served: Served) -> Iterator[httpx.Client]:
    """An administrator's program, with one person with a photo in "main"."""
    headers = served.of_role(Role.ADMINISTRATOR)
    with httpx.Client(base_url=served.address, headers=headers, timeout=60) as client:
        assert enroll(client, 1).status_code == 201
        yield client


def sent(client: httpx.Client, content: bytes, gallery: str, **options: Any) -> httpx.Response:
    return client.post(f"/v1/galleries/{gallery}/embeddings", content=content, **options)


def exported(client: httpx.Client, gallery: str) -> Any:
    answer = client.get(f"/v1/galleries/{gallery}/embeddings")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    return pq.read_table(io.BytesIO(answer.content))


@pytest.mark.long
def test_what_goes_in_comes_out_and_is_recorded(served: Served, administrator: httpx.Client, tmp_path: Path) -> None:
    vectors = drawn_vectors(300)
    columns = {"native_name": ["王伟", *[""] * 299], "household_registration": ["画省绘山市"] * 300}
    file = parquet(tmp_path / "in.parquet", vectors, **columns).read_bytes()
    done = sent(administrator, file, "register")
    assert done.status_code == 200, done.text
    assert done.json() == {
        "rows": 300, "added": 300, "known": 0, "refused": 0, "people_new": 300, "people_updated": 0,
        "refused_rows": [], "held": False,
    }  # fmt: skip
    assert sent(administrator, file, "register").json()["known"] == 300
    out = exported(administrator, "register")
    assert np.array_equal(np.stack(out["vector"].to_pylist()).astype(np.float32), vectors)
    assert out["person_id"].to_pylist() == [f"p{number}" for number in range(300)]
    assert out["native_name"].to_pylist()[:2] == ["王伟", ""]
    # The file that came out goes in again, and says of which engine it is.
    again = io.BytesIO()
    pq.write_table(out, again)
    assert sent(administrator, again.getvalue(), "register").json()["known"] == 300
    assert exported(administrator, "main").num_rows == 1
    export = next(entry for entry in entries(served.home) if entry["action"] == "export")
    assert (export["subjects"], export["details"]["templates"]) == (["gallery:register"], 300)
    people = [entry for entry in entries(served.home) if "person:register/p0" in entry["subjects"]]
    assert people[0]["actor"].startswith("account:administrator/token:")
    assert administrator.get("/readyz").json()["index"]["in_step"] is True


@pytest.mark.long
def test_nothing_of_an_upload_stays_on_the_disk(served: Served, administrator: httpx.Client, tmp_path: Path) -> None:
    vectors = drawn_vectors(20, seed=5)
    vectors[0] = 0
    file = parquet(tmp_path / "in.parquet", vectors, person_id=["refused-0", *map(str, range(19))]).read_bytes()
    assert sent(administrator, file, "brief").json()["refused"] == 1
    assert b"refused-0" not in in_own_process(partial(whole, served.home))


@pytest.mark.long
def test_rows_that_can_not_be_used_are_told_and_the_others_kept(administrator: httpx.Client, tmp_path: Path) -> None:
    vectors = drawn_vectors(4, seed=1)
    vectors[1] = 0
    columns = {"person_id": ["ok", "zero", "", "other"], "engine": ["", "", "", "arcface@3"]}
    done = sent(administrator, parquet(tmp_path / "in.parquet", vectors, **columns).read_bytes(), "mixed").json()
    assert (done["added"], done["refused"]) == (1, 3)
    codes = [(row["row"], row["person_id"], row["code"]) for row in done["refused_rows"]]
    assert codes == [(1, "zero", "bad_vector"), (2, "", "bad_field"), (3, "other", "other_engine")]
    many = np.zeros((MOST_REFUSED + 5, 2), dtype=np.float32).tolist()
    short = parquet(tmp_path / "short.parquet", pa.array(many, pa.list_(pa.float32()))).read_bytes()
    done = sent(administrator, short, "mixed").json()
    assert (done["refused"], len(done["refused_rows"])) == (MOST_REFUSED + 5, MOST_REFUSED)


@pytest.mark.long
def test_what_looks_like_a_watch_list_is_held_and_not_given_out(administrator: httpx.Client, tmp_path: Path) -> None:
    file = parquet(tmp_path / "in.parquet", drawn_vectors(4, seed=2), source=["wanted list of the press"] * 4)
    assert sent(administrator, file.read_bytes(), "wanted").json()["held"] is True
    assert administrator.get("/v1/galleries/wanted").json()["state"] == "held"
    assert told(administrator.get("/v1/galleries/wanted/embeddings"))[:2] == (409, "gallery_held")


@pytest.mark.parametrize("what", ["text", "middle", "dimension"])
@pytest.mark.long
def test_a_file_that_can_not_be_used_is_refused(administrator: httpx.Client, tmp_path: Path, what: str) -> None:
    path = parquet(tmp_path / "v.parquet", drawn_vectors(50, seed=3))
    content = {
        "text": b"not a table",
        "middle": path.read_bytes()[:100] + b"\xff" * 400 + path.read_bytes()[500:],
        "dimension": parquet(path, drawn_vectors(2)[:, :5].copy()).read_bytes(),
    }[what]
    answer = sent(administrator, content, "unusable")
    assert told(answer) == (422, "invalid_file", "")
    assert "embeddings.parquet" in answer.json()["error"]["message"]
    assert told(administrator.get("/v1/galleries/unusable/embeddings"))[:2] == (404, "not_found")


def test_another_engine_a_wrong_name_and_too_much(administrator: httpx.Client, tmp_path: Path) -> None:
    table = pq.read_table(parquet(tmp_path / "v.parquet", drawn_vectors(2)))
    stated = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"identity-matcher.engine": "arcface@3"}), stated)
    assert told(sent(administrator, stated.getvalue(), "unusable"))[:2] == (409, "engine_mismatch")
    assert told(sent(administrator, b"x", "a%2Fb"))[0] in (404, 422)
    assert told(sent(administrator, b"x", "a b "))[:3] == (422, "invalid_field", "gallery")
    assert told(sent(administrator, b"x" * (LARGEST + 1), "large"))[:2] == (413, "too_large")

    def pieces() -> Iterator[bytes]:
        yield from [b"x" * 100_000] * 5

    assert told(sent(administrator, pieces(), "large"))[:2] == (413, "too_large")  # type: ignore[arg-type]


@pytest.mark.parametrize(("role", "gives", "takes"), [
    (Role.OFFICER, 403, 403), (Role.SUPERVISOR, 422, 403), (Role.AUDITOR, 403, 403), (Role.ADMINISTRATOR, 422, 200),
])  # fmt: skip
@pytest.mark.long
def test_who_may_import_and_export(
    served: Served, administrator: httpx.Client, role: Role, gives: int, takes: int
) -> None:
    headers, url = served.of_role(role), f"{served.address}/v1/galleries/main/embeddings"
    assert httpx.post(url, content=b"no table", headers=headers, timeout=60).status_code == gives
    assert httpx.get(url, headers=headers, timeout=60).status_code == takes


def test_a_scope_for_people_gives_no_gallery_away(served: Served, administrator: httpx.Client) -> None:
    scopes = served.program("administrator", Right.READ_PEOPLE, Right.WRITE_PEOPLE, Right.READ_GALLERIES)
    refused = httpx.get(f"{served.address}/v1/galleries/main/embeddings", headers=scopes, timeout=60)
    assert told(refused)[:2] == (403, "forbidden")
