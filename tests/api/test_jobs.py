"""Jobs over HTTP: made once, filled by a stream, worked on elsewhere, watched, steered, and what was found."""

import csv
import io
import zipfile
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from matcher.build import open_matcher, photo_limits
from matcher.drawn import photo_bytes
from matcher.jobs.answering import Answering
from matcher.jobs.register import Jobs
from matcher.jobs.worker import Worker
from matcher.photo_work import PhotoDone, PhotoTask, photo_desk
from matcher.settings import Settings, load_settings
from matcher.workers import Lost
from tests.api.serving import enroll, service


class InThisProcess:
    """A workforce that starts no process."""

    def __init__(self, settings: Settings) -> None:
        self._desk = photo_desk(settings)

    def run(
        self,
        tasks: Iterable[PhotoTask],
        *,
        weigh: Callable[[Any], int] = lambda _value: 0,  # noqa: ARG002
    ) -> Generator[PhotoDone | Lost, None, None]:
        for task in tasks:
            yield self._desk(task)

    def close(self) -> None:
        return


def work(home: Path) -> int:
    """What a worker beside the service does until nothing is left; how many photos it searched."""
    settings = load_settings(home)
    with open_matcher(settings) as matcher:
        jobs = Jobs(matcher.gallery.database, home)
        answering = Answering(matcher, limits=photo_limits(settings))
        return Worker(matcher, InThisProcess(settings), jobs, answering).run()


def packed(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


@pytest.mark.long
def test_a_job_over_its_whole_way(tmp_path: Path, networks: Path) -> None:
    (tmp_path / "networks").symlink_to(networks)
    listing = b"case_id,photo,deadline\nA,a.jpg,2026-05-01\nB,b.jpg,2026-04-01\nC,gone.jpg,\n"
    photos = packed({"list.csv": listing, "a.jpg": photo_bytes(1, 2), "b.jpg": photo_bytes(0, 2)})
    with service(tmp_path) as client:
        for number in range(3):
            assert enroll(client, number).status_code == 201
        key = {"Idempotency-Key": "one"}
        first = client.post("/v1/jobs", json={"name": "spring", "top": 2}, headers=key)
        assert first.status_code == 201, first.text
        job = first.json()["id"]
        assert client.post("/v1/jobs", json={"name": "spring", "top": 2}, headers=key).json()["id"] == job
        place = f"/v1/jobs/{job}"
        assert client.get(place).json()["state"] == "uploading"
        broken = client.put(f"{place}/photos", content=photos[:100])
        assert (broken.status_code, broken.json()["error"]["code"]) == (422, "invalid_file")
        sent = client.put(f"{place}/photos", content=photos, headers={"Content-Type": "application/zip"})
        assert (sent.status_code, sent.json()["state"], sent.json()["total"]) == (200, "queued", 3)
        assert sent.json()["work"]["comparisons"] == 6
        assert client.put(f"{place}/photos", content=photos).status_code == 409
        assert client.post(f"{place}/priority", json={"priority": 3}).json()["priority"] == 3
        assert client.post(f"{place}/cancel").json()["state"] == "cancelled"
        assert client.post(f"{place}/resume").json()["state"] == "queued"
        assert work(tmp_path) == 2
        done = client.get(place).json()
        assert (done["state"], done["done"]) == ("done", 3)
        assert not list((tmp_path / "jobs").rglob("photos"))
        listed = client.get(f"{place}/photos", params={"limit": 2}).json()
        assert [(one["case_id"], one["review_order"]) for one in listed["photos"]] == [("B", 1), ("A", 2)]
        assert listed["next"] == 2
        (last,) = client.get(f"{place}/photos", params={"after": 2}).json()["photos"]
        assert (last["case_id"], last["code"]) == ("C", "missing")
        best = client.get(f"{place}/photos", params={"sort": "quality"}).json()["photos"]
        measured = [one["quality"] for one in best if one["quality"] is not None]
        assert (measured, best[-1]["case_id"]) == (sorted(measured, reverse=True), "C")
        # Its place in the order of review stays what it is.
        assert {one["case_id"]: one["review_order"] for one in best} == {"B": 1, "A": 2, "C": 3}
        strongest = client.get(f"{place}/photos", params={"sort": "strength"}).json()["photos"]
        assert client.get(f"{place}/photos", params={"sort": "name"}).status_code == 422
        rows = list(csv.DictReader(io.StringIO(client.get(f"{place}/results").text)))
        assert [(row["case_id"], row["rank"], row["person_id"]) for row in rows if row["rank"] in ("1", "")] == [
            ("A", "1", "drawn-000001"), ("B", "1", "drawn-000000"), ("C", "", ""),
        ]  # fmt: skip
        ratios = {row["case_id"]: float(row["log10_likelihood_ratio"]) for row in rows if row["rank"] == "1"}
        assert [one["case_id"] for one in strongest] == [*sorted(ratios, key=lambda case: -ratios[case]), "C"]
        assert client.get(f"{place}/results", params={"as": "parquet"}).content[:4] == b"PAR1"
        assert "drawn-000001" in client.get(f"{place}/results", params={"as": "report"}).text
        assert client.delete(place).status_code == 204
        assert client.get(place).status_code == 404
        assert client.get("/v1/jobs").json() == {"jobs": [], "next": ""}


@pytest.mark.long
def test_an_upload_beyond_its_limit_leaves_nothing(tmp_path: Path, networks: Path) -> None:
    (tmp_path / "networks").symlink_to(networks)
    with service(tmp_path, max_job_bytes=50_000) as client:
        job, other = (client.post("/v1/jobs", json={"name": name}).json()["id"] for name in "xy")
        page = client.get("/v1/jobs", params={"limit": 1}).json()
        rest = client.get("/v1/jobs", params={"limit": 1, "cursor": page["next"]}).json()
        assert {one["id"] for one in (*page["jobs"], *rest["jobs"])} == {job, other}
        assert rest["next"] == ""
        place = f"/v1/jobs/{job}/photos"
        for content in (b"\0" * 50_001, iter([b"\0" * 30_000, b"\0" * 30_000])):
            refused = client.put(place, content=content)
            assert (refused.status_code, refused.json()["error"]["code"]) == (413, "too_large")
        assert [path for path in (tmp_path / "jobs").rglob("*") if path.is_file()] == []
        assert client.get(f"/v1/jobs/{job}").json()["state"] == "uploading"
        small = {"a.jpg": b"no photo", "b.jpg": b"neither"}
        assert client.put(place, content=packed(small)).json()["state"] == "queued"
        told = client.get("/metrics").text.splitlines()
        assert {'matcher_jobs{state="queued"} 1.0', 'matcher_jobs{state="running"} 0.0'} <= set(told)
        assert {'matcher_job_photos{state="waiting"} 2.0', 'matcher_job_photos{state="leased"} 0.0'} <= set(told)
        assert client.post("/v1/jobs", json={"name": "x", "kind": "cases"}).status_code == 403
        with closing(httpx.Client(base_url=client.base_url)) as stranger:
            assert stranger.put("/v1/jobs/J-00000-00001/photos", content=b"x").status_code == 404
