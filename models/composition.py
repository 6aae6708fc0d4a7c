"""Compositions of the phases of a map, and tables of them: what the page shows and batch.py writes."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from data.elemental_maps import ElementalMaps
from data.minerals import Mineral, library, own_mineral
from data.spectrum_image import SpectrumImage
from models import k_factors, net_intensities
from models.k_factors import KFactors
from models.mineral_match import MineralMatcher
from models.net_intensities import NetIntensities
from models.phase_map import PhaseMap
from models.phase_neighbours import main_neighbours
from models.quantification import Quantification, Shares, quantify
from models.recipe import PhasesRecipe
from models.recipe_limits import check_limits


def intensities_and_factors(
    spectra: np.ndarray, dataset: SpectrumImage | ElementalMaps, mapped: Sequence[str], recipe: PhasesRecipe
) -> tuple[NetIntensities, KFactors]:
    """Net intensities of the phases and the k-factors of their lines; errors as for both."""
    net = net_intensities.measure(spectra, dataset, mapped, recipe)
    return net, k_factors.k_factors(net.lines, recipe.quantification, dataset.beam_kev)


def compositions(
    spectra: np.ndarray, dataset: SpectrumImage | ElementalMaps, mapped: Sequence[str], recipe: PhasesRecipe
) -> Quantification:
    """Compositions of the phases of a map.

    Parameters
    ----------
    spectra : (n_phases, n_channels) summed counts, or (n_phases, n_maps) summed intensities of element maps
    dataset : the prepared map
    mapped : the lines of its maps

    Raises
    ------
    ValueError
        There are no X-ray lines to quantify, too few of them, or a k-factor cannot be used.
    """
    net, factors = intensities_and_factors(spectra, dataset, mapped, recipe)
    return quantify(net, factors, recipe.quantification)


def check_choice(recipe: PhasesRecipe, **choices: Any) -> None:
    """Say so where a choice of the quantification has a value that cannot be used; ValueError as in a run."""
    check_limits(replace(recipe, quantification=replace(recipe.quantification, **choices)))


def mineral_library(recipe: PhasesRecipe) -> tuple[Mineral, ...]:
    """The library, with the minerals that a person added; these replace others of the same name."""
    own = tuple(own_mineral(text) for text in recipe.quantification.minerals)
    names = {one.name for one in own}
    return own + tuple(one for one in library() if one.name not in names)


def matcher(net: NetIntensities, factors: KFactors, recipe: PhasesRecipe) -> MineralMatcher:
    """What compares phases of these intensities with the library."""
    return MineralMatcher(net.lines, net.elements, factors, net.counted, mineral_library(recipe))


def table(found: Quantification, names: Sequence[str]) -> dict[str, Any]:
    """Columns of a CSV of compositions: one row per phase.

    wt.%, at.% and oxides with one standard deviation of counting each, net counts of the lines with theirs,
    and why a phase has no composition.

    Parameters
    ----------
    names : of the phases
    """
    columns: dict[str, Any] = {"phase": list(names), "no_composition_because": list(found.masked)}
    for shares, unit in (
        (found.weight, "wt_percent"),
        (found.atomic, "at_percent"),
        (found.oxide, "oxides_wt_percent"),
    ):
        columns |= _percents(shares, unit, counted=found.net.counted)
    for i, line in enumerate(found.net.lines):
        columns[f"{line}_net_counts"] = found.net.counts[:, i]
        if found.net.counted:
            columns[f"{line}_net_counts_sigma"] = found.net.sigma[:, i]
    return columns


def nearest_minerals(
    found: Quantification, phases: PhaseMap, recipe: PhasesRecipe, net: NetIntensities
) -> dict[str, Any]:
    """Columns with the mineral that comes nearest to every phase, and its distance; empty where none can.

    Parameters
    ----------
    phases : where they are; a neighbour may lend some of its counts
    net : intensities of all measured lines, those that are left out of compositions too
    """
    compared = matcher(net, found.factors, recipe)
    neighbour = main_neighbours(phases.label, phases.n_phases)
    names, distances, admixtures = [], [], []
    for label, n_pixels in enumerate(phases.pixels()):
        best: tuple[Any, ...] = ()
        if n_pixels:
            with contextlib.suppress(ValueError):  # nothing stands out of the noise
                beside = net.counts[neighbour[label]] if neighbour[label] >= 0 else None
                best = compared.match(net.counts[label], net.sigma[label], 1, beside)
        names.append(best[0].name if best else "")
        distances.append(best[0].distance if best else float("nan"))
        admixtures.append(best[0].admixture if best else float("nan"))
    return {
        "nearest_mineral": names,
        "mineral_distance_sigma": distances,
        "mixed_in_from_neighbour": admixtures,
    }


def _percents(shares: Shares, unit: str, counted: bool) -> Mapping[str, np.ndarray]:
    columns = {}
    for i, name in enumerate(shares.names):
        columns[f"{name}_{unit}"] = 100.0 * shares.share[:, i]
        if counted:
            columns[f"{name}_{unit}_sigma"] = 100.0 * shares.sigma[:, i]
    return columns
