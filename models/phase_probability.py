"""How probable it is that each pixel belongs to one of the phases on show, edited or not."""

from __future__ import annotations

import numpy as np

from models import found_phases
from models.live_phases import LivePhases
from models.phases_result import PhasesResult
from models.recipe import PhasesRecipe

_WHOLLY = 0.99  # of the pixels of a phase as found that are of the phase on show


def probability_of(result: PhasesResult, recipe: PhasesRecipe, shown: LivePhases, phase: int) -> np.ndarray:
    """Probability that each pixel belongs to a phase, (n_y, n_x) float32; 0 where nothing was measured.

    In the pixels of the phase it is that of their label. Elsewhere it is what the model that found the phases
    says: of latent clusters the probability of the cluster, of refined phases the share of the counts that
    the phase explains, never more than the pixel's own phase leaves. A merged phase has that of its parts; a
    part of a phase that was split has none outside the other parts' share.

    Parameters
    ----------
    result, recipe : that the phases on show follow from
    shown : the phases on show
    phase : lasting number, one of ``shown.ids``

    Raises
    ------
    ValueError
        There is no such phase on show.
    """
    if phase not in shown.ids:
        raise ValueError(f"Phase {phase + 1} is not among those on show.")
    wanted, label = shown.ids.index(phase), shown.phase_map.label
    found = found_phases.find(result, recipe)
    own = shown.phase_map.probability
    inside = label == wanted
    at_most = np.where((label >= 0) & ~inside, 1 - own, np.float32(1))
    sources = _sources(found.phase_map.label, found.phase_map.n_phases, label, wanted)
    elsewhere = found.probability_of(sources) if sources else np.zeros(label.shape, np.float32)
    probability = np.where(inside, own, np.minimum(elsewhere, at_most))
    return np.clip(probability, 0, 1).astype(np.float32, copy=False)  # sums of shares round beyond


def _sources(found: np.ndarray, n_found: int, shown: np.ndarray, wanted: int) -> list[int]:
    """Phases as found whose pixels are of the wanted phase on show."""
    assigned = (shown >= 0) & (found >= 0)
    size = np.bincount(found[assigned], minlength=n_found)
    common = np.bincount(found[assigned & (shown == wanted)], minlength=n_found)
    return np.flatnonzero((common > 0) & (common >= _WHOLLY * size)).tolist()
