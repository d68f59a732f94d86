"""Decoding: formats, orientation, limits, files."""

import hashlib
import os
import struct
import threading
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageFile

from matcher.photo import (
    NotAPhoto,
    PhotoDamaged,
    PhotoEmpty,
    PhotoLimits,
    PhotoMissing,
    PhotoNotAFile,
    PhotoTooManyBytes,
    PhotoTooManyPixels,
    PhotoTooSmall,
    PhotoTruncated,
    PhotoUnreadable,
    PhotoUnsupported,
    decode,
    read,
)
from tests.matcher.photo_files import chunk, every_format, exif, heic, png_of, saved, scene

FILES = every_format()
LOSSLESS = ["png", "apng", "webp lossless", "tiff", "tiff lzw", "tiff deflate", "tiff pages", "bmp"]


@pytest.fixture(params=[False, True], ids=["strict", "lenient"])
def truncated_allowed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Pillow's process-wide leniency, which the face_recognition package switches on."""
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = request.param
    yield
    ImageFile.LOAD_TRUNCATED_IMAGES = before


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_picture(name: str) -> None:
    photo = decode(FILES[name])
    assert photo.pixels.dtype == np.uint8
    assert photo.pixels.shape == (48, 64, 3)
    assert photo.pixels.flags.c_contiguous
    assert not photo.pixels.flags.writeable
    assert photo.sha256 == hashlib.sha256(FILES[name]).hexdigest()
    assert (photo.stored_width, photo.stored_height) == (64, 48)
    if "alpha" not in name and "one bit" not in name:
        expected = scene().astype(float)
        if "grey" in name or "16" in name:
            expected = np.repeat(expected @ [[0.299], [0.587], [0.114]], 3, axis=2)
        # Lossy files lose colour detail, palettes have 32 colours; a wrong layout is off by 60 and more.
        assert np.abs(photo.pixels - expected).mean() < (14 if "palette" in name or "cmyk" in name else 10)


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_formats_come_back_unchanged(name: str) -> None:
    np.testing.assert_array_equal(decode(FILES[name]).pixels, scene())


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("jpeg")])
def test_jpeg_has_the_pixels_of_libjpeg(name: str) -> None:
    expected = np.asarray(Image.open(BytesIO(FILES[name])).convert("RGB"))
    np.testing.assert_array_equal(decode(FILES[name]).pixels, expected)


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("mpo", "first of several pictures"),
        ("apng", "first of 2 frames"),
        ("webp animated", "first of 2 frames"),
        ("tiff pages", "first of several pages"),
        ("png alpha", "transparent areas shown white"),
        ("webp alpha", "transparent areas shown white"),
        ("png 16", "16 bits reduced to 8"),
        ("jpeg cmyk", "converted from CMYK"),
    ],
)
def test_what_was_left_out_is_said(name: str, note: str) -> None:
    assert note in decode(FILES[name]).notes


@settings(max_examples=30, deadline=None)
@given(arrays.arrays(np.uint8, st.tuples(st.integers(16, 40), st.integers(16, 40), st.just(3))))
def test_round_trip_of_lossless_files(pixels: np.ndarray) -> None:
    image = Image.fromarray(pixels)
    for kind, options in (
        ("PNG", {}),
        ("BMP", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("WEBP", {"lossless": True}),
    ):
        np.testing.assert_array_equal(decode(saved(image, kind, **options)).pixels, pixels)


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_grey_png_of_every_depth(depth: int) -> None:
    row = b"\0" + bytes(range(32))[: 16 * depth // 8]
    photo = decode(png_of(16, 16, chunk(b"IDAT", zlib.compress(row * 16)), depth=depth, colour=0))
    bits = np.unpackbits(np.frombuffer(row[1:], np.uint8)).reshape(16, depth)
    values = bits @ (1 << np.arange(depth)[::-1])
    np.testing.assert_array_equal(photo.pixels[0, :, 0], np.rint(values * 255 / (2**depth - 1)))


def test_one_transparent_colour_becomes_white() -> None:
    pixels = scene()
    pixels[:10] = (1, 2, 3)
    photo = decode(saved(Image.fromarray(pixels), "PNG", transparency=(1, 2, 3)))
    assert (photo.pixels[:10] == 255).all()
    np.testing.assert_array_equal(photo.pixels[10:], pixels[10:])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True}), ("JPEG", {"quality": 100, "subsampling": 0})],
)
def test_orientation_is_applied_once(orientation: int, kind: str, options: dict[str, object]) -> None:
    upright = scene()
    # The inverse of each EXIF turn makes the stored picture.
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    photo = decode(saved(Image.fromarray(np.ascontiguousarray(stored)), kind, exif=exif(orientation), **options))
    assert photo.pixels.shape == upright.shape
    assert np.abs(photo.pixels.astype(int) - upright).max() <= (0 if kind != "JPEG" else 6)


def test_heic_that_libheif_turns_is_not_turned_again() -> None:
    photo = decode(heic(scene(), exif=exif(6)))
    assert photo.pixels.shape == (64, 48, 3)
    assert np.abs(photo.pixels.astype(int) - np.rot90(scene(), -1)).mean() < 10


@pytest.mark.parametrize(
    "block", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\1" * 40]
)
def test_bad_exif_and_profile_never_fail_a_photo(block: bytes) -> None:
    image = Image.fromarray(scene())
    for kind in ("JPEG", "PNG", "WEBP"):
        assert decode(saved(image, kind, exif=block, icc_profile=b"nonsense" * 20)).pixels.shape == (48, 64, 3)


def test_a_foreign_colour_profile_is_said() -> None:
    image = Image.fromarray(scene())
    assert "colour profile not applied" in decode(saved(image, "JPEG", icc_profile=b"Display P3" * 20)).notes
    assert decode(saved(image, "JPEG", icc_profile=b"sRGB IEC61966-2.1" * 20)).notes == ()


def test_a_large_jpeg_is_read_reduced_and_says_so() -> None:
    data = saved(Image.fromarray(scene(400, 300)), "JPEG")
    photo = decode(data, limits=PhotoLimits(detail_side=100))
    assert photo.pixels.shape == (75, 100, 3)
    assert (photo.stored_width, photo.stored_height) == (400, 300)
    assert photo.notes == ("read at 1/4 of its 400x300 pixels",)
    assert decode(data, limits=PhotoLimits(detail_side=0)).pixels.shape == (300, 400, 3)
    assert [PhotoLimits().reduction(side, 10) for side in (3599, 3600, 7199, 7200, 16000)] == [1, 2, 2, 4, 8]


# Refusals -----------------------------------------------------------------------------------------------------------


def _cuts(size: int) -> list[int]:
    return sorted({*range(3, size, max(1, size // 120)), *range(max(3, size - 12), size)})


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_anywhere_is_refused(name: str, truncated_allowed: None) -> None:
    data = FILES[name]
    for cut in _cuts(len(_without_trailing_pictures(name, data))):
        with pytest.raises(PhotoUnreadable):
            decode(data[:cut])


def _without_trailing_pictures(name: str, data: bytes) -> bytes:
    """Of files with several pictures only the first one is looked at."""
    if name == "mpo":
        return data[: data.index(b"\xff\xd9") + 2]
    if name == "tiff pages":
        return data[: len(FILES["tiff"])]
    return data


@pytest.mark.parametrize("name", ["jpeg", "jpeg grey", "jpeg restarts"])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_a_cut_jpeg_with_an_end_mark_put_behind_it_is_refused(name: str, share: float) -> None:
    image = Image.fromarray(scene(320, 240))
    options = {"restart_marker_rows": 1} if "restarts" in name else {}
    data = saved(image.convert("L") if "grey" in name else image, "JPEG", quality=90, **options)
    with pytest.raises(PhotoTruncated):
        decode(data[: int(len(data) * share)] + b"\xff\xd9")


@pytest.mark.parametrize("grey_rows", [16, 100, 239, 240])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_whole_jpeg_that_ends_in_mid_grey_is_read(grey_rows: int, mode: str) -> None:
    pixels = scene(320, 240)
    pixels[240 - grey_rows :] = 128
    decode(saved(Image.fromarray(pixels).convert(mode), "JPEG"))


def test_the_end_mark_of_an_embedded_preview_does_not_count() -> None:
    preview = saved(Image.fromarray(scene(20, 20)), "JPEG")
    data = saved(Image.fromarray(scene()), "JPEG", comment=preview)
    decode(data)
    with pytest.raises(PhotoTruncated):
        decode(data[: len(data) - 200])


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", PhotoEmpty),
        (b"Dear consul, please find attached", NotAPhoto),
        (b"BM is short for a thing that is not a bitmap at all", NotAPhoto),
        (b"\0" * 5000, NotAPhoto),
        (b"\xff\xd8\xff", PhotoTruncated),
        (b"GIF89a" + b"\0" * 100, PhotoUnsupported),
        (b"%PDF-1.7 and so on", PhotoUnsupported),
        (b"\0\0\0\x1cftypavif" + b"\0" * 100, PhotoUnsupported),
        (b"\0\0\0\x1cftypisom" + b"\0" * 100, PhotoUnsupported),
        (png_of(64, 48), PhotoTruncated),
        (png_of(0, 48), PhotoDamaged),
        (png_of(15, 48), PhotoTooSmall),
        (png_of(30_000, 20), PhotoTooManyPixels),
        (png_of(10_000, 10_000), PhotoTooManyPixels),
        (png_of(64, 48, b"\0\0\0\0tEXt"), PhotoTruncated),
        (FILES["png"].replace(b"IDAT", b"IDAt"), PhotoDamaged),
    ],
)
def test_each_refusal_has_its_kind_and_one_line(data: bytes, kind: type[PhotoUnreadable]) -> None:
    with pytest.raises(kind) as refusal:
        decode(data)
    assert refusal.value.code == kind.code
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 200


def test_every_refusal_has_a_code_of_its_own() -> None:
    kinds = PhotoUnreadable.__subclasses__()
    assert len({kind.code for kind in kinds}) == len(kinds) == 10


def _resized(name: str, width: int, height: int) -> bytes:
    """The file with other dimensions written into its header, its data unchanged."""
    data = bytearray(FILES[name])
    if name == "jpeg":
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">HH", height, width)
    elif name == "webp lossless":
        data[21:25] = struct.pack("<I", (width - 1) & 0x3FFF | ((height - 1) & 0x3FFF) << 14)
    elif name == "bmp":
        data[18:26] = struct.pack("<ii", width, height)
    elif name == "tiff lzw":
        for tag, value in ((256, width), (257, height)):
            at = bytes(data).index(struct.pack("<HHI", tag, 3, 1)) + 8
            data[at : at + 4] = struct.pack("<I", value)
    return bytes(data)


@pytest.mark.parametrize("name", ["jpeg", "webp lossless", "bmp", "tiff lzw"])
def test_huge_canvases_are_refused_by_the_header(name: str) -> None:
    with pytest.raises(PhotoTooManyPixels):
        decode(_resized(name, 16_000, 16_000))


def test_a_tiff_tile_larger_than_any_photo_is_refused() -> None:
    tags = [
        (256, 64),
        (257, 64),
        (258, 8),
        (259, 8),
        (262, 1),
        (277, 1),
        (322, 60_000),
        (323, 60_000),
        (324, 8),
        (325, 1),
    ]
    ifd = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    with pytest.raises(PhotoDamaged, match="tiles"):
        decode(b"II*\0" + struct.pack("<I", 8) + ifd + b"\0\0\0\0")


def test_text_and_profiles_that_inflate_a_thousandfold_are_not_inflated() -> None:
    bomb = zlib.compress(b"\0" * 200_000_000, 1)
    data = zlib.compress((b"\0" + bytes(64 * 3)) * 48)
    chunks = [chunk(b"zTXt", b"a\0\0" + bomb), chunk(b"iCCP", b"a\0\0" + bomb), chunk(b"IDAT", data)]
    assert decode(png_of(64, 48, *chunks)).pixels.shape == (48, 64, 3)


def test_pixels_that_inflate_beyond_the_picture_are_not_unpacked() -> None:
    bomb = zlib.compress(b"\0" * 200_000_000, 1)
    assert decode(png_of(64, 48, chunk(b"IDAT", bomb))).pixels.shape == (48, 64, 3)


def test_jpegs_of_endless_scans_are_refused() -> None:
    data = FILES["jpeg progressive"]
    scan = data[data.rindex(b"\xff\xda") : -2]
    with pytest.raises(PhotoDamaged, match="scans"):
        decode(data[:-2] + scan * 100 + b"\xff\xd9")


def test_limits_are_the_callers() -> None:
    with pytest.raises(PhotoTooManyBytes, match="limit is 100"):
        decode(FILES["png"], limits=PhotoLimits(max_bytes=100))
    with pytest.raises(PhotoTooManyPixels):
        decode(FILES["heic"], limits=PhotoLimits(max_pixels=1000))


@pytest.mark.parametrize("name", FILES)
def test_altered_files_raise_nothing_else(name: str, truncated_allowed: None) -> None:
    rng = np.random.default_rng(len(name))
    for _ in range(25):
        data = bytearray(FILES[name])
        for _ in range(int(rng.integers(1, 6))):
            data[int(rng.integers(0, min(len(data), 400)))] = int(rng.integers(0, 256))
            data[int(rng.integers(0, len(data)))] = int(rng.integers(0, 256))
        _decode_or_refuse(bytes(data))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(
        [
            b"",
            b"\xff\xd8\xff",
            b"\x89PNG\r\n\x1a\n",
            b"RIFF\0\0\0\0WEBPVP8X",
            b"II*\0",
            b"MM\0*",
            b"BM",
            b"\0\0\0\x18ftypheic",
        ]
    ),
    st.binary(max_size=300),
)
def test_noise_raises_nothing_else(magic: bytes, noise: bytes) -> None:
    _decode_or_refuse(magic + noise)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(FILES)), st.data())
def test_spliced_files_raise_nothing_else(name: str, draw: st.DataObject) -> None:
    data = FILES[name]
    cut = draw.draw(st.integers(0, len(data)))
    gap = draw.draw(st.integers(0, 60))
    _decode_or_refuse(data[:cut] + draw.draw(st.binary(max_size=20)) + data[cut + gap :])


def _decode_or_refuse(data: bytes) -> None:
    try:
        photo = decode(data, limits=PhotoLimits(max_pixels=1_000_000))
    except PhotoUnreadable as refusal:
        assert refusal.code != PhotoUnreadable.code  # noqa: PT017
    else:
        assert photo.pixels.ndim == 3


def test_threads_decode_at_once() -> None:
    wrong: list[str] = []
    expected = {name: decode(data).pixels for name, data in FILES.items()}

    def work() -> None:
        for name, data in FILES.items():
            if not np.array_equal(decode(data).pixels, expected[name]):
                wrong.append(name)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# Files --------------------------------------------------------------------------------------------------------------


def test_read_gives_the_bytes_and_the_photo(tmp_path: Path) -> None:
    path = tmp_path / "照片.png"
    path.write_bytes(FILES["png"])
    data, photo = read(path)
    assert data == FILES["png"]
    np.testing.assert_array_equal(photo.pixels, scene())


def test_read_refuses_what_is_no_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, kind in (
        (tmp_path, PhotoNotAFile),
        (pipe, PhotoNotAFile),
        (Path("/dev/zero"), PhotoNotAFile),
        (tmp_path / "absent.jpg", PhotoMissing),
        (tmp_path / "a\0b.jpg", PhotoMissing),
        (tmp_path / ("x" * 5000), PhotoMissing),
    ):
        with pytest.raises(kind):
            read(path)


def test_read_checks_the_size_before_it_reads(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # sparse: takes no space
    with pytest.raises(PhotoTooManyBytes):
        read(path)


def test_repr_shows_no_pixels() -> None:
    assert "array" not in repr(decode(heic(scene())))


@pytest.mark.skipif("MATCHER_TEST_DATA" not in os.environ, reason="MATCHER_TEST_DATA names no folder with real photos")
def test_real_photos_have_the_pixels_of_libjpeg_and_are_refused_when_cut() -> None:
    paths = sorted(Path(os.environ["MATCHER_TEST_DATA"], "faces").rglob("*.jpg"))[::40]
    assert paths
    for path in paths:
        data, photo = read(path)
        np.testing.assert_array_equal(photo.pixels, np.asarray(Image.open(BytesIO(data)).convert("RGB")))
        scan = data.rindex(b"\xff\xda")
        for share in (0.1, 0.5, 0.99):
            with pytest.raises(PhotoTruncated):
                decode(data[: scan + int((len(data) - scan - 1) * share)])
