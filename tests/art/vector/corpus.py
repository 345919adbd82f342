# ruff: noqa: E501  (other programs write long lines)
"""SVGs as different programs write them, small, each with features of its own."""

from __future__ import annotations

import base64
from io import BytesIO

import numpy as np
from PIL import Image

_INKSCAPE = 'xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"'


def _photo() -> str:
    ramp = np.zeros((20, 30, 3), np.uint8)
    ramp[..., 0] = np.linspace(0, 255, 30)
    ramp[..., 2] = np.linspace(255, 0, 20)[:, None]
    buffer = BytesIO()
    Image.fromarray(ramp).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def _svg(body: str, size: str = 'width="60mm" height="40mm" viewBox="0 0 60 40"', extra: str = "") -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {extra} {size}>'
        f"{body}</svg>"
    )


CORPUS: dict[str, str] = {
    "inkscape": _svg(
        '<g inkscape:groupmode="layer" inkscape:label="1 - ground"><rect x="5" y="5" width="30" height="20" '
        'style="fill:#d90005;stroke:#000;stroke-width:.3"/></g><g inkscape:groupmode="layer" '
        'inkscape:label="!2 lines +S40" transform="translate(10 4)"><path style="fill:none;stroke:#0033aa;'
        'stroke-width:0.3" d="m 0,0 c 5,10 10,-10 15,12 5,20 15,0 18,6"/></g>'
        '<g inkscape:groupmode="layer" inkscape:label="%notes"><circle cx="30" cy="20" r="15"/></g>',
        extra=_INKSCAPE,
    ),
    "illustrator": _svg(
        '<style type="text/css">.st0{fill:#F7931E;stroke:#000000;stroke-width:2;stroke-miterlimit:10;}'
        ".st1{fill:none;stroke:#22B573;stroke-width:4;stroke-linecap:round;}</style>"
        '<g id="Layer_1"><ellipse class="st0" cx="60" cy="50" rx="45" ry="30"/>'
        '<path class="st1" d="M10,100c40-60,90,20,150-80"/></g>',
        'version="1.1" viewBox="0 0 170 113.4" style="enable-background:new 0 0 170 113.4;"',
    ),
    "matplotlib": _svg(
        '<defs><style>*{stroke-linejoin: round; stroke-linecap: butt}</style></defs><g id="figure_1">'
        '<path d="M 0 115 L 170 115 L 170 0 L 0 0 z" style="fill: #ffffff"/><g id="axes_1">'
        '<path d="M 20 100 L 160 100 L 160 10 L 20 10 z" style="fill: none; stroke: #000000; stroke-width: 0.8"/>'
        '<defs><path id="m1" d="M 0 3 C 0.8 3 3 0.8 3 0 C 3 -0.8 0.8 -3 0 -3 z" style="stroke: #1f77b4"/></defs>'
        '<use xlink:href="#m1" x="40" y="80" style="fill:#1f77b4"/><use xlink:href="#m1" x="80" y="50"/>'
        '<path d="M 25 95 L 60 30 L 100 70 L 150 20" style="fill: none; stroke: #ff7f0e; stroke-width: 1.5"/>'
        "</g></g>",
        'width="170pt" height="115pt" viewBox="0 0 170 115" version="1.1"',
    ),
    "potrace": _svg(
        '<g transform="translate(0,400) scale(0.1,-0.1)" fill="#000000" stroke="none"><path d="M1000 3000 c-300 '
        "-50 -600 -400 -600 -900 0 -500 300 -900 800 -900 500 0 900 300 900 800 0 600 -500 1100 -1100 1000z m300 "
        '-500 c200 -100 300 -400 200 -600 -100 -150 -400 -150 -500 0 -150 250 0 650 300 600z"/></g>',
        'width="300pt" height="400pt" viewBox="0 0 300 400"',
    ),
    "gradient": _svg(
        '<defs><linearGradient id="g"><stop offset="0" stop-color="#ffe000"/><stop offset="1" '
        'stop-color="#c00020"/></linearGradient></defs><rect x="4" y="4" width="52" height="32" fill="url(#g)"/>'
    ),
    "clip": _svg(
        '<clipPath id="c"><circle cx="30" cy="20" r="15"/></clipPath><g clip-path="url(#c)"><rect width="60" '
        'height="40" fill="#88c040"/><path d="M0 0L60 40" stroke="#203080" stroke-width="3"/></g>'
    ),
    "opacity": _svg(
        '<g opacity=".6"><circle cx="22" cy="20" r="14" fill="#e02020"/><circle cx="38" cy="20" r="14" '
        'fill="#2040d0" fill-opacity=".5"/></g>'
    ),
    "text": _svg(
        '<text x="4" y="18" font-family="DejaVu Sans, sans-serif" font-size="12">Ink</text>'
        '<text x="4" y="32" font-family="serif" font-size="6" fill="#b01010">on paper, by pen</text>'
    ),
    "map": _svg(
        '<rect width="60" height="40" fill="#aad3df"/><path d="M0 25L20 15L35 22L60 8V40H0z" fill="#f2efe9" '
        'stroke="#777" stroke-width=".2"/><path d="M0 33C20 25 40 38 60 20" fill="none" stroke="#e892a2" '
        'stroke-width="1.6"/><path d="M0 33C20 25 40 38 60 20" fill="none" stroke="#dc2a67" stroke-width=".2" '
        'stroke-dasharray="1 1"/>'
    ),
    "image": _svg(
        f'<image x="5" y="5" width="50" height="30" xlink:href="data:image/png;base64,{_photo()}"/>'
    ),
    "units": _svg(
        '<g transform="rotate(10) skewX(5)"><rect x="1cm" y="5mm" width="1in" height="40px" rx="2mm" '
        'fill="none" stroke="rgb(0%,40%,60%)" stroke-width="1pt"/></g><polyline points="1,1 20,35 50,5" '
        'fill="none" stroke="hsl(300,80%,40%)"/>'
    ),
    "css": _svg(
        "<style>g.a path{stroke:#006633;fill:none} #x{stroke-width:1.2px!important}</style>"
        '<g class="a"><path id="x" d="M5 5Q30 60 55 5"/><path d="M5 30H55" stroke-dasharray="3 2"/></g>'
    ),
}
