"""Read photographs as light: any picture file, from anywhere, as linear Rec.2020.

Colour profiles are honoured, transparency lies on white, the camera's rotation is undone. Files are
untrusted: only formats that Pillow decodes itself are opened, sizes are checked before pixels are, and
large pictures are averaged down strip by strip in linear light, so memory stays a small multiple of
the decoded file.
"""

from __future__ import annotations

import functools
import math
import struct
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, UnidentifiedImageError

from plotbot.errors import BadInput
from plotbot.ink.spaces import rec2020_to_xyz, srgb_to_rec2020

__all__ = ["MAX_PICTURE_BYTES", "MAX_PICTURE_PIXELS", "load_picture", "picture_from_bytes"]

Picture = npt.NDArray[np.float32]

MAX_PICTURE_BYTES = 500_000_000
MAX_PICTURE_PIXELS = 178_000_000
"""More pixels than any camera on sale gives in one file."""

MAX_SIDE_PX = 50_000

# Pillow hands EPS and WMF to other programs; such files are art in vectors anyway.
_FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP", "PPM", "JPEG2000", "AVIF", "TGA", "MPO", "ICO")

_STRIP_PIXELS = 4_000_000
_ORIENTATION = 0x0112
_DEEP_MODES = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")


def load_picture(path: Path, longest_px: int = 2400) -> Picture:
    """Read a picture as linear Rec.2020 [H, W, 3], white = 1, at most `longest_px` on its longer side.

    Raises `BadInput` when the file is no picture that can be read, is damaged, or is too large.
    """
    try:
        if not path.is_file():
            raise BadInput(f"There is no picture {path}." if not path.exists() else f"{path} is not a file.")
        size = path.stat().st_size
        if size > MAX_PICTURE_BYTES:
            raise BadInput(
                f"{path} has {size / 1e6:.0f} MB; "
                f"a picture may have at most {MAX_PICTURE_BYTES / 1e6:.0f} MB."
            )
        data = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise BadInput(f"The picture {str(path)!r} cannot be read: {_reason(error)}.") from None
    return picture_from_bytes(data, str(path), longest_px)


def picture_from_bytes(data: bytes, name: str, longest_px: int = 2400) -> Picture:
    """As `load_picture`, from the bytes of a file; `name` is what errors call it."""
    if longest_px < 1:
        raise BadInput(f"A picture of {longest_px} pixels is impossible; use 1 or more.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's words about odd metadata are not for people
            Image.init()
            formats = [kind for kind in _FORMATS if kind in Image.OPEN]
            with Image.open(BytesIO(data), formats=formats) as image:
                return _light(image, name, longest_px)
    except Image.DecompressionBombError:
        raise BadInput(_too_large(name, "over 178")) from None
    except UnidentifiedImageError:
        raise BadInput(f"{name} is not a picture that can be read; use JPEG, PNG, TIFF or WebP.") from None
    except (OSError, ValueError, SyntaxError, EOFError, struct.error, ImageCms.PyCMSError) as error:
        raise BadInput(f"The picture {name} is damaged: {_reason(error)}.") from None
    except (TypeError, KeyError, IndexError, AttributeError, ArithmeticError, RuntimeError) as error:
        raise BadInput(f"The picture {name} is damaged: {type(error).__name__} in its contents.") from None


def _light(image: Any, name: str, longest_px: int) -> Picture:
    width, height = image.size
    if width < 1 or height < 1 or max(width, height) > MAX_SIDE_PX or width * height > MAX_PICTURE_PIXELS:
        raise BadInput(_too_large(name, f"{width} x {height}"))
    orientation = _orientation(image)
    if image.mode in ("RGB", "L", "YCbCr"):
        # The decoder itself may leave out what is not needed; twice the size keeps the averaging good.
        image.draft(image.mode, (2 * longest_px, 2 * longest_px))
    image.load()
    factor = max(1, math.ceil(max(image.size) / longest_px))
    converter = _Converter(image)
    width, height = image.size
    rows = max(factor, _STRIP_PIXELS // width // factor * factor)
    strips = [
        _averaged(converter(image.crop((0, top, width, min(top + rows, height)))), factor)
        for top in range(0, height, rows)
    ]
    picture = np.concatenate(strips)
    if not np.isfinite(picture).all():
        raise BadInput(f"The picture {name} holds values that are no numbers.")
    return np.ascontiguousarray(_upright(picture, orientation))


class _Converter:
    """From strips of one image to linear Rec.2020 on white."""

    def __init__(self, image: Any) -> None:
        self.transform: Any = None
        self.deep = image.mode in _DEEP_MODES
        self.scale = 1.0
        if self.deep:
            _, high = image.getextrema()
            # Whole numbers of 16 bits as they are; floating ones are light or encoded, 1 is white.
            self.scale = 65535.0 if image.mode != "F" else max(1.0, float(high))
            if image.mode == "I" and high > 65535:
                self.scale = float(high)
            return
        profile = image.info.get("icc_profile")
        mode = "RGB" if image.mode in ("P", "RGBA", "PA", "RGBX", "RGBa", "La", "1") else image.mode
        mode = "L" if mode == "LA" else mode
        if mode == "LAB":
            self.transform = _transform(ImageCms.createProfile("LAB"), mode)
        elif isinstance(profile, bytes) and profile and mode in ("RGB", "L", "CMYK"):
            try:
                self.transform = _transform(ImageCms.ImageCmsProfile(BytesIO(profile)), mode)
            except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
                self.transform = None  # a profile that does not fit its picture says nothing about it

    def __call__(self, strip: Any) -> Picture:
        if self.deep:
            grey = np.clip(np.asarray(strip, dtype=np.float32) / np.float32(self.scale), 0, 1)
            encoded = np.repeat(grey[..., None], 3, axis=2)
            return np.asarray(srgb_to_rec2020(encoded), dtype=np.float32)
        alpha = None
        if strip.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in strip.info:
            strip = strip.convert("RGBA")
            alpha = np.asarray(strip.getchannel("A"), dtype=np.float32)[..., None] / np.float32(255)
        if self.transform is None:
            light = _from_srgb(np.asarray(strip.convert("RGB")))
        else:
            if strip.mode not in ("L", "CMYK", "LAB") or self.transform.input_mode == "RGB":
                strip = strip.convert(self.transform.input_mode)
            light = _DECODE_REC2020[np.asarray(ImageCms.applyTransform(strip, self.transform))]
        if alpha is not None:
            light = light * alpha + (1 - alpha)
        return light


def _transform(profile: Any, mode: str) -> Any:
    target = ImageCms.ImageCmsProfile(BytesIO(_rec2020_profile()))
    return ImageCms.buildTransform(
        profile, target, mode, "RGB", renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC
    )


def _from_srgb(levels: npt.NDArray[np.uint8]) -> Picture:
    """Encoded sRGB of 8 bits to linear Rec.2020: a table, then a matrix."""
    linear = _DECODE_SRGB[levels]
    return np.asarray(linear @ _REC2020_FROM_LINEAR_SRGB, dtype=np.float32)


def _averaged(light: Picture, factor: int) -> Picture:
    """Means over squares of `factor` pixels; what does not fill a square at the far edges is averaged too."""
    if factor == 1:
        return light
    height, width = light.shape[:2]
    rows, columns = np.arange(0, height, factor), np.arange(0, width, factor)
    total = np.add.reduceat(np.add.reduceat(light, rows, axis=0), columns, axis=1)
    share = np.diff([*rows, height])[:, None] * np.diff([*columns, width])[None]
    return np.asarray(total / share[..., None], dtype=np.float32)


def _orientation(image: Any) -> int:
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # metadata of any broken kind must not hide a good picture
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _upright(picture: Picture, orientation: int) -> Picture:
    """Undo the camera's rotation (Exif 2.32, tag 0x0112)."""
    if orientation in (5, 6, 7, 8):
        picture = picture.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        picture = picture[:, ::-1]
    if orientation in (3, 4, 7, 8):
        picture = picture[::-1]
    return picture


_GAMMA = 2.4


def _s15(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


@functools.cache
def _rec2020_profile() -> bytes:
    """A minimal ICC v2 profile (ICC.1:2001-04) of Rec.2020 primaries with a plain gamma of 2.4, wide
    enough for every camera's colours and fine enough in 8 bits."""
    text = b"plotbot linear working space\x00"
    description = b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(4 + 4 + 2 + 1 + 67)
    columns = rec2020_to_xyz(np.eye(3))
    tags: list[tuple[bytes, bytes]] = [
        (b"desc", description),
        (b"cprt", b"text" + bytes(4) + b"public domain\x00"),
        (b"wtpt", b"XYZ " + bytes(4) + _s15(0.9642) + _s15(1.0) + _s15(0.8249)),
    ]
    for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True):
        tags.append((name, b"XYZ " + bytes(4) + b"".join(_s15(float(value)) for value in column)))
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(_GAMMA * 256))
    tags += [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")]
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags:
        table += name + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = struct.pack(">I4sI4s4s4s", start + len(body), bytes(4), 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    header += _s15(0.9642) + _s15(1.0) + _s15(0.8249)
    return header + bytes(128 - len(header)) + table + body


def _decode_srgb() -> Picture:
    levels = np.arange(256) / 255
    curve = np.where(levels > 0.04045, ((levels + 0.055) / 1.055) ** 2.4, levels / 12.92)
    return curve.astype(np.float32)


_DECODE_SRGB = _decode_srgb()
_DECODE_REC2020 = ((np.arange(256) / 255) ** (round(_GAMMA * 256) / 256)).astype(np.float32)
_REC2020_FROM_LINEAR_SRGB = srgb_to_rec2020(np.eye(3)).astype(np.float32)


def _too_large(name: str, what: str) -> str:
    return (
        f"The picture {name} has {what} pixels; at most {MAX_PICTURE_PIXELS / 1e6:.0f} megapixels and "
        f"{MAX_SIDE_PX} on a side can be read. Make it smaller first."
    )


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).strip().rstrip(".") or type(error).__name__
