"""Small image files of every format and layout, made on the spot for the tests of decoding."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image


def scene(width: int = 64, height: int = 48, *, seed: int = 7) -> NDArray[np.uint8]:
    """Smooth colours with some texture, different in each corner; uint8 (height, width, 3)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    base = np.stack([255 * x / width, 255 * y / height, 255 * (1 - x / width) * (y / height)], axis=2)
    return np.clip(base + rng.normal(0, 12, base.shape), 0, 255).astype(np.uint8)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = BytesIO()
    image.copy().save(out, kind, **options)  # a copy, since Pillow keeps settings of an earlier save
    return out.getvalue()


def exif(orientation: int) -> bytes:
    block = Image.Exif()
    block[0x0112] = orientation
    return block.tobytes()


def heic(pixels: NDArray[np.uint8], **options: object) -> bytes:
    out = BytesIO()
    pillow_heif.from_pillow(Image.fromarray(pixels)).save(out, quality=90, **options)
    return out.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_of(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


def every_format() -> dict[str, bytes]:
    """One valid file for each reader and variant, 64x48."""
    image = Image.fromarray(scene())
    second = Image.fromarray(scene(seed=8))
    alpha = image.copy()
    alpha.putalpha(Image.linear_gradient("L").resize(image.size))
    wide = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    return {
        "jpeg": saved(image, "JPEG", quality=90),
        "jpeg grey": saved(image.convert("L"), "JPEG"),
        "jpeg cmyk": saved(image.convert("CMYK"), "JPEG"),
        "jpeg progressive": saved(image, "JPEG", progressive=True),
        "jpeg restarts": saved(image, "JPEG", restart_marker_rows=1),
        "mpo": saved(image, "MPO", save_all=True, append_images=[second.copy()]),
        "png": saved(image, "PNG"),
        "png grey": saved(image.convert("L"), "PNG"),
        "png 16": saved(wide, "PNG"),
        "png palette": saved(image.quantize(32), "PNG"),
        "png alpha": saved(alpha, "PNG"),
        "png one bit": saved(image.convert("1"), "PNG"),
        "apng": saved(image, "PNG", save_all=True, append_images=[second.copy()]),
        "webp": saved(image, "WEBP"),
        "webp lossless": saved(image, "WEBP", lossless=True),
        "webp alpha": saved(alpha, "WEBP"),
        "webp animated": saved(image, "WEBP", save_all=True, append_images=[second.copy()], duration=100),
        "tiff": saved(image, "TIFF"),
        "tiff lzw": saved(image, "TIFF", compression="tiff_lzw"),
        "tiff deflate": saved(image, "TIFF", compression="tiff_deflate"),
        "tiff jpeg": saved(image, "TIFF", compression="jpeg"),
        "tiff 16": saved(wide, "TIFF"),
        "tiff cmyk": saved(image.convert("CMYK"), "TIFF"),
        "tiff pages": saved(image, "TIFF", save_all=True, append_images=[second.copy()]),
        "bmp": saved(image, "BMP"),
        "bmp palette": saved(image.quantize(32), "BMP"),
        "heic": heic(scene()),
    }
