"""Folders, archives and what people with bad intentions make of them."""

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from matcher.case_sources import read_cases
from matcher.errors import BadManifest, PhotoUnreadable
from matcher.manifest import Case
from matcher.photo import PhotoLimits
from matcher.places import SourceGone, place_of, place_text, read_place
from matcher.spooling import spool

LIMITS = PhotoLimits(max_bytes=100_000)


def _read(case: Case) -> bytes:
    return read_place(place_of(case.path), limits=LIMITS)


def _tar(
    path: Path, files: dict[str, bytes], *, change: Callable[[tarfile.TarInfo], None] = lambda _info: None
) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            change(info)
            archive.addfile(info, io.BytesIO(content) if info.isreg() else None)
    return path


def _zip(path: Path, files: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


FILES = {"b/2.jpg": b"two", "b/1.jpg": b"one", "a.jpg": b"alone", "__MACOSX/a.jpg": b"x", ".DS_Store": b"x"}


def test_without_a_list_names_say_which_case(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    for source in (folder, _zip(tmp_path / "x.zip", FILES), _tar(tmp_path / "x.tar", FILES)):
        cases = read_cases(str(source), limits=LIMITS)
        assert {(case.case_id, case.photo): _read(case) for case in cases} == {
            ("a", "a.jpg"): b"alone", ("b", "b/1.jpg"): b"one", ("b", "b/2.jpg"): b"two",
        }  # fmt: skip


def test_a_list_inside_says_which_case_and_what_is_missing(tmp_path: Path) -> None:
    listing = b"case_id,photo,deadline\nx,b\\1.jpg,2026-01-02\ny,gone.jpg,\nx,./b/1.jpg,\n"
    for source in (
        _zip(tmp_path / "x.zip", {**FILES, "list.csv": listing}),
        _tar(tmp_path / "x.tar", {**FILES, "list.csv": listing}),
    ):
        first, second, third = read_cases(str(source), limits=LIMITS)
        assert (first.case_id, first.deadline, _read(first)) == ("x", "2026-01-02", b"one")
        assert (second.code, third.code) == ("missing", "duplicate_row")
    with pytest.raises(BadManifest, match="2 CSV files"):
        read_cases(str(_zip(tmp_path / "y.zip", {"a.csv": listing, "b.csv": listing})), limits=LIMITS)
    with pytest.raises(BadManifest, match="deadline 'soon' is no date"):
        read_cases(str(_zip(tmp_path / "z.zip", {"a.csv": b"case_id,photo,deadline\n1,2,soon\n"})), limits=LIMITS)


def test_names_that_lead_out_links_and_what_is_too_large_are_refused(tmp_path: Path) -> None:
    bad = {
        "../out.jpg": b"1",
        "/etc/passwd": b"2",
        "C:\\x.jpg": b"3",
        "ok/../../x.jpg": b"4",
        "big.jpg": b"0" * 100_001,
    }
    for source in (_zip(tmp_path / "x.zip", bad), _tar(tmp_path / "x.tar", bad)):
        codes = [case.code for case in read_cases(str(source), limits=LIMITS)]
        assert codes == ["bad_name"] * 4 + ["too_many_bytes"]

    def link(info: tarfile.TarInfo) -> None:
        info.type, info.linkname, info.size = tarfile.SYMTYPE, "/etc/passwd", 0

    (case,) = read_cases(str(_tar(tmp_path / "l.tar", {"a.jpg": b""}, change=link)), limits=LIMITS)
    assert case.code == "not_a_file"
    with zipfile.ZipFile(tmp_path / "l.zip", "w") as archive:
        info = zipfile.ZipInfo("a.jpg")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    (case,) = read_cases(str(tmp_path / "l.zip"), limits=LIMITS)
    assert case.code == "not_a_file"


def test_a_member_that_says_it_is_small_is_read_no_further_than_the_limit(tmp_path: Path) -> None:
    path = _zip(tmp_path / "bomb.zip", {"a.jpg": b"\0" * 50_000_000})
    data = bytearray(path.read_bytes())
    central = data.rindex(b"PK\x01\x02")
    for offset in (22, central + 24):
        struct.pack_into("<I", data, offset, 1_000)
    path.write_bytes(data)
    (case,) = read_cases(str(path), limits=LIMITS)
    assert case.code == ""
    # What a lying size cuts off fails its checksum; nothing beyond was unpacked.
    with pytest.raises(PhotoUnreadable, match=r"unpacked|limit"):
        _read(case)


@pytest.mark.parametrize("name", ["x.zip", "x.tar"])
def test_a_broken_archive_is_refused_as_a_whole(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    (_zip if name.endswith("zip") else _tar)(path, {f"{n}.jpg": bytes(3000) for n in range(9)})
    path.write_bytes(path.read_bytes()[:-9_000] if name.endswith("tar") else path.read_bytes()[:200])
    with pytest.raises(BadManifest, match=r"not a whole zip or tar|no column"):
        list(read_cases(str(path), limits=LIMITS))


def test_a_header_of_megabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("a.jpg")
        info.pax_headers = {"comment": "x" * 1_000_000}
        archive.addfile(info, io.BytesIO(b""))
    with pytest.raises(BadManifest, match="header of 1,000"):
        read_cases(str(path), limits=LIMITS)


def test_an_archive_that_is_gone_is_no_photos_fault(tmp_path: Path) -> None:
    for path in (_zip(tmp_path / "x.zip", FILES), _tar(tmp_path / "x.tar", FILES)):
        case = read_cases(str(path), limits=LIMITS)[0]
        path.unlink()
        with pytest.raises(SourceGone, match="put it back"):
            _read(case)


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress, bz2.compress, lzma.compress])
def test_a_stream_is_kept_unpacked_and_not_beyond_its_limit(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    content = _tar(tmp_path / "x.tar", {f"{n}.jpg": bytes(30_000) for n in range(200)}).read_bytes()
    packed = pack(content)
    pieces = [packed[start : start + 1000] for start in range(0, len(packed), 1000)]
    place = tmp_path / "spool" / "photos"
    assert spool(pieces, place, most_bytes=len(content)) == len(content)
    assert place.read_bytes() == content
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    with pytest.raises(BadManifest, match="more than 1,000,000 bytes"):
        spool(pieces, tmp_path / "other", most_bytes=1_000_000)
    assert not (tmp_path / "other").exists()
    if packed != content:
        with pytest.raises(BadManifest, match="damaged"):
            spool([packed[:-10]], tmp_path / "other", most_bytes=len(content))


def test_places_are_the_same_after_being_written() -> None:
    from matcher.places import StorePlace, TarPlace, ZipPlace

    for place in (
        "/a/[b].jpg",
        "[x].jpg",
        ZipPlace("/a.zip", 'm"1'),
        TarPlace("/a.tar", 512, 9),
        StorePlace("s3://b/k"),
    ):
        assert place_of(place_text(place)) == place
