"""Uploads of a job's photos reach what was sent and nothing else on the machine that works on them."""

import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from matcher.accounts.roles import Role
from matcher.errors import BadManifest
from matcher.jobs.job import Job, JobOptions
from matcher.jobs.register import Jobs, job_number
from matcher.manifest import Case
from matcher.photo import PhotoLimits
from matcher.places import StorePlace, ZipPlace, place_text
from matcher.spooling import spool
from matcher.upload_cases import read_upload
from tests.api.attacks.parts import Served

LIMITS = PhotoLimits()
LISTS = (
    b"case_id,photo\nc1,/etc/hostname\n",
    b"case_id,photo\nc2,../../../../etc/passwd\n",
    b"case_id,photo\n" + b"c,a.jpg\n" * 100_001,
    b'case_id,photo\nc,"[""store"", ""s3://bucket/x""]"\n',
    b"x",
    b"",
)


@pytest.fixture
def program(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.address, headers=served.of_role(Role.SUPERVISOR), timeout=120) as client:
        yield client


@pytest.mark.parametrize("body", LISTS)
def test_a_list_without_its_archive_is_no_upload(served: Served, program: httpx.Client, body: bytes) -> None:
    job = program.post("/v1/jobs", json={"name": "list"}).json()["id"]
    answer = program.put(f"/v1/jobs/{job}/photos", content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_file"), answer.text
    assert "neither a zip nor a tar" in answer.json()["error"]["message"]
    assert str(served.home) not in answer.text
    told = program.get(f"/v1/jobs/{job}").json()
    assert (told["state"], told["total"]) == ("uploading", 0)
    own = Jobs(served.accounts.database, served.home).upload_place(_job(served, job)).parent
    assert not list(own.iterdir())


def _job(served: Served, job: str) -> Job:
    return Jobs(served.accounts.database, served.home).get(job_number(job))


def test_rows_of_a_list_inside_name_members_alone(program: httpx.Client) -> None:
    listing = b"case_id,photo\n1,/etc/hostname\n2,../../../../etc/passwd\n3,..\\..\\etc\\passwd\n4,./a/../b.jpg\n"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("list.csv", listing)
        archive.writestr("b.jpg", b"x")
    job = program.post("/v1/jobs", json={"name": "inside"}).json()["id"]
    assert program.put(f"/v1/jobs/{job}/photos", content=made.getvalue()).json()["total"] == 4
    photos = program.get(f"/v1/jobs/{job}/photos").json()["photos"]
    assert {one["case_id"]: one["code"] for one in photos} == {"1": "missing", "2": "missing", "3": "missing", "4": ""}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_of_an_archive_are_never_followed(tmp_path: Path, kind: bytes) -> None:
    place = tmp_path / "photos"
    with tarfile.open(place, "w") as archive:
        info = tarfile.TarInfo("a.jpg")
        info.type, info.linkname = kind, "/etc/hostname"
        archive.addfile(info)
    (case,) = read_upload(place, limits=LIMITS)
    assert case.code == "not_a_file"


def test_an_upload_that_is_a_link_is_not_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "elsewhere", "w") as archive:
        archive.writestr("a.jpg", b"x")
    (tmp_path / "photos").symlink_to(tmp_path / "elsewhere")
    for place in (tmp_path / "photos", tmp_path):
        with pytest.raises(BadManifest, match="neither a zip nor a tar"):
            read_upload(place, limits=LIMITS)


def test_what_is_no_archive_is_not_spooled(tmp_path: Path) -> None:
    with pytest.raises(BadManifest, match="neither a zip nor a tar"):
        spool([b"case_id,photo\na,/etc/hostname\n"], tmp_path / "photos", most_bytes=1_000)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("in_pax", [False, True])
def test_a_member_of_less_than_no_bytes_is_refused(tmp_path: Path, in_pax: bool) -> None:
    """Its end lies before its beginning: a reader would come by the same headers for ever."""
    info = tarfile.TarInfo("a.jpg")
    if in_pax:
        info.pax_headers = {"size": "-2048"}
        header = info.tobuf(tarfile.PAX_FORMAT)
    else:
        header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
        header[124:136] = b"\xff" * 11 + b"\x00"
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "photos").write_bytes(bytes(header) + bytes(10_240))
    with pytest.raises(BadManifest, match="not a whole zip or tar"):
        read_upload(tmp_path / "photos", limits=LIMITS)


def test_a_job_of_an_upload_takes_no_other_place(served: Served) -> None:
    jobs = Jobs(served.accounts.database, served.home)
    made = jobs.begin("other", JobOptions("any"), made_by="account:officer", source="upload", uploads=True)
    own = str(jobs.upload_place(made))
    for place in ("/etc/hostname", place_text(ZipPlace("/tmp/x.zip", "a")), place_text(StorePlace("s3://a/b"))):
        with pytest.raises(BadManifest, match="outside the upload"):
            jobs.fill(made.number, [Case(1, "c", "a.jpg", place)])
    assert jobs.get(made.number).total == 0
    assert jobs.fill(made.number, [Case(1, "c", "a.jpg", place_text(ZipPlace(own, "a.jpg")))]).total == 1
    jobs.cancel(made.number)
