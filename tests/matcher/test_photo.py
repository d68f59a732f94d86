"""Decoding: formats, orientation, reduction, threads, files."""

import hashlib
import os
import threading
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from matcher.photo import (
    PhotoLimits,
    PhotoMissing,
    PhotoNotAFile,
    PhotoTooManyBytes,
    PhotoTruncated,
    decode,
    read,
)
from tests.matcher.photo_files import chunk, every_format, exif, heic, png_of, saved, scene

FILES = every_format()
LOSSLESS = ["png", "apng", "webp lossless", "tiff", "tiff lzw", "tiff deflate", "tiff pages", "bmp"]


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


def test_colours_of_16_bits_are_reduced_and_that_is_said() -> None:
    import cv2

    pixels = np.random.default_rng(5).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    done, data = cv2.imencode(".tif", pixels[:, :, ::-1].astype(np.uint16) * 257)
    assert done
    photo = decode(data.tobytes())
    np.testing.assert_array_equal(photo.pixels, pixels)
    assert photo.notes == ("16 bits reduced to 8",)


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
