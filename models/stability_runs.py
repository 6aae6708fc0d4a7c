"""Runs on resampled data: are the phases that are shown found again?

Phases refined on the counts are sought anew from the beginning, on a part of the counts drawn at random
(``resampling``), with another seed. Latent clusters are sought anew among the same latent points, each
weighted by a Poisson number of mean 1 (the bootstrap of the pixels), with another seed; the network is not
trained again and all counts are kept, so that theirs is the easier test.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np

from data.spectrum_image import SpectrumImage
from models import refinement, resampling
from models.live_phases import LivePhases, live_phases
from models.phases_result import PhasesResult
from models.recipe import PhasesRecipe, StabilityChoices
from models.refined_phases import Refinement
from models.stability import MOST_NUMBERS, Run, Stability, compared


@dataclass(frozen=True, eq=False)
class StabilityReport:
    """How far the test is; ``so_far`` holds the runs that are done, where a further one has ended."""

    fraction: float
    message: str
    so_far: Stability | None = None


def seek_again(
    result: PhasesResult, recipe: PhasesRecipe, shown: LivePhases, choices: StabilityChoices
) -> Generator[StabilityReport, None, Stability]:
    """Seek the phases again, several times, from resampled data.

    Parameters
    ----------
    result : of the run behind the phases shown
    recipe : number of phases, covariance and so on of the phases shown
    shown : the phases to test
    choices : how many runs, and how many pixels each holds

    Returns
    -------
    Stability

    Raises
    ------
    ValueError
        There is no phase to test.
    """
    present = int((shown.pixels > 0).sum())
    if present < 2:
        raise ValueError(
            "There are not two phases to tell apart, so there is nothing to test. Ask for more phases."
        )
    refined = shown.refined and isinstance(result.prepared, SpectrumImage)
    reference = _cuts_shown(result, recipe, refined)
    runs: list[Run] = []
    for number in range(choices.n_runs):
        seed = choices.seed + 1 + number
        if refined:
            work = _refined_run(result, recipe, shown, choices, seed)
        else:
            work = _latent_run(result, recipe, shown, seed)
        while True:
            try:
                fraction, message = next(work)
            except StopIteration as end:
                runs.append(end.value)
                break
            yield StabilityReport(
                (number + fraction) / choices.n_runs, f"Run {number + 1} of {choices.n_runs}: {message}"
            )
        so_far = compared(runs, shown, reference, _what(result, recipe, shown, choices, refined))
        yield StabilityReport((number + 1) / choices.n_runs, f"Run {number + 1} of {choices.n_runs}", so_far)
    return so_far


def _refined_run(
    result: PhasesResult, recipe: PhasesRecipe, shown: LivePhases, choices: StabilityChoices, seed: int
) -> Generator[tuple[float, str], None, Run]:
    yield 0.0, "drawing counts"
    label, prepared = shown.phase_map.label, result.prepared
    image, pixels = resampling.resampled(
        prepared, label, shown.n_phases, choices.most_pixels, choices.kept_counts, seed
    )
    for report in refinement.refine(image, replace(recipe.refinement, n_phases=0, seed=seed)):
        yield report.fraction, report.message
    found = report.refinement
    asked = min(recipe.refinement.n_phases, found.most_phases)
    phases = found.phases(asked or found.n_phases)
    cuts = _refined_cuts(found)
    return Run(pixels, phases.label.ravel(), phases.n_phases, cuts)


def _latent_run(
    result: PhasesResult, recipe: PhasesRecipe, shown: LivePhases, seed: int
) -> Generator[tuple[float, str], None, Run]:
    yield 0.0, "weighting pixels anew"
    random = np.random.default_rng(seed)
    # as many Poisson numbers of mean 1 as a cell has pixels add up to one of mean its weight; no cell may go
    weight = np.maximum(random.poisson(result.grid.weight), 1e-3)
    other = replace(result, grid=replace(result.grid, weight=weight, whole=None))
    changed = replace(
        recipe,
        mixture=replace(recipe.mixture, seed=seed),
        refinement=replace(recipe.refinement, enabled=False),
        probability_threshold=0.0,
        edits=(),
        numbering=(),
    )
    found = live_phases(other, changed)
    yield 0.5, "other numbers of phases"
    cuts = _latent_cuts(other, changed)
    return Run(np.arange(found.phase_map.label.size), found.phase_map.label.ravel(), found.n_phases, cuts)


def _latent_cuts(result: PhasesResult, recipe: PhasesRecipe) -> dict[int, np.ndarray]:
    """Labels at other numbers, where these are cuts of one tree: a fit for each would take too long."""
    if recipe.mixture.method != "gaussian" or not recipe.mixture.n_gaussians:
        return {}
    most = min(MOST_NUMBERS, result.grid.n_cells)
    return {
        k: live_phases(result, replace(recipe, mixture=replace(recipe.mixture, n_phases=k)))
        .phase_map.label.ravel()
        for k in range(2, most + 1)
    }  # fmt: skip


def _cuts_shown(result: PhasesResult, recipe: PhasesRecipe, refined: bool) -> dict[int, np.ndarray]:
    if refined:
        return _refined_cuts(result.refinement)
    off = replace(recipe.refinement, enabled=False)
    plain = replace(recipe, refinement=off, probability_threshold=0.0, edits=(), numbering=())
    return _latent_cuts(result, plain)


def _refined_cuts(found: Refinement) -> dict[int, np.ndarray]:
    """Labels of the pixels at every number of phases; -1 where a pixel is in no cell."""
    cell = found.cell.ravel()
    return {
        k: np.append(found.tree.cut(k), np.int16(-1))[cell]
        for k in range(2, min(MOST_NUMBERS, found.most_phases) + 1)
    }


def _what(
    result: PhasesResult, recipe: PhasesRecipe, shown: LivePhases, choices: StabilityChoices, refined: bool
) -> str:
    number = "the number of phases that you set" if not shown.why else "its own choice of their number"
    by_hand = " Phases that you merged or split are compared with phases as found." if recipe.edits else ""
    if not refined:
        return (
            "Every run weighted the pixels anew (bootstrap: a Poisson number of mean 1 for each) and found "
            f"the clusters from another seed, with {number}. The latent space stayed as it is: the network "
            "was not trained again, and all counts were kept, so this is the easier of the two tests."
            + by_hand
        )
    n_pixels = result.prepared.n_pixels
    pixels = (
        f"all {n_pixels:,} pixels"
        if n_pixels <= choices.most_pixels
        else f"about {choices.most_pixels:,} of the {n_pixels:,} pixels, in tiles drawn at random"
    )
    kept = f"{choices.kept_counts:.0%}"
    return (
        f"Every run took {pixels}, kept {kept} of their counts, drawn at random, and sought the phases from "
        f"the beginning with another seed and {number}. That is as if the map had been measured for {kept} "
        "of the time: what is stable here is more so with all counts, and a rare phase may need them all."
        + by_hand
    )
