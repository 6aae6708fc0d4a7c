"""Net intensities of X-ray lines in summed spectra, with their counting errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data import xray_lines
from data.elemental_maps import ElementalMaps
from data.spectrum_image import SpectrumImage
from models import line_fit
from models.k_factors import ASSUMED_BEAM_KEV
from models.recipe import PhasesRecipe


@dataclass(frozen=True, eq=False)
class NetIntensities:
    """Net intensities of one line for each element.

    Attributes
    ----------
    lines, elements : ("Fe_Ka", ...) and ("Fe", ...)
    counts : (n_spectra, n_lines) float64, above background; may be negative where nothing is there
    sigma : (n_spectra, n_lines) float64, standard deviation from counting; 0 where the maps hold no counts
    counted : whether the intensities are counts, so that sigma means something
    notes : sentences on lines that were left out
    """

    lines: tuple[str, ...]
    elements: tuple[str, ...]
    counts: np.ndarray
    sigma: np.ndarray
    counted: bool
    notes: tuple[str, ...] = ()


def quantified_lines(
    mapped: Sequence[str], recipe: PhasesRecipe, beam_kev: float | None
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Which mapped lines a composition is made of: one for each element.

    Returns
    -------
    X-ray lines ("Fe_Ka"), the maps behind them (in a folder of element maps "Fe"), sentences on the others

    Raises
    ------
    ValueError
        The recipe asks for a line that is not mapped, or no line is left.
    """
    wanted = recipe.quantification.lines
    by_line = {_line_of(name, beam_kev): name for name in mapped if _line_of(name, beam_kev)}
    unknown = [name for name in wanted if name not in by_line and name not in mapped]
    if unknown:
        raise ValueError(
            f"There is no map of {', '.join(unknown)} to quantify; there are maps of {', '.join(mapped)}. "
            "Add the line to the lines of the map first."
        )
    chosen: dict[str, str] = {}
    notes = []
    for name, of_map in by_line.items():
        if wanted and name not in wanted and of_map not in wanted:
            continue
        element = name.partition("_")[0]
        if element in chosen:
            notes.append(f"{element} is quantified by {chosen[element]}, not by {name} as well.")
        else:
            chosen[element] = name
    if not chosen:
        raise ValueError("No X-ray line is mapped that could be quantified. Choose lines of elements first.")
    return tuple(chosen.values()), tuple(by_line[name] for name in chosen.values()), tuple(notes)


def measure(
    spectra: np.ndarray, dataset: SpectrumImage | ElementalMaps, mapped: Sequence[str], recipe: PhasesRecipe
) -> NetIntensities:
    """Net intensities of summed spectra.

    Parameters
    ----------
    spectra : (n_spectra, n_channels) summed counts, or (n_spectra, n_maps) summed intensities of element maps
    dataset : the prepared map that they were summed from
    mapped : the lines of its maps, for element maps in the order of the columns

    Raises
    ------
    ValueError
        The energies are no X-ray energies, or as for :func:`quantified_lines`.
    """
    lines, of_maps, notes = quantified_lines(mapped, recipe, dataset.beam_kev)
    elements = tuple(name.partition("_")[0] for name in lines)
    spectra = np.asarray(spectra, np.float64)
    if isinstance(dataset, SpectrumImage):
        weights = _weights(dataset, lines, recipe)
        # every channel scatters by the root of its counts; a net intensity is a weighted sum of channels
        sigma = np.sqrt(spectra @ weights**2)
        return NetIntensities(lines, elements, spectra @ weights, sigma, True, notes)
    columns = [list(mapped).index(name) for name in of_maps]
    counts = spectra[:, columns]
    return NetIntensities(lines, elements, counts, np.zeros_like(counts), False, notes)


def _weights(image: SpectrumImage, lines: tuple[str, ...], recipe: PhasesRecipe) -> np.ndarray:
    if not image.energy.has_xray_lines:
        raise ValueError(
            "These spectra have no calibrated X-ray energies, so there are no lines to quantify."
        )
    method = "fit" if recipe.quantification.intensity == "fit" else recipe.line_maps.background
    return line_fit.line_weights(image, lines, method)


def _line_of(name: str, beam_kev: float | None) -> str | None:
    """The X-ray line that a map shows: its name, or the usual line of a bare element; None: it is neither."""
    element, underscore, _ = name.partition("_")
    try:
        if underscore:
            return xray_lines.line(name).name
        return xray_lines.best_line(element, beam_kev or ASSUMED_BEAM_KEV, 0.1, 40.0).name
    except ValueError:
        return None
