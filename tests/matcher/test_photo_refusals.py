"""What decoding refuses: cut and altered files, bombs, things that are no photos."""

import struct
import zlib
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from matcher.photo import (
    NotAPhoto,
    PhotoDamaged,
    PhotoEmpty,
    PhotoLimits,
    PhotoTooManyBytes,
    PhotoTooManyPixels,
    PhotoTooSmall,
    PhotoTruncated,
    PhotoUnreadable,
    PhotoUnsupported,
    decode,
)
from tests.matcher.photo_files import chunk, every_format, png_of, saved, scene

FILES = every_format()


@pytest.fixture(params=[False, True], ids=["strict", "lenient"])
def truncated_allowed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Pillow's process-wide leniency, which the face_recognition package switches on."""
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = request.param
    yield
    ImageFile.LOAD_TRUNCATED_IMAGES = before


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
    kinds = [kind for kind in PhotoUnreadable.__subclasses__() if kind.__module__ == "matcher.formats.refusals"]
    assert len({kind.code for kind in kinds}) == len(kinds) == 11


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


@pytest.mark.long
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
