"""Photographs: read as light, separated into inks, drawn as strokes. Nothing here needs torch."""

from plotbot.art.picture.load import load_picture
from plotbot.art.picture.quantize import MARKS, Quantized, QuantizeOptions, QuantizeReport, quantize

__all__ = ["MARKS", "QuantizeOptions", "QuantizeReport", "Quantized", "load_picture", "quantize"]
