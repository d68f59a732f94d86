"""Bulk uploads that ask for far more memory than they have bytes: refused with a clear error before it is spent."""

import io
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matcher.accounts.roles import Role
from tests.api.attacks.parts import Served, guarded
from tests.matcher.reembedding_parts import root

MIB = 2**20
KINDS = ("text", "page")
# The program reads the file with what stands in the code, and says what that took at most beside what it had.
READ = """
import sys
from pathlib import Path
import pyarrow.parquet
from matcher.embeddings import read_npy
from matcher.errors import BadManifest
from matcher.interchange import read_parquet

def mib(key):
    line = next(line for line in open("/proc/self/status") if line.startswith(key))
    return int(line.split()[1]) // 1024

path, before = Path(sys.argv[1]), mib("VmRSS")
try:
    found = read_npy(path, None, 128) if path.suffix == ".npy" else read_parquet(path, 128)
    for _ in found.batches:
        pass
except BadManifest as exc:
    print(mib("VmHWM") - before, type(exc).__name__, exc)
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, networks: Path) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("bombs")
    (home / "networks").symlink_to(networks)
    with guarded(home, rate_per_minute=0) as served:
        yield served


def bomb(place: Path, kind: str) -> Path:
    """A Parquet file of some kilobytes that would take gigabytes, once read."""
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(np.ones(10_000 * 128, dtype=np.float32)), 128)
    people = [str(number) for number in range(10_000)]
    if kind == "text":
        # One text of a megabyte, in every row.
        name = pa.DictionaryArray.from_arrays(pa.array(np.zeros(10_000, dtype=np.int32)), pa.array(["x" * MIB]))
        pq.write_table(pa.table({"person_id": people, "name": name, "vector": vectors}), place, compression="zstd",
                       store_schema=False)  # fmt: skip
    else:
        row = {"person_id": ["p"], "name": ["x" * 600 * MIB], "vector": vectors[:1]}
        pq.write_table(pa.table(row), place, compression="zstd", use_dictionary=False, write_statistics=False,
                       data_page_size=2**30)  # fmt: skip
    assert place.stat().st_size < MIB
    return place


def read(path: Path) -> tuple[int, str, str]:
    """MiB that reading took in a process of its own, and the error."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)], cwd=root(), capture_output=True, text=True, timeout=300, check=True
    )
    took, name, said = done.stdout.split(" ", 2)
    return int(took), name, said


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_a_parquet_bomb_is_refused_and_the_service_goes_on(served: Served, tmp_path: Path, kind: str) -> None:
    path = bomb(tmp_path / "bomb.parquet", kind)
    took, name, said = read(path)
    assert (name, took < 600) == ("TooMuchToRead", True), (took, said)
    headers = served.of_role(Role.ADMINISTRATOR)
    url = f"{served.address}/v1/galleries/bombs/embeddings"
    answer = httpx.post(url, content=path.read_bytes(), headers=headers, timeout=120)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large"), answer.text
    assert "512 MiB" in answer.json()["error"]["message"]
    assert httpx.get(url, headers=headers, timeout=60).status_code == 404
    assert httpx.get(f"{served.address}/healthz", timeout=60).status_code == 200


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
@pytest.mark.long
def test_a_npy_file_that_claims_to_be_enormous_is_refused(
    served: Served, tmp_path: Path, version: tuple[int, int]
) -> None:
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776, 128), }"
    claimed = struct.pack("<H", len(header)) if version == (1, 0) else struct.pack("<I", 2**31)
    path = tmp_path / "bomb.npy"
    path.write_bytes(b"\x93NUMPY" + bytes(version) + claimed + header)
    took, name, said = read(path)
    assert (name, took < 50) == ("BadManifest", True), (took, said)
    assert ("cut or altered" if version == (1, 0) else "not a file of numpy.save") in said
    answer = httpx.post(f"{served.address}/v1/galleries/bombs/embeddings", content=path.read_bytes(),
                        headers=served.of_role(Role.ADMINISTRATOR), timeout=120)  # fmt: skip
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_file")


@pytest.mark.parametrize("pieces", [1, 400])
@pytest.mark.long
def test_a_zip_whose_list_goes_on_and_on_is_refused_as_a_backlog(served: Served, pieces: int) -> None:
    """One that has a quarter of a million rows for no photo at all, and one of 400 MB."""
    headers = served.of_role(Role.SUPERVISOR)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("list.csv", "w") as member:
        member.write(b"case_id,photo\n")
        for _ in range(pieces):
            member.write(b"a,b\n" * (MIB // 4))
    assert len(packed.getvalue()) < 2 * MIB
    with httpx.Client(base_url=served.address, headers=headers, timeout=120) as client:
        job = client.post("/v1/jobs", json={"name": "bomb"}).json()["id"]
        Path("/proc/self/clear_refs").write_text("5")
        before = _mib("VmRSS")
        answer = client.put(f"/v1/jobs/{job}/photos", content=packed.getvalue())
        # The service runs in this process.
        assert _mib("VmHWM") - before < 200
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_file"), answer.text
        assert "list.csv" in answer.json()["error"]["message"]
        assert client.get(f"/v1/jobs/{job}").json()["state"] == "uploading"


def _mib(key: str) -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith(key))
