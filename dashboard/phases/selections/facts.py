"""What the pixels of kept selections are: their sum spectra, line intensities and compositions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from dashboard.phases.opened import OpenedMap
from dashboard.phases.selecting import sum_of
from dashboard.selection import Selection
from models import composition
from models.quantification import Quantification
from models.recipe import PhasesRecipe

#: map -> selection -> its spectrum, as long as both are there: a new name or colour sums nothing again
_summed: WeakKeyDictionary[OpenedMap, WeakKeyDictionary[Selection, np.ndarray]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Measured:
    """Selections of one map.

    Attributes
    ----------
    opened : the map
    names, selections : of those that are there
    spectra : (n_selections, n_channels) summed counts, or summed intensities of element maps
    composition : of every selection; None where there is none
    why_not : why there is no composition
    """

    opened: OpenedMap
    names: tuple[str, ...]
    selections: tuple[Selection, ...]
    spectra: np.ndarray
    composition: Quantification | None
    why_not: str


def measured(opened: OpenedMap, recipe: PhasesRecipe, kept: Sequence[tuple[str, Selection]]) -> Measured:
    """Spectra and compositions of selections.

    Parameters
    ----------
    opened : the map on show
    recipe : how lines are measured and quantified
    kept : name and pixels of every selection; at least one
    """
    spectra = np.stack([_spectrum(opened, selection) for _, selection in kept])
    dataset = opened.maps if opened.image is None else opened.image
    found, why_not = None, ""
    try:
        found = composition.compositions(spectra, dataset, opened.maps.lines, recipe)
    except ValueError as error:
        why_not = str(error)
    names, selections = zip(*kept, strict=True)
    return Measured(opened, names, selections, spectra, found, why_not)


def _spectrum(opened: OpenedMap, selection: Selection) -> np.ndarray:
    of_map = _summed.setdefault(opened, WeakKeyDictionary())
    if selection not in of_map:
        of_map[selection] = sum_of(opened, selection)
    return of_map[selection]
