"""What the latent space of a run is marked with: names of its axes, and ellipses of its phases."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dashboard import theme
from models import clustering
from models.latent_ellipses import Spread, spread_of_labels
from models.live_phases import LivePhases
from models.phases_result import PhasesResult
from models.principal_components import FittedComponents
from models.recipe import MixtureChoices
from models.umap_embedding import FittedEmbedding


def axis_labels(result: PhasesResult) -> tuple[str, str]:
    """What the first two axes of the latent space of a run are called."""
    trained = result.trained
    if isinstance(trained, FittedComponents):
        shares = [
            f"Component {i + 1} ({100 * share:.3g} %)" for i, share in enumerate(trained.variance_share)
        ]
        return (shares[0], shares[1] if len(shares) > 1 else "")
    name = "UMAP" if isinstance(trained, FittedEmbedding) else "Latent"
    return f"{name} 1", f"{name} 2" if result.latent.n_latent > 1 else ""


def label_at(points: np.ndarray, result: PhasesResult, shown: LivePhases) -> np.ndarray:
    """Label on show at latent points (n, n_latent): that of a pixel of the nearest cell, (n,) integers."""
    grid = result.grid
    occupied = np.flatnonzero(grid.weight)
    apart = np.square(points[:, None] - grid.centre[occupied]).sum(axis=2)
    cell = occupied[apart.argmin(axis=1)]
    pixel = np.zeros(grid.n_cells + 1, np.intp)
    pixel[grid.cell_of_pixel] = np.arange(grid.cell_of_pixel.size)  # of the pixels of a cell, one
    return shown.phase_map.label.ravel()[pixel[cell]]


def ellipses(
    kind: str,
    result: PhasesResult,
    choices: MixtureChoices,
    shown: LivePhases,
    colours: Sequence[str],
    hidden: frozenset[int],
) -> tuple[Spread | None, list[str]]:
    """Ellipses of the phases on show or of the Gaussians behind the clusters, and their colours.

    Gaussians have the colour of the phase on show at their centre. Hidden phases have none.
    """
    visible = np.array([phase not in hidden for phase in shown.ids], bool)
    if kind == "Phases":
        spread = spread_of_labels(result.latent.coordinates, shown.phase_map.label, shown.n_phases)
        kept = np.flatnonzero(visible)
        return Spread(spread.mean[kept], spread.covariance[kept]), [colours[k] for k in kept]
    found = clustering.gaussians_of(result.grid.basis, choices, max(1, shown.n_asked))
    if found is None:
        return None, []
    label = label_at(found.mean, result, shown)
    kept = np.flatnonzero((label < 0) | visible[label])
    spread = Spread(found.mean[kept, :2], found.covariance[kept, :2, :2])
    return spread, [theme.UNASSIGNED if label[k] < 0 else colours[label[k]] for k in kept]
