"""SVG files of other programs: read safely, and drawn with the look they have. Nothing here needs torch."""

from plotbot.art.vector.artwork import Artwork, ArtworkOptions, SvgMode, read_artwork

__all__ = ["Artwork", "ArtworkOptions", "SvgMode", "read_artwork"]
