"""The parts of a recipe that turn phases into particles and compositions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ParticleChoices:
    """Particles: the connected regions of a phase.

    ``connectivity`` 8: pixels that touch at a corner belong together; 4: only those that share an edge.
    Regions of fewer than ``least_pixels`` are left out. ``fill_holes``: what a region wholly encloses counts
    as part of it.
    """

    connectivity: Literal[4, 8] = 8
    least_pixels: int = 4
    fill_holes: bool = False


@dataclass(frozen=True)
class QuantificationChoices:
    """Compositions of phases by k-factors (Cliff & Lorimer 1975), and the minerals they are compared with.

    ``lines`` empty: one mapped line for each element. Elements to ``leave_out`` are measured, but are no
    part of a composition: carbon is in coatings, tape and films more often than in the sample.
    ``intensity`` fit: net counts by a linear fit of all lines; maps: as the line maps are made. ``sample``
    bulk estimates stopping, backscattering and absorption in a thick flat sample, thin does not; auto takes
    samples below 60 kV as bulk. ``k_factors`` are a person's own, such as "Fe_Ka=1.2", relative to
    ``reference``; all others are computed for the beam, ``window`` and ``take_off_deg``. ``beam_kev`` goes
    before that of the file. ``oxygen`` measured: by its own line, where mapped; stoichiometry: by the usual
    oxides of the others. ``oxides`` names others than the usual ones, such as "Fe2O3"; a bare element ("S")
    takes no oxygen. Phases of fewer net counts than ``least_counts`` get no composition. ``minerals`` are
    added to the library, as "Hibonite = CaAl12O19".
    """

    lines: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ("C",)
    intensity: Literal["fit", "maps"] = "fit"
    sample: Literal["auto", "thin", "bulk"] = "auto"
    k_factors: tuple[str, ...] = ()
    reference: str = "Si_Ka"
    beam_kev: float | None = None
    window: Literal["polymer", "none"] = "polymer"
    take_off_deg: float = 35.0
    oxygen: Literal["measured", "stoichiometry"] = "measured"
    oxides: tuple[str, ...] = ()
    least_counts: int = 500
    minerals: tuple[str, ...] = ()
