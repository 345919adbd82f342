"""Pens and inventories as values: what a `pens/*.toml` file says, checked.

A colour is CIE Lab (D50, 2° observer) of a solid patch of the ink on the named paper, with where it
comes from and how far off it may be. Nothing here converts colours; only `plotbot.ink` does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "InkType",
    "Inventory",
    "Lab",
    "Mechanical",
    "Overprint",
    "PaperColour",
    "Pen",
    "Provenance",
    "ScannedLine",
]

Lab = tuple[
    Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)],
    Annotated[float, Field(ge=-128, le=128, allow_inf_nan=False)],
    Annotated[float, Field(ge=-128, le=128, allow_inf_nan=False)],
]
"""L* in 0..100, a* and b* in -128..128, D50 and 2° observer."""

Provenance = Literal["measured", "scan", "third-party", "guess"]
InkType = Literal["water-based", "pigment", "gel", "alcohol", "oil", "ballpoint", "acrylic", "other"]

_STRICT = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Mechanical(BaseModel):
    """What the machine must know about one physical pen; unset fields leave it to the machine profile."""

    model_config = _STRICT

    down_height: float | None = Field(None, ge=0, le=100, description="pen-down height, % of servo travel")
    lift_settle_s: float | None = Field(None, ge=0, le=10)
    lower_settle_s: float | None = Field(None, ge=0, le=10)
    max_speed_mm_s: float | None = Field(None, gt=0, le=1000)
    tip_offset_mm: tuple[float, float] = (0.0, 0.0)


class ScannedLine(BaseModel):
    """What a scan of a calibration card says of a pen's lines and hatchings, each with how sure it is."""

    model_config = _STRICT

    width_uncertainty_mm: float = Field(ge=0, le=50)
    coverage_gain: float = Field(
        ge=-1, le=1, description="how much more than its nominal half a hatching covers"
    )
    coverage_gain_uncertainty: float = Field(ge=0, le=1)
    n: float = Field(ge=1, le=10, description="Yule and Nielsen's factor of that hatching")
    n_uncertainty: float = Field(ge=0, le=10)


class Pen(BaseModel):
    """One pen of a tin."""

    model_config = _STRICT

    id: str = Field(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    name: str = Field(min_length=1, max_length=80)
    lab: Lab
    provenance: Provenance
    uncertainty: float = Field(ge=0, le=100, description="how far `lab` may be off, ΔE00")
    nominal_mm: float = Field(gt=0, le=50, description="width printed on the pen")
    width_mm: float = Field(gt=0, le=50, description="width of the line it really draws")
    ink: InkType = "other"
    opacity: float = Field(0.0, ge=0, le=1, description="0 lets all ink below through, 1 hides it")
    fluorescent: bool = False
    order: int | None = Field(None, description="drawn in this order, overriding light to dark")
    scan: ScannedLine | None = None
    mechanical: Mechanical = Mechanical()

    def __str__(self) -> str:
        return f"{self.id} {self.name}"


class PaperColour(BaseModel):
    """The sheet the colours were taken on."""

    model_config = _STRICT

    name: str = Field(min_length=1, max_length=80)
    lab: Lab
    spread_mm: float | None = Field(None, ge=0, le=2, description="how far light strays in it")
    spread_uncertainty_mm: float | None = Field(None, ge=0, le=2)

    @property
    def light_spread_mm(self) -> float:
        """How far light strays in this paper: as measured, or as in usual paper."""
        from plotbot.ink.coverage import PAPER_SPREAD_MM  # noqa: PLC0415 - numpy only where it is asked for

        return PAPER_SPREAD_MM if self.spread_mm is None else self.spread_mm


class Overprint(BaseModel):
    """The colour of one pen over another, as it was seen on the paper of the inventory."""

    model_config = _STRICT

    under: str
    over: str
    lab: Lab
    provenance: Provenance
    uncertainty: float = Field(ge=0, le=100, description="how far `lab` may be off, ΔE00")


class Inventory(BaseModel):
    """A tin of pens and the paper their colours belong to."""

    model_config = _STRICT

    id: str
    name: str
    paper: PaperColour
    pens: tuple[Pen, ...] = Field(min_length=1, max_length=256)
    overprints: tuple[Overprint, ...] = Field((), max_length=65536)

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Inventory:
        seen: set[str] = set()
        for pen in self.pens:
            if pen.id in seen:
                raise ValueError(f"two pens have the id {pen.id!r}")
            seen.add(pen.id)
        for one in self.overprints:
            missing = {one.under, one.over} - seen
            if missing:
                raise ValueError(f"an overprint names the pen {min(missing)!r}, which is not in the file")
        return self

    def overprints_among(self, pen_ids: Iterable[str]) -> tuple[Overprint, ...]:
        """The measured crossings of two of these pens."""
        known = set(pen_ids)
        return tuple(one for one in self.overprints if {one.under, one.over} <= known)

    def __getitem__(self, pen_id: str) -> Pen:
        """The pen with this id; raises KeyError."""
        for pen in self.pens:
            if pen.id == pen_id:
                return pen
        raise KeyError(pen_id)

    def __contains__(self, pen_id: object) -> bool:
        return any(pen.id == pen_id for pen in self.pens)
