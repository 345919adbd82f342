"""SVG files of other programs: read safely, and drawn with the look they have. Nothing here needs torch."""

from plotbot.art.vector.artwork import Artwork, ArtworkOptions, SvgMode, read_artwork
from plotbot.art.vector.overdraw import Overdrawn, remove_overdrawing

__all__ = [
    "Artwork",
    "ArtworkOptions",
    "Overdrawn",
    "SvgMode",
    "read_artwork",
    "remove_overdrawing",
]
