"""Photos in an S3-compatible store, a real server of it on this machine."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from matcher.case_sources import read_cases
from matcher.errors import BadManifest
from matcher.formats.refusals import PhotoMissing, PhotoTooManyBytes
from matcher.photo import PhotoLimits
from matcher.places import StorePlace, place_of, read_place

LIMITS = PhotoLimits(max_bytes=10_000)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    pytest.importorskip("moto", reason="no moto here: EXTRAS=s3-trial scripts/setup installs it")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        found = f"http://127.0.0.1:{port}"
        _wait(found, process)
        yield found
    finally:
        process.terminate()
        process.wait(20)


def _wait(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urlopen(address, timeout=5).close()
            return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError("the store did not start")


@pytest.fixture
def bucket(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name, value in {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "anybody",
        "AWS_SECRET_ACCESS_KEY": "anything",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    import boto3

    from matcher import store

    store._files.cache_clear()
    client = boto3.client("s3")
    client.create_bucket(Bucket="photos")
    yield "photos"
    for listed in client.list_objects_v2(Bucket="photos").get("Contents", ()):
        client.delete_object(Bucket="photos", Key=listed["Key"])
    client.delete_bucket(Bucket="photos")
    store._files.cache_clear()


def _put(bucket: str, files: dict[str, bytes]) -> None:
    import boto3

    client = boto3.client("s3")
    for name, content in files.items():
        client.put_object(Bucket=bucket, Key=name, Body=content)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_store_is_read_like_a_folder(bucket: str, tmp_path: Path) -> None:
    _put(bucket, {"in/a.jpg": b"one", "in/b/1.jpg": b"two", "in/big.jpg": bytes(10_001), "other/x.jpg": b"x"})
    cases = {case.photo: case for case in read_cases(f"s3://{bucket}/in", limits=LIMITS)}
    assert {(case.case_id, case.photo, case.code) for case in cases.values()} == {
        ("a", "a.jpg", ""), ("b", "b/1.jpg", ""), ("big", "big.jpg", "too_many_bytes"),
    }  # fmt: skip
    assert read_place(place_of(cases["a.jpg"].path), limits=LIMITS) == b"one"
    # What has grown since it was listed is not read beyond the limit.
    with pytest.raises(PhotoTooManyBytes):
        read_place(StorePlace(f"s3://{bucket}/in/big.jpg"), limits=LIMITS)
    with pytest.raises(PhotoMissing):
        read_place(StorePlace(f"s3://{bucket}/in/gone.jpg"), limits=LIMITS)
    _put(bucket, {"in/list.csv": b"case_id,photo\nC,b/1.jpg\nD,gone.jpg\n"})
    first, second = read_cases(f"s3://{bucket}/in/", limits=LIMITS)
    assert (first.case_id, read_place(place_of(first.path), limits=LIMITS)) == ("C", b"two")
    assert second.code == "missing"
    with pytest.raises(BadManifest, match=r"does not exist|holds no photos"):
        read_cases("s3://no-such-bucket/in", limits=LIMITS)
