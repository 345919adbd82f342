"""How much the softmax cheats, trick by trick: the same picture grown with and without each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plotbot.art.artwork import Step
from plotbot.art.growth import film_picture
from plotbot.art.pace import Pace
from plotbot.art.pixels import PixelArtwork, PixelSettings, generate_pixels

__all__ = ["Trial", "ablate", "contact_sheet", "trials"]

FIXED = 3.0
"""Spikiness where it is fixed."""

SHORT_PX = 336


@dataclass(frozen=True)
class Trial:
    """One row of the table: its tricks, and the picture grown with them."""

    name: str
    settings: PixelSettings
    artwork: PixelArtwork

    def figures(self) -> dict[str, float | str]:
        """Plain numbers, for a table or JSON; ``cheated`` is the share of the soft activation that was lost
        when every pixel took its best colour."""
        soft, hard = self.artwork.softness.soft, self.artwork.softness.argmax
        return {
            "tricks": self.name,
            "spikiness": self.settings.spikiness,
            "last_spikiness": self.settings.last_spikiness,
            "penalty": self.settings.penalty,
            "soft": soft,
            "argmax": hard,
            "cheated": (soft - hard) / abs(soft) if soft else 0.0,
            "entropy_bits": self.artwork.softness.entropy,
            "as_plotted": self.artwork.activations.as_plotted,
        }


def trials(settings: PixelSettings) -> list[tuple[str, PixelSettings]]:
    """The settings without any trick, with each, and with two that go together; as given last."""
    plain = replace(settings, spikiness=1.0, last_spikiness=1.0, penalty=0.0)
    fixed = replace(plain, spikiness=FIXED, last_spikiness=FIXED)
    rising = replace(settings, penalty=0.0)
    weight = settings.penalty
    return [
        ("none", plain),
        ("penalty", replace(plain, penalty=weight)),
        ("spikiness", fixed),
        ("spikiness, penalty", replace(fixed, penalty=weight)),
        ("annealing", rising),
        ("annealing, penalty", settings),
    ]


def ablate(
    settings: PixelSettings,
    on_step: Callable[[str, Step], None] = lambda _name, _step: None,
    stop: Callable[[], bool] = lambda: False,
) -> list[Trial]:
    """Grow the picture once for each of `trials`, from the same seed; the last one is as the settings say.

    `on_step` hears the tricks and the step. `stop` ends it early: what is left out is not in the list, but
    there is always a last trial.
    """
    rows = trials(settings)
    done: list[Trial] = []
    for number, (name, one) in enumerate(rows):
        last = number == len(rows) - 1
        if stop() and not last:
            continue
        pace = Pace(
            one.steps,
            one.seconds,
            stop,
            earlier=number * one.steps,
            later=(len(rows) - 1 - number) * one.steps,
        )
        artwork = generate_pixels(one, lambda step, name=name: on_step(name, step), stop, pace)  # type: ignore[misc]
        if artwork.ended != "stopped" or last:
            done.append(Trial(name, one, artwork))
    return done


def contact_sheet(done: Sequence[Trial]) -> np.ndarray:
    """Every trial as the soft picture beside the one in which each pixel has its best colour, with what the
    network makes of both: sRGB uint8 [H, W, 3]."""
    from plotbot.preview.matching import side_by_side  # noqa: PLC0415

    panels = []
    for trial in done:
        artwork, softness = trial.artwork, trial.artwork.softness
        title = f"Tricks: {trial.name}. Soft {softness.soft:.2f}"
        panels.append((title, film_picture(artwork.soft, artwork.paper_lab, SHORT_PX)))
        title = f"Argmax {softness.argmax:.2f}; entropy {softness.entropy:.3f} bit"
        panels.append((title, film_picture(artwork.argmax, artwork.paper_lab, SHORT_PX)))
    return side_by_side(panels, columns=4)
