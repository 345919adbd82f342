# ruff: noqa: E501  (hostile files have long lines)
"""SVGs that nobody should draw without looking twice, as bytes by name."""

from __future__ import annotations

import base64
import gzip
import random
from io import BytesIO

from PIL import Image

_HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:other="http://www.w3.org/1999/xlink" '
_PAGE = 'width="60mm" height="40mm" viewBox="0 0 60 40"'
_LINE = '<path d="M5 5L50 30" stroke="#000" stroke-width=".3"/>'


def svg(body: str, page: str = _PAGE) -> bytes:
    return f"{_HEAD}{page}>{body}</svg>".encode()


def bomb_png() -> str:
    """A picture of 400 megapixels in a few hundred kilobytes."""
    buffer = BytesIO()
    Image.new("1", (20_000, 20_000)).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def nested(kind: str, paint: str, levels: int = 9) -> str:
    """Patterns, masks or markers in one another, ten times each."""
    parts = []
    for level in range(levels):
        inner = f'<rect width="9" height="9" {paint % (level + 1)}/>' * 10
        parts.append(
            f'<{kind} id="p{level}" width="9" height="9" patternUnits="userSpaceOnUse">{inner}</{kind}>'
        )
    return f"<defs>{''.join(parts)}</defs><rect width='50' height='30' {paint % 0}/>"


def many_paths(count: int) -> str:
    pick = random.Random(1)
    return "".join(
        f'<path d="M{pick.uniform(0, 60):.2f} {pick.uniform(0, 40):.2f}l{pick.uniform(-2, 2):.2f} {pick.uniform(-2, 2):.2f}" stroke="#000" stroke-width=".2"/>'
        for _ in range(count)
    )


HOSTILE: dict[str, bytes] = {
    "entity bomb": b'<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>' + svg("<text>&c;</text>"),
    "external entity": b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + svg("<text>&x;</text>"),
    "image on the net": svg(f'{_LINE}<image xlink:href="https://192.0.2.1/a.png" width="9" height="9"/>'),
    "image by another prefix": svg(f'{_LINE}<image other:href="https://192.0.2.1/a.png" width="9" height="9"/>'),
    "image in a file": svg(f'{_LINE}<image href="file:///etc/hostname" width="9" height="9"/>'),
    "image beside it": svg(f'{_LINE}<image href="secret.png" width="9" height="9"/>'),
    "style import": svg(f"<style>@import url(https://192.0.2.1/a.css);</style>{_LINE}"),
    "font on the net": svg(f"<style>@font-face{{font-family:x;src:url(https://192.0.2.1/a.woff)}}</style>{_LINE}"),
    "use of another file": svg(f'{_LINE}<use href="other.svg#a"/>'),
    "filter image": svg(f'<filter id="f"><feImage href="https://192.0.2.1/a.png"/></filter><rect width="9" height="9" filter="url(#f)"/>{_LINE}'),
    "svg in an image": svg(f'{_LINE}<image width="9" height="9" href="data:image/svg+xml;base64,{base64.b64encode(svg(_LINE)).decode()}"/>'),
    "picture bomb": svg(f'{_LINE}<image width="9" height="9" href="data:image/png;base64,{bomb_png()}"/>'),
    "broken picture": svg(f'{_LINE}<image width="9" height="9" href="data:image/png;base64,AAAA"/>'),
    "negative size": svg(_LINE, 'width="-60" height="40"'),
    "negative shapes": svg(f'{_LINE}<rect width="-5" height="4"/><circle r="-3"/><ellipse rx="-1" ry="2"/>'),
    "no size": svg(_LINE, ""),
    "size of no number": svg(_LINE, 'width="nan" height="1e999"'),
    "huge page": svg(_LINE, 'width="1e9" height="1e9"'),
    "huge view box": svg(_LINE, 'width="60" height="40" viewBox="0 0 1e30 1e30"'),
    "tiny view box": svg(_LINE, 'width="60" height="40" viewBox="0 0 1e-30 1e-30"'),
    "broken view box": svg(_LINE, 'width="60" height="40" viewBox="0 0 nan 5"'),
    "thin page": svg(_LINE, 'width="1" height="100000"'),
    "no numbers": svg(f'{_LINE}<path d="M nan nan L inf 5" stroke="#000"/><rect x="nan" width="5" height="5"/>'),
    "endless numbers": svg(f'{_LINE}<path d="M 1e999 0 C 1e999 1 -1e999 2 3 3" stroke="#000"/>'),
    "huge curve": svg(f'{_LINE}<path d="M0 0C1e15 0 0 1e15 5 5" stroke="#000"/>'),
    "huge stroke": svg('<path d="M5 5L50 30" stroke="#000" stroke-width="1e12"/>'),
    "endless dashes": svg('<path d="M0 0H60" stroke="#000" stroke-width=".3" stroke-dasharray="1e-12"/>'),
    "broken transform": svg(f'<g transform="matrix(nan 0 0 inf 0 0)">{_LINE}</g>{_LINE}'),
    "flat transform": svg(f'<g transform="scale(0)">{_LINE}</g>{_LINE}'),
    "deep nesting": svg("<g>" * 5000 + _LINE + "</g>" * 5000),
    "deep but allowed": svg('<g opacity=".99">' * 150 + _LINE + "</g>" * 150),
    "use of itself": svg('<g id="a"><use href="#a"/></g>'),
    "use in a ring": svg('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'),
    "ring by another prefix": svg('<g id="a"><use other:href="#b"/></g><g id="b"><use other:href="#a"/></g>'),
    "clip path of itself": svg(f'<clipPath id="c"><path id="p" clip-path="url(#c)" d="M0 0H9V9z"/></clipPath><g clip-path="url(#c)">{_LINE}</g>'),
    "copies of copies": svg('<path id="a0" d="M1 1L2 2" stroke="#000"/>' + "".join(f'<g id="a{k + 1}">' + f'<use href="#a{k}"/>' * 10 + "</g>" for k in range(9))),
    "patterns of patterns": svg(nested("pattern", 'fill="url(#p%d)"')),
    "masks of masks": svg(nested("mask", 'mask="url(#p%d)"')),
    "bad utf-8": svg(_LINE).replace(b"</svg>", b"<title>\xff\xfe\xc3</title></svg>"),
    "utf-16": svg(_LINE).decode().encode("utf-16"),
    "latin-1": b'<?xml version="1.0" encoding="iso-8859-1"?>' + svg(f"<title>\u00e9</title>{_LINE}").decode().encode("latin-1"),
    "compressed": gzip.compress(svg(_LINE)),
    "compressed bomb": gzip.compress(b" " * 300_000_000, 9),
    "compressed and cut": gzip.compress(svg(_LINE))[:-9],
    "cut": svg(_LINE)[:-20],
    "empty": b"",
    "zeros": bytes(1000),
    "web page": b"<html><body>no</body></html>",
    "200k paths": svg(many_paths(200_000)),
    "one long path": svg('<path stroke="#000" stroke-width=".1" d="M0 0' + "L50 30 5 7" * 200_000 + '"/>'),
}  # fmt: skip
