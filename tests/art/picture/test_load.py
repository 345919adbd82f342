"""Any picture file is read as light, or refused in one sentence."""

from __future__ import annotations

import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from plotbot.art.picture.load import _rec2020_profile, load_picture, picture_from_bytes
from plotbot.errors import BadInput
from plotbot.ink.spaces import delta_e00, rec2020_to_lab, rec2020_to_srgb, srgb_to_rec2020, srgb_uint8


def encoded(image, kind="PNG", **options):
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def colours():
    rng = np.random.default_rng(1)
    return rng.integers(0, 256, (24, 36, 3), dtype=np.uint8)


def test_srgb_levels_come_back_exactly(colours):
    light = picture_from_bytes(encoded(Image.fromarray(colours)), "a.png")
    assert light.dtype == np.float32
    assert np.array_equal(srgb_uint8(rec2020_to_srgb(light)), colours)


def test_an_srgb_profile_changes_next_to_nothing(colours):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = picture_from_bytes(encoded(Image.fromarray(colours)), "a.png")
    tagged = picture_from_bytes(encoded(Image.fromarray(colours), icc_profile=profile), "b.png")
    apart = delta_e00(rec2020_to_lab(plain.astype(float)), rec2020_to_lab(tagged.astype(float)))
    assert apart.mean() < 0.4
    assert np.percentile(apart, 99) < 1.5


def test_a_wide_profile_is_honoured():
    """Pure green in a file with Rec.2020 primaries is the pure green of the working space."""
    green = np.zeros((4, 4, 3), np.uint8)
    green[..., 1] = 255
    light = picture_from_bytes(encoded(Image.fromarray(green), icc_profile=_rec2020_profile()), "g.png")
    assert np.allclose(light, [0, 1, 0], atol=0.01)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "CMYK", "YCbCr", "LAB", "I;16", "F"])
def test_every_mode_is_read_as_about_the_same_grey(mode):
    ramp = np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[None], 16, axis=0)
    grey = Image.fromarray(ramp)
    if mode == "I;16":
        image = Image.fromarray(ramp.astype(np.uint16) * 257)
    elif mode == "F":
        image = Image.fromarray(ramp.astype(np.float32) / 255)
    elif mode == "LAB":
        image = ImageCms.profileToProfile(
            grey.convert("RGB"),
            ImageCms.createProfile("sRGB"),
            ImageCms.createProfile("LAB"),
            outputMode="LAB",
        )
    elif mode == "1":
        image, ramp = grey.point(lambda level: 255 * (level > 127)).convert("1"), np.where(ramp > 127, 255, 0)
    else:
        image = grey.convert("RGB").convert(mode) if mode in ("CMYK", "YCbCr") else grey.convert(mode)
    light = picture_from_bytes(encoded(image, "TIFF"), "x.tif")
    expected = srgb_to_rec2020(np.repeat(ramp[..., None] / 255, 3, axis=2))
    assert np.abs(rec2020_to_srgb(light) - rec2020_to_srgb(expected)).max() < 0.02


def test_transparency_lies_on_white():
    clear = np.zeros((8, 8, 4), np.uint8)
    assert np.allclose(picture_from_bytes(encoded(Image.fromarray(clear)), "c.png"), 1.0)
    half = clear.copy()
    half[..., 3] = 128
    assert np.allclose(picture_from_bytes(encoded(Image.fromarray(half)), "h.png"), 1 - 128 / 255, atol=1e-3)


def test_a_palette_with_a_transparent_colour():
    image = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    image.putpalette([255, 0, 0, 0, 0, 255] + [0] * 762)
    light = picture_from_bytes(encoded(image, transparency=0), "p.png")
    assert np.allclose(light[0, 0], 1)
    assert np.allclose(light[0, 1], srgb_to_rec2020(np.array([0, 0, 1.0])), atol=1e-3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_cameras_rotation_is_undone(orientation):
    rng = np.random.default_rng(orientation)
    image = Image.fromarray(rng.integers(0, 256, (5, 9, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(image, exif=exif)
    with Image.open(BytesIO(data)) as again:
        expected = np.asarray(ImageOps.exif_transpose(again))
    assert np.array_equal(srgb_uint8(rec2020_to_srgb(picture_from_bytes(data, "e.png"))), expected)


def test_large_pictures_are_averaged_in_light():
    board = np.indices((64, 64)).sum(axis=0) % 2 * np.uint8(255)
    light = picture_from_bytes(encoded(Image.fromarray(board.astype(np.uint8))), "b.png", longest_px=16)
    assert light.shape == (16, 16, 3)
    assert np.allclose(light, 0.5, atol=1e-3)


def test_odd_sizes_lose_no_row():
    tall = np.zeros((11, 7, 3), np.uint8)
    tall[-1] = 255
    light = picture_from_bytes(encoded(Image.fromarray(tall)), "t.png", longest_px=4)
    assert light.shape == (4, 3, 3)
    assert light[-1].mean() == pytest.approx(0.5, abs=1e-3)  # two rows are left, one of them white


@pytest.mark.slow
def test_a_hundred_megapixels_are_read(tmp_path):
    path = tmp_path / "huge.png"
    Image.new("L", (12_000, 8_400), 188).save(path, compress_level=1)
    light = load_picture(path, longest_px=600)
    assert light.shape == (420, 600, 3)
    assert np.allclose(light, light[0, 0])


def test_a_bomb_is_refused():
    def chunk(name, data):
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    header = (60_000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))
    with pytest.raises(BadInput, match="megapixels"):
        picture_from_bytes(data + chunk(b"IEND", b""), "bomb.png")


@pytest.mark.parametrize(
    "data", [b"", b"not a picture", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"]
)
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(BadInput, match="not a picture"):
        picture_from_bytes(data, "x")


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(BadInput, match="There is no picture"):
        load_picture(tmp_path / "none.png")
    with pytest.raises(BadInput, match="not a file"):
        load_picture(tmp_path)


def test_values_that_are_no_numbers_are_refused():
    image = Image.fromarray(np.full((4, 4), np.nan, np.float32))
    with pytest.raises(BadInput, match="no numbers"):
        picture_from_bytes(encoded(image, "TIFF"), "nan.tif")


_FILES = {
    kind: encoded(
        Image.fromarray(np.arange(48 * 48 * 3, dtype=np.uint32).astype(np.uint8).reshape(48, 48, 3)), kind
    )
    for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")
}


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(sorted(_FILES)),
    cut=st.floats(0, 1),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8),
)
def test_damaged_files_are_read_or_refused(kind, cut, changes):
    data = bytearray(_FILES[kind])
    for place, value in changes:
        data[min(int(place * len(data)), len(data) - 1)] = value
    try:
        light = picture_from_bytes(bytes(data[: int(cut * len(data)) + 1]), f"x.{kind}", longest_px=64)
    except BadInput as error:
        assert len(str(error)) < 300
        assert "\n" not in str(error)
    else:
        assert light.shape[2] == 3
        assert np.isfinite(light).all()
