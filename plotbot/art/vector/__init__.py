"""SVG files of other programs: read safely, and drawn with the look they have. Nothing here needs torch."""

from plotbot.art.vector.artwork import Artwork, ArtworkOptions, SvgMode, read_artwork
from plotbot.art.vector.overdraw import Overdrawn, remove_overdrawing
from plotbot.art.vector.placement import Placement, crop, grid, place, registration_ticks

__all__ = [
    "Artwork",
    "ArtworkOptions",
    "Overdrawn",
    "Placement",
    "SvgMode",
    "crop",
    "grid",
    "place",
    "read_artwork",
    "registration_ticks",
    "remove_overdrawing",
]
