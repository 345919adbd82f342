"""Colour conversions against published values, colour-science and torch."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from plotbot.errors import BadInput
from plotbot.ink import spaces

# Table 1 of Sharma, Wu and Dalal (2005): L1 a1 b1 L2 a2 b2 and their ΔE00.
SHARMA = np.array(
    [
        [50.0000, 2.6772, -79.7751, 50.0000, 0.0000, -82.7485, 2.0425],
        [50.0000, 3.1571, -77.2803, 50.0000, 0.0000, -82.7485, 2.8615],
        [50.0000, 2.8361, -74.0200, 50.0000, 0.0000, -82.7485, 3.4412],
        [50.0000, -1.3802, -84.2814, 50.0000, 0.0000, -82.7485, 1.0000],
        [50.0000, -1.1848, -84.8006, 50.0000, 0.0000, -82.7485, 1.0000],
        [50.0000, -0.9009, -85.5211, 50.0000, 0.0000, -82.7485, 1.0000],
        [50.0000, 0.0000, 0.0000, 50.0000, -1.0000, 2.0000, 2.3669],
        [50.0000, -1.0000, 2.0000, 50.0000, 0.0000, 0.0000, 2.3669],
        [50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0009, 7.1792],
        [50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0010, 7.1792],
        [50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0011, 7.2195],
        [50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0012, 7.2195],
        [50.0000, -0.0010, 2.4900, 50.0000, 0.0009, -2.4900, 4.8045],
        [50.0000, -0.0010, 2.4900, 50.0000, 0.0010, -2.4900, 4.8045],
        [50.0000, -0.0010, 2.4900, 50.0000, 0.0011, -2.4900, 4.7461],
        [50.0000, 2.5000, 0.0000, 50.0000, 0.0000, -2.5000, 4.3065],
        [50.0000, 2.5000, 0.0000, 73.0000, 25.0000, -18.0000, 27.1492],
        [50.0000, 2.5000, 0.0000, 61.0000, -5.0000, 29.0000, 22.8977],
        [50.0000, 2.5000, 0.0000, 56.0000, -27.0000, -3.0000, 31.9030],
        [50.0000, 2.5000, 0.0000, 58.0000, 24.0000, 15.0000, 19.4535],
        [50.0000, 2.5000, 0.0000, 50.0000, 3.1736, 0.5854, 1.0000],
        [50.0000, 2.5000, 0.0000, 50.0000, 3.2972, 0.0000, 1.0000],
        [50.0000, 2.5000, 0.0000, 50.0000, 1.8634, 0.5757, 1.0000],
        [50.0000, 2.5000, 0.0000, 50.0000, 3.2592, 0.3350, 1.0000],
        [60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644],
        [63.0109, -31.0961, -5.8663, 62.8187, -29.7946, -4.0864, 1.2630],
        [61.2901, 3.7196, -5.3901, 61.4292, 2.2480, -4.9620, 1.8731],
        [35.0831, -44.1164, 3.7933, 35.0232, -40.0716, 1.5901, 1.8645],
        [22.7233, 20.0904, -46.6940, 23.0331, 14.9730, -42.5619, 2.0373],
        [36.4612, 47.8580, 18.3852, 36.2715, 50.5065, 21.2231, 1.4146],
        [90.8027, -2.0831, 1.4410, 91.1528, -1.6435, 0.0447, 1.4441],
        [90.9257, -0.5406, -0.9208, 88.6381, -0.8985, -0.7239, 1.5381],
        [6.7747, -0.2908, -2.4247, 5.8714, -0.0985, -2.2286, 0.6377],
        [2.0776, 0.0795, -1.1350, 0.9033, -0.0636, -0.5514, 0.9082],
    ]
)

LABS = np.random.default_rng(7).uniform([0, -100, -100], [100, 100, 100], (4000, 3))

lab_arrays = arrays(
    float,
    st.tuples(st.integers(1, 6), st.just(3)),
    elements=st.floats(0.0, 100.0, allow_nan=False, width=32),
).map(lambda values: values * [1, 2, 2] - [0, 100, 100])


@pytest.fixture(scope="module")
def colour():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import colour as module  # noqa: PLC0415
    return module


def test_ciede2000_gives_every_published_value():
    found = spaces.delta_e00(SHARMA[:, :3], SHARMA[:, 3:6])
    assert np.abs(found - SHARMA[:, 6]).max() < 5.1e-5
    back = spaces.delta_e00(SHARMA[:, 3:6], SHARMA[:, :3])
    np.testing.assert_allclose(found, back, rtol=1e-9)


def test_ciede2000_agrees_with_colour_science_on_random_colours(colour):
    one, other = LABS[:2000], LABS[2000:]
    reference = colour.delta_E(one, other, method="CIE 2000")
    np.testing.assert_allclose(spaces.delta_e00(one, other), reference, atol=1e-9)


def test_ciede2000_broadcasts_pens_against_pixels():
    table = spaces.delta_e00(LABS[:50, None], LABS[None, 50:62])
    assert table.shape == (50, 12)
    assert table[7, 3] == pytest.approx(float(spaces.delta_e00(LABS[7], LABS[53])))


def test_conversions_agree_with_colour_science(colour):
    d50 = colour.CCS_ILLUMINANTS["CIE 1931 2 Degree Standard Observer"]["D50"]
    xyz = colour.Lab_to_XYZ(LABS, d50)
    np.testing.assert_allclose(spaces.lab_to_xyz(LABS), xyz, atol=1e-9)
    np.testing.assert_allclose(spaces.xyz_to_lab(xyz), colour.XYZ_to_Lab(xyz, d50), atol=1e-6)
    for name, ours in (
        ("ITU-R BT.2020", spaces.lab_to_rec2020(LABS)),
        ("sRGB", spaces.rec2020_to_linear_srgb(spaces.lab_to_rec2020(LABS))),
    ):
        space = colour.RGB_COLOURSPACES[name].copy()
        space.use_derived_transformation_matrices(True)
        theirs = colour.XYZ_to_RGB(xyz, space, d50, "Bradford", apply_cctf_encoding=False)
        np.testing.assert_allclose(ours, theirs, atol=2e-5)
    d65_xyz = colour.chromatic_adaptation(xyz, colour.xy_to_XYZ(d50), spaces._WHITE_D65, transform="Bradford")
    np.testing.assert_allclose(spaces.lab_to_oklab(LABS), colour.XYZ_to_Oklab(d65_xyz), atol=2e-5)


def test_srgb_agrees_with_colour_science(colour):
    srgb = np.random.default_rng(3).uniform(0, 1, (500, 3))
    d50 = colour.CCS_ILLUMINANTS["CIE 1931 2 Degree Standard Observer"]["D50"]
    xyz = colour.sRGB_to_XYZ(srgb, illuminant=d50, chromatic_adaptation_transform="Bradford")
    assert spaces.delta_e00(spaces.srgb_to_lab(srgb), colour.XYZ_to_Lab(xyz, d50)).max() < 0.02


@pytest.mark.parametrize(
    ("hex_colour", "lab"),
    # CSS Color 4's sample conversions of the sRGB primaries to Lab (D50).
    [
        ("#ffffff", (100.0, 0.0, 0.0)),
        ("#000000", (0.0, 0.0, 0.0)),
        ("#ff0000", (54.2905, 80.8049, 69.8910)),
        ("#00ff00", (87.8185, -79.2711, 80.9946)),
        ("#0000ff", (29.5683, 68.2874, -112.0297)),
        ("#808080", (53.585, 0.0, 0.0)),
    ],
)
def test_known_screen_colours(hex_colour, lab):
    found = spaces.lab_from_hex(hex_colour)
    np.testing.assert_allclose(found, lab, atol=0.01)
    assert spaces.srgb_hex(found) == hex_colour


def test_white_is_neutral():
    """The trap of not adapting the white: D50 white must be screen white, not (100, -2.4, -19.4)."""
    np.testing.assert_allclose(spaces.srgb_to_lab(np.ones(3)), [100, 0, 0], atol=1e-9)
    np.testing.assert_allclose(spaces.lab_to_rec2020(np.array([100.0, 0, 0])), np.ones(3), atol=1e-12)


@given(lab_arrays)
def test_every_conversion_has_an_exact_way_back(labs):
    np.testing.assert_allclose(spaces.xyz_to_lab(spaces.lab_to_xyz(labs)), labs, atol=1e-7)
    np.testing.assert_allclose(spaces.rec2020_to_lab(spaces.lab_to_rec2020(labs)), labs, atol=1e-7)
    np.testing.assert_allclose(spaces.srgb_to_lab(spaces.lab_to_srgb(labs)), labs, atol=1e-6)


@given(st.integers(0, 0xFFFFFF))
def test_every_screen_colour_survives_the_way_through_lab(number):
    text = f"#{number:06x}"
    lab = spaces.lab_from_hex(text)
    assert spaces.srgb_hex(lab) == text
    assert spaces.in_srgb(lab)
    np.testing.assert_allclose(spaces.oklab_to_lab(spaces.lab_to_oklab(lab)), lab, atol=1e-3)


@given(lab_arrays)
def test_ciede2000_is_a_difference(labs):
    assert (spaces.delta_e00(labs, labs) == 0).all()
    forth, back = spaces.delta_e00(labs, labs[::-1]), spaces.delta_e00(labs[::-1], labs)
    assert (forth >= 0).all()
    np.testing.assert_allclose(forth, back, atol=1e-9)


def test_gamut_check():
    assert spaces.in_srgb(np.array([[50.0, 0, 0], [50, 110, 0], [99, 0, -40]])).tolist() == [
        True,
        False,
        False,
    ]


CONVERSIONS = [
    spaces.lab_to_xyz,
    spaces.lab_to_rec2020,
    spaces.lab_to_srgb,
    spaces.lab_to_oklab,
    lambda lab: spaces.srgb_to_lab(lab / 100),
    lambda lab: spaces.rec2020_to_lab(lab / 100),
    lambda lab: spaces.oklab_to_lab(lab / 100),
    lambda lab: spaces.delta_e00(lab, lab[[1, 2, 3, 0]]),
]


@pytest.mark.parametrize("convert", CONVERSIONS)
def test_torch_gives_the_same_numbers_in_the_same_type(convert):
    for dtype, tolerance in ((np.float64, 1e-10), (np.float32, 2e-3)):
        labs = LABS[:4].astype(dtype)
        found = convert(torch.from_numpy(labs))
        assert isinstance(found, torch.Tensor)
        assert found.numpy().dtype == convert(labs).dtype == dtype
        np.testing.assert_allclose(found.numpy(), convert(labs), atol=tolerance, rtol=1e-4)


@pytest.mark.parametrize("convert", CONVERSIONS)
def test_torch_gradients_are_right(convert):
    labs = torch.tensor(LABS[:4], requires_grad=True)
    assert torch.autograd.gradcheck(convert, (labs,))


@pytest.mark.parametrize("convert", CONVERSIONS)
def test_torch_gradients_stay_finite_at_black_white_grey_and_equal_colours(convert):
    labs = torch.tensor([[0.0, 0, 0], [100, 0, 0], [100, 0, 0], [50, 0, 0]], requires_grad=True)
    convert(labs).sum().backward()
    assert torch.isfinite(labs.grad).all()


def test_whole_numbers_become_floating():
    assert spaces.lab_to_xyz(np.array([50, 0, 0])).dtype == np.float64
    assert spaces.lab_to_xyz(torch.tensor([50, 0, 0])).dtype == torch.float64


def test_eight_bits_are_clipped_not_wrapped():
    assert spaces.srgb_uint8([-0.1, 0.5, 1.2]).tolist() == [0, 128, 255]
    assert spaces.srgb_hex((50, 120, 0)).startswith("#ff")


@pytest.mark.parametrize("text", ["", "#12345", "red", "#gggggg", "#1234567", "#１２３"])
def test_a_wrong_hex_colour_is_refused(text):
    with pytest.raises(BadInput, match="#d90005"):
        spaces.lab_from_hex(text)


def test_short_hex_colours():
    np.testing.assert_array_equal(spaces.lab_from_hex("f80"), spaces.lab_from_hex("#FF8800"))


def test_light_to_dark_is_stable():
    labs = [(20, 0, 0), (90, 0, 0), (50, 1, 0), (50, 0, 0)]
    assert spaces.light_to_dark(labs) == [1, 2, 3, 0]
