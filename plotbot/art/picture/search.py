# ruff: noqa: PLR0912, PLR0915  (kernels are one loop; calls would cost more than their work)
"""Try changes of the ink on a sheet, and keep those that bring what is seen nearer to what is wanted.

A change is a list of fine pixels that get ink of one pen and one of pixels that lose it. What it does to the
film of the cells goes through the view, a Gaussian, and is weighed against the error that is seen there.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from plotbot.art.picture.guides import compiled

__all__ = ["Sheet", "search_dots", "search_lines", "stamp_discs", "stamp_lines", "workplace"]

_TRIED = (4, 2, 1)
"""Steps by which the ends of strokes move, the longest first."""

_MOST_TRIED_PX = 60_000


class Sheet(NamedTuple):
    """The sheet as one pen sees it, and room to work in. Pixels are fine ones, `fine` to the side of a cell.

    count: [h, w] uint8, how many pieces of this pen's strokes lie over a pixel. root: [h, w, 3], √film.
    shade: [h/2, w/2, 3], light that has strayed to a place. ink: [3], √film of the pen. kept: share of the
    light under a lone stroke that came in under it as well. error: [H, W, 3], film as seen less film as
    wanted. metric: [H, W, 6], see `plotbot.art.picture.settle`. kernel: the view, by cells. room: [H, W],
    layers of ink that a place still takes. price: of a stroke, in what `metric` measures.
    """

    count: Any
    root: Any
    shade: Any
    ink: Any
    kept: Any
    fine: int
    px_per_mm: float
    error: Any
    metric: Any
    kernel: Any
    room: Any
    price: Any
    patch: Any
    across: Any
    out: Any
    box: Any
    at: Any


def workplace(side: int, taps: int) -> tuple[Any, Any, Any, Any, Any]:
    """Arrays for changes that touch up to `side` cells to the side: patch, across, out, box and at."""
    wide = side + taps
    return (
        np.zeros((side, side, 4), np.float32),
        np.zeros((side, wide, 4), np.float32),
        np.zeros((wide, wide, 4), np.float32),
        np.zeros(6, np.int64),
        np.zeros((_MOST_TRIED_PX, 2), np.int32),
    )


@compiled
def stamp_lines(points: Any, offsets: Any, drawn: Any, radius: float, px_per_mm: float, count: Any) -> None:
    """Count the drawn steps of lines in, each a capsule."""
    at = np.zeros((_MOST_TRIED_PX, 2), np.int32)
    for k in range(len(offsets) - 1):
        for i in range(offsets[k], offsets[k + 1]):
            if not drawn[i]:
                continue
            ahead = i + 1 < offsets[k + 1] and drawn[i + 1]
            behind = i > offsets[k] and drawn[i - 1]
            if ahead or not behind:
                found = _capsule(points[i], points[i + 1 if ahead else i], radius, px_per_mm, count, at, 0)
                _count(count, at, 0, found, 1)


@compiled
def stamp_discs(middles: Any, diameters: Any, px_per_mm: float, count: Any) -> None:
    """Count discs in; diameters in mm."""
    at = np.zeros((_MOST_TRIED_PX, 2), np.int32)
    for k in range(len(middles)):
        found = _capsule(middles[k], middles[k], diameters[k] / 2 * px_per_mm, px_per_mm, count, at, 0)
        _count(count, at, 0, found, 1)


@compiled
def search_lines(
    sheet: Any, points: Any, offsets: Any, drawn: Any, may: Any, must: Any, least: int, longest: int,
    radius: float,
) -> int:  # fmt: skip
    """One pass over the guides of a family: new strokes into gaps, short strokes away, and ends to and fro.
    drawn: [n], changed in place; may, must: [n], where points may and have to be drawn; least: steps of the
    shortest stroke; longest: of one that may go as a whole. Returns how much was changed."""
    gap = max(2, least // 2)
    changed = 0
    for g in range(len(offsets) - 1):
        start, end = offsets[g], offsets[g + 1]
        i = start
        while i < end:
            j = i
            while j < end and not drawn[j]:
                j += 1
            at = i + gap if i > start else i
            right = j - gap if j < end else j
            while at + least <= right:
                last = at + least - 1
                if (
                    may[at] and may[last] and may[at + least // 2]
                    and _room(sheet, points[at + least // 2])
                    and _try_line(sheet, points, at, last, radius, True, sheet.price)
                ):  # fmt: skip
                    drawn[at : last + 1] = True
                    at += least + gap
                    changed += 1
                else:
                    at += max(1, least // 2)
            # The stroke behind the gap: all of it may go, or its beginning or its end move.
            if j >= end:
                break
            k = j
            while k < end and drawn[k]:
                k += 1
            for part in range(3):
                for way in range(2 if part == 0 else 2 * len(_TRIED)):
                    length, more = _TRIED[way // 2], way % 2 == 1
                    low, high = _piece(part, length, more, j, k)
                    if more:
                        if part == 0 or not _clear(drawn, may, start, end, low, high, j, gap):
                            continue
                    elif part == 0:
                        if k - j >= min(2 * least, longest) or must[j:k].any():
                            continue
                    elif k - j - length < least or must[j if part == 1 else k - 1]:
                        continue
                    tip = points[low if part == 1 else high]
                    price = -sheet.price if part == 0 else np.float32(0)
                    if (more and not _room(sheet, tip)) or not _try_line(
                        sheet, points, low, high, radius, more, price
                    ):
                        continue
                    if part == 0:
                        drawn[j:k] = False
                        j = k
                    elif part == 1:
                        j += -length if more else length
                        drawn[min(j, low) : high] = more
                    else:
                        k += length if more else -length
                        drawn[low + 1 : high + 1] = more
                    changed += 1
                    break
                if j == k:
                    break
            i = k
    return changed


@compiled
def search_dots(sheet: Any, middles: Any, diameters: Any, sizes: Any, box_mm: Any, stride: float) -> int:
    """One pass over dots: each moves by a stride, grows or shrinks to the next of the `sizes`, or goes.
    middles [n, 2] in mm and diameters [n] are changed in place; 0 is none. Returns how much was changed."""
    changed = 0
    for k in range(len(middles)):
        for way in range(10):
            now = diameters[k]
            if now == 0:
                break
            size = np.searchsorted(sizes, now)
            middle, diameter = middles[k].copy(), now
            if way == 0:
                if size + 1 == len(sizes) or not _room(sheet, middle):
                    continue
                diameter = sizes[size + 1]
            elif way == 1:
                diameter = sizes[size - 1] if size > 0 else 0.0
            else:
                middle[0] += stride * math.cos(way * math.pi / 4)
                middle[1] += stride * math.sin(way * math.pi / 4)
            if _inside(middle, diameter / 2, box_mm) and _try_dot(sheet, middles[k], now, middle, diameter):
                middles[k], diameters[k] = middle, diameter
                changed += 1
                if way > 1:
                    break
    return changed


@compiled
def _piece(part: int, length: int, more: bool, j: int, k: int) -> Any:
    """First and last point of what a stroke of the points j to k - 1 gains or loses: all of it, or a length
    at its beginning or at its end."""
    if part == 0:
        return j, k - 1
    if part == 1:
        return (j - length, j) if more else (j, j + length)
    return (k - 1, k - 1 + length) if more else (k - 1 - length, k - 1)


@compiled
def _inside(middle: Any, radius: float, box_mm: Any) -> bool:
    return bool(
        min(middle[0], middle[1]) >= radius
        and middle[0] <= box_mm[0] - radius
        and middle[1] <= box_mm[1] - radius
    )


@compiled
def _room(sheet: Any, point: Any) -> Any:
    per_mm = sheet.px_per_mm / sheet.fine
    row = min(int(point[1] * per_mm), sheet.room.shape[0] - 1)
    return sheet.room[row, min(int(point[0] * per_mm), sheet.room.shape[1] - 1)] > 0


@compiled
def _clear(drawn: Any, may: Any, start: int, end: int, low: int, high: int, j: int, gap: int) -> bool:
    """Whether the stroke that begins at j may go on from the point low to high, or from high to low, with a
    gap behind, or to its guide's end."""
    if low < start or high >= end:
        return False
    if high == j:
        tip, first, last = low, max(low - gap, start), high
    else:
        tip, first, last = high, low + 1, min(high + 1 + gap, end)
    return bool(may[tip] and not drawn[first:last].any())


@compiled
def _try_line(sheet: Any, points: Any, low: int, high: int, radius: float, more: bool, price: Any = 0) -> Any:
    """Ink, or bare, the steps between two points of a line if that is better; whether it was."""
    found = 0
    for i in range(low, high):
        found = _capsule(points[i], points[i + 1], radius, sheet.px_per_mm, sheet.count, sheet.at, found)
    return _try(sheet, found if more else 0, found, price)


@compiled
def _try_dot(sheet: Any, middle: Any, diameter: float, new_middle: Any, new_diameter: float) -> Any:
    """Make one dot another if that is better; whether it was."""
    half = sheet.px_per_mm / 2
    added = 0
    if new_diameter > 0:
        added = _capsule(
            new_middle, new_middle, new_diameter * half, sheet.px_per_mm, sheet.count, sheet.at, 0
        )
    found = _capsule(middle, middle, diameter * half, sheet.px_per_mm, sheet.count, sheet.at, added)
    return _try(sheet, added, found, 0 if new_diameter > 0 else -sheet.price)


@compiled
def _capsule(a: Any, b: Any, radius: float, px_per_mm: float, count: Any, at: Any, found: int) -> int:
    """Write the pixels within a radius of a line from a to b behind the first `found`; how many there are."""
    height, width = count.shape
    ax, ay = a[0] * px_per_mm - 0.5, a[1] * px_per_mm - 0.5
    bx, by = b[0] * px_per_mm - 0.5, b[1] * px_per_mm - 0.5
    dx, dy = bx - ax, by - ay
    size = dx * dx + dy * dy
    per = 1 / size if size > 0 else 0.0
    for y in range(max(0, math.ceil(min(ay, by) - radius)), min(height - 1, int(max(ay, by) + radius)) + 1):
        for x in range(
            max(0, math.ceil(min(ax, bx) - radius)), min(width - 1, int(max(ax, bx) + radius)) + 1
        ):
            t = min(max(((x - ax) * dx + (y - ay) * dy) * per, 0.0), 1.0)
            ex, ey = x - ax - t * dx, y - ay - t * dy
            if ex * ex + ey * ey <= radius * radius and found < len(at):
                at[found, 0] = y
                at[found, 1] = x
                found += 1
    return found


@compiled
def _count(count: Any, at: Any, first: int, last: int, by: int) -> None:
    for i in range(first, last):
        count[at[i, 0], at[i, 1]] += by


@compiled
def _try(sheet: Any, added: int, found: int, price: Any) -> Any:
    """Ink the pixels `at[:added]` and bare `at[added:found]` if that is better; whether it was."""
    count, at, box, patch = sheet.count, sheet.at, sheet.box, sheet.patch
    if found == 0:
        return False
    # box: first and last row and column of the patch in use, then the cell of the patch's corner.
    top, left = at[0, 0], at[0, 1]
    for i in range(1, found):
        top, left = min(top, at[i, 0]), min(left, at[i, 1])
    box[4], box[5] = top // sheet.fine, left // sheet.fine
    box[0], box[1], box[2], box[3] = len(patch), 0, len(patch), 0
    better = False
    for keep in (False, True):
        for i in range(found):
            y, x = at[i]
            inks = i < added
            if count[y, x] == (0 if inks else 1):
                _note(sheet, y, x, inks, keep)
            count[y, x] += 1 if inks else -1
        if keep:
            break
        if box[1] > box[0]:
            _view(sheet)
            better = _worse(sheet) + price < 0
        for i in range(found - 1, -1, -1):
            count[at[i, 0], at[i, 1]] -= 1 if i < added else -1
        if not better:
            break
        _show(sheet)
    patch[box[0] : box[1], box[2] : box[3]] = 0
    return better


@compiled
def _note(sheet: Any, y: int, x: int, inked: bool, keep: bool) -> None:
    """Note in the patch what it does to a cell that one of its pixels is inked or bared."""
    box, patch = sheet.box, sheet.patch
    row, column = y // sheet.fine - box[4], x // sheet.fine - box[5]
    if row >= len(patch) or column >= len(patch):
        return
    box[0], box[1] = min(box[0], row), max(box[1], row + 1)
    box[2], box[3] = min(box[2], column), max(box[3], column + 1)
    area = np.float32(1 / (sheet.fine * sheet.fine))
    patch[row, column, 3] += area if inked else -area
    for k in range(3):
        was = sheet.root[y, x, k]
        new = was * sheet.ink[k] if inked else was / sheet.ink[k]
        step = new - was
        # Light lost on its way out here, and as much on its way in, to come out elsewhere.
        light = sheet.shade[y // 2, x // 2, k]
        patch[row, column, k] += area * step * (2 * light + sheet.kept * step)
        if keep:
            sheet.root[y, x, k] = new


@compiled
def _view(sheet: Any) -> None:
    """The patch through the view, into `out`, which is wider by the view's reach on each side."""
    patch, box, kernel, across, out = sheet.patch, sheet.box, sheet.kernel, sheet.across, sheet.out
    taps = len(kernel)
    rows, columns = box[1] - box[0], box[3] - box[2]
    wide = columns + taps - 1
    across[:rows, :wide] = 0
    for r in range(rows):
        for c in range(columns):
            for j in range(taps):
                for k in range(4):
                    across[r, c + j, k] += kernel[j] * patch[box[0] + r, box[2] + c, k]
    out[: rows + taps - 1, :wide] = 0
    for r in range(rows):
        for j in range(taps):
            for c in range(wide):
                for k in range(4):
                    out[r + j, c, k] += kernel[j] * across[r, c, k]


@compiled
def _worse(sheet: Any) -> Any:
    """By how much the squared error grows, over all cells."""
    error, metric, out = sheet.error, sheet.metric, sheet.out
    height, width = error.shape[:2]
    reach, box = len(sheet.kernel) // 2, sheet.box
    top, left = box[4] + box[0] - reach, box[5] + box[2] - reach
    total = np.float32(0)
    for y in range(max(0, top), min(height, box[4] + box[1] + reach)):
        for x in range(max(0, left), min(width, box[5] + box[3] + reach)):
            d0, d1, d2 = out[y - top, x - left, 0], out[y - top, x - left, 1], out[y - top, x - left, 2]
            s0, s1, s2 = 2 * error[y, x, 0] + d0, 2 * error[y, x, 1] + d1, 2 * error[y, x, 2] + d2
            m = metric[y, x]
            total += d0 * (m[0] * s0 + m[1] * s1 + m[2] * s2)
            total += d1 * (m[1] * s0 + m[3] * s1 + m[4] * s2)
            total += d2 * (m[2] * s0 + m[4] * s1 + m[5] * s2)
    return total


@compiled
def _show(sheet: Any) -> None:
    """Let the error and the room be as they are after the change."""
    error, out = sheet.error, sheet.out
    height, width = error.shape[:2]
    reach, box = len(sheet.kernel) // 2, sheet.box
    top, left = box[4] + box[0] - reach, box[5] + box[2] - reach
    for y in range(max(0, top), min(height, box[4] + box[1] + reach)):
        for x in range(max(0, left), min(width, box[5] + box[3] + reach)):
            for k in range(3):
                error[y, x, k] += out[y - top, x - left, k]
            sheet.room[y, x] -= out[y - top, x - left, 3]
