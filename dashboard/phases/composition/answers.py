"""What the tab "Composition" computes in threads: plain values in, plain values out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dashboard.density_levels import density_palette
from dashboard.latent_bins import LatentBins
from dashboard.phases.opened import OpenedMap
from dashboard.viewport import Extent, Viewport
from models import composition
from models.k_factors import KFactors
from models.live_phases import LivePhases
from models.mineral_candidate import Candidate
from models.mineral_match import MineralMatcher
from models.net_intensities import NetIntensities
from models.phase_neighbours import main_neighbours
from models.quantification import Quantification, quantify
from models.recipe import PhasesRecipe
from models.ternary import Quantity, phase_means, scales, to_plane, triples


@dataclass(frozen=True, eq=False)
class Composed:
    """Compositions of the phases on show.

    Attributes
    ----------
    shown, opened, recipe : what they are of
    net, factors : intensities of the phases and k-factors of their lines
    found : the compositions, or None
    problem : why there are none, in a sentence; empty where there are
    """

    shown: LivePhases
    opened: OpenedMap
    recipe: PhasesRecipe
    net: NetIntensities
    factors: KFactors
    found: Quantification | None
    problem: str

    @property
    def compared_with(self) -> tuple:
        """What the comparison with minerals depends on besides the counts."""
        choices = self.recipe.quantification
        values = tuple(sorted(self.factors.values.items()))
        return (self.net.lines, values, self.factors.bulk, self.factors.detector, choices.minerals)


def compose(opened: OpenedMap, shown: LivePhases, recipe: PhasesRecipe) -> Composed:
    """Compositions of the phases on show.

    Raises
    ------
    ValueError
        There is nothing to quantify; too few lines for a composition are a problem of the answer instead,
        so that k-factors can still be seen and changed.
    """
    dataset = opened.image if opened.image is not None else opened.maps
    expected = opened.image.energy.n_channels if opened.image is not None else len(opened.maps.lines)
    if shown.spectra.shape[1] != expected or shown.phase_map.shape != opened.maps.shape:
        raise ValueError(
            "The lines or the energies were changed since: find the phases again to quantify them."
        )
    net, factors = composition.intensities_and_factors(shown.spectra, dataset, opened.maps.lines, recipe)
    try:
        found, problem = quantify(net, factors, recipe.quantification), ""
    except ValueError as error:
        found, problem = None, str(error)
    return Composed(shown, opened, recipe, net, factors, found, problem)


@dataclass(frozen=True, eq=False)
class Matched:
    """Candidates for one phase, by lasting number, and why there are none; ``beside``: its neighbour."""

    of: Composed
    matcher: MineralMatcher
    compared_with: tuple
    phase: int
    candidates: tuple[Candidate, ...]
    problem: str
    beside: int | None


def match(composed: Composed, phase: int, before: Matched | None) -> Matched:
    """Compare one phase with the library; the library's counts are taken over where nothing changed."""
    if before is not None and before.compared_with == composed.compared_with:
        found = before.matcher
    else:
        found = composition.matcher(composed.net, composed.factors, composed.recipe)
    label = composed.shown.ids.index(phase)
    candidates: tuple[Candidate, ...] = ()
    problem = ""
    other = main_neighbours(composed.shown.phase_map.label, composed.shown.n_phases)[label]
    neighbour = None if other < 0 else composed.net.counts[other]
    if composed.shown.pixels[label] == 0:
        problem = "This phase has no pixel."
    else:
        try:
            candidates = found.match(
                composed.net.counts[label], composed.net.sigma[label], neighbour=neighbour
            )
        except ValueError as error:
            problem = str(error)
    beside = None if other < 0 else composed.shown.ids[other]
    return Matched(composed, found, composed.compared_with, phase, candidates, problem, beside)


@dataclass(frozen=True, eq=False)
class TernaryChoices:
    """What a triangle shows: lines of the left, right and top corner, quantity, which phase (None: all)."""

    lines: tuple[str, str, str]
    quantity: Quantity
    normalised: bool
    phase: int | None
    least_counts: float
    colours: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Ternary:
    """A triangle, ready to draw.

    Attributes
    ----------
    index, extent, palette : the density image and its colours
    points : (n_pixels, 2) float32, places of the pixels; NaN where a pixel is left out
    means : (n_phases, 2) float32, places of the means; NaN for phases without any
    n_shown, n_left_out : pixels in the triangle, and of the chosen phases those left out
    lines : of the corners
    """

    index: np.ndarray
    extent: Extent
    palette: tuple[str, ...]
    points: np.ndarray
    means: np.ndarray
    n_shown: int
    n_left_out: int
    lines: tuple[str, str, str]


def ternary(composed: Composed, choices: TernaryChoices, viewport: Viewport) -> Ternary:
    """The pixels of one phase or of all in a triangle; errors as for :func:`models.ternary.triples`."""
    shown, maps = composed.shown, composed.opened.maps
    label = shown.phase_map.label
    per_count = None
    if composed.found is not None and choices.quantity != "counts":
        per_count = _mass_per_count(composed, choices.lines)
    values = triples(maps, choices.lines, label, choices.quantity, per_count, choices.least_counts)
    means = phase_means(values, label, shown.n_phases)
    scale = scales(values) if choices.normalised else np.ones(3)
    flat = label.ravel()
    wanted = flat >= 0
    if choices.phase is not None:
        wanted = flat == shown.ids.index(choices.phase)
        means[np.arange(shown.n_phases) != shown.ids.index(choices.phase)] = np.nan
    values[~wanted] = np.nan
    points = to_plane(values / scale)
    bins = LatentBins.build(points, viewport)
    density = bins.dominant(label, shown.n_phases)
    n_shown = int(np.count_nonzero(np.isfinite(points[:, 0])))
    return Ternary(
        index=density.index,
        extent=density.extent,
        palette=tuple(density_palette(choices.colours)),
        points=points,
        means=to_plane(means / scale),
        n_shown=n_shown,
        n_left_out=int(np.count_nonzero(wanted)) - n_shown,
        lines=choices.lines,
    )


def _mass_per_count(composed: Composed, lines: tuple[str, str, str]) -> np.ndarray:
    """k-factors of three lines in every phase, (n_phases, 3); with the matrix of the phase where known."""
    found, factors = composed.found, composed.factors
    columns = []
    for name in lines:
        # a folder of element maps names bare elements
        known = found.net.lines if "_" in name else found.net.elements
        if name in known:
            columns.append(found.mass_per_count[:, known.index(name)])
        elif name in factors.values:
            columns.append(np.full(len(found.mass_per_count), factors.values[name]))
        else:
            raise ValueError(f"{name} has no k-factor here; show counts, or choose another line.")
    return np.stack(columns, axis=1)
