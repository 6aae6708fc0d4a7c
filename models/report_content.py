"""What a report is made of: a result, its phases as they are shown, and what people gave them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from models import phase_edits
from models.composition import intensities_and_factors, nearest_minerals
from models.endmembers import Unmixing
from models.exports_files import distinct_names
from models.live_phases import live_phases
from models.phase_colours import phase_colour
from models.phases_result import PhasesResult
from models.quantification import Quantification, quantify
from models.recipe import PhasesRecipe
from models.shown_phases import LivePhases
from models.stability import Stability


@dataclass(frozen=True, eq=False)
class ReportContent:
    """What stands in a report.

    Attributes
    ----------
    result : of the run
    recipe : the choices that made what is shown; of the run, or moved since
    shown : the phases
    names, colours : of the phases, by label
    source : the file as a person knows it
    made : date and time, as text
    version : of this program
    unmixing : end-members on show; None leaves them out
    stability : whether the phases are found again, where that was tested
    composition : of the phases, or the sentence why there is none
    minerals : columns of the nearest minerals; empty where none can be compared
    """

    result: PhasesResult
    recipe: PhasesRecipe
    shown: LivePhases
    names: tuple[str, ...]
    colours: tuple[str, ...]
    source: str
    made: str
    version: str
    unmixing: Unmixing | None = None
    stability: Stability | None = None
    composition: Quantification | str = ""
    minerals: Mapping[str, Sequence] = field(default_factory=dict)

    @property
    def order(self) -> tuple[int, ...]:
        """Labels of the phases that pixels bear, the largest first."""
        return tuple(
            int(one) for one in np.argsort(-self.shown.pixels, kind="stable") if self.shown.pixels[one]
        )


def content_of(
    result: PhasesResult,
    source: str,
    made: str,
    version: str,
    recipe: PhasesRecipe | None = None,
    shown: LivePhases | None = None,
    unmixing: Unmixing | None = None,
    stability: Stability | None = None,
) -> ReportContent:
    """The content of a report, with the compositions of its phases.

    Parameters
    ----------
    recipe, shown : where phases were moved since the run; by default those of the run
    unmixing, stability : by default those of the run

    Raises
    ------
    ValueError
        No pixel bears a phase.
    """
    recipe = recipe or result.recipe
    if shown is None:
        shown = result.edited or live_phases(result, recipe)
    if not shown.pixels.any():
        raise ValueError(
            "No pixel belongs to a phase: lower the least probability, and make the report then."
        )
    edits = phase_edits.parse_all(recipe.edits)
    given_names, given_colours = phase_edits.names_of(edits), phase_edits.colours_of(edits)
    names = distinct_names([given_names.get(phase) or f"Phase {phase + 1}" for phase in shown.ids])
    composition, minerals = _chemistry(result, recipe, shown)
    return ReportContent(
        result=result,
        recipe=recipe,
        shown=shown,
        names=tuple(names),
        colours=tuple(phase_colour(phase, given_colours) for phase in shown.ids),
        source=source,
        made=made,
        version=version,
        unmixing=unmixing or result.unmixing,
        stability=stability or result.stability,
        composition=composition,
        minerals=minerals,
    )


def _chemistry(
    result: PhasesResult, recipe: PhasesRecipe, shown: LivePhases
) -> tuple[Quantification | str, Mapping[str, Sequence]]:
    """Compositions of the phases and their nearest minerals, or why there are none."""
    try:
        net, factors = intensities_and_factors(shown.spectra, result.prepared, result.maps.lines, recipe)
        found = quantify(net, factors, recipe.quantification)
    except ValueError as error:
        return str(error), {}
    return found, nearest_minerals(found, shown.phase_map, recipe, net)


def program_version() -> str:
    """Version of this program, as it stands in its list of dependencies."""
    root = Path(__file__).resolve().parents[1]
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
