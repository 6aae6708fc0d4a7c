"""Latent clusters and refined phases of one map, compared: plain functions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dashboard.phases.state import PhasesState
from models import agreement
from models.live_phases import LivePhases, live_phases
from models.phases_result import PhasesResult
from models.recipe import PhasesRecipe


@dataclass(frozen=True, eq=False)
class Agreement:
    """Refined phases and latent clusters of the same pixels.

    Attributes
    ----------
    refined, latent : the phases of both kinds
    table : (n_refined, n_latent) pixels with every pair
    partner : (n_refined,) the cluster that stands for every phase; -1: none
    rand : adjusted Rand index
    differs : (n_y, n_x) bool, where a pixel's cluster is not the one that stands for its phase
    """

    refined: LivePhases
    latent: LivePhases
    table: np.ndarray
    partner: np.ndarray
    rand: float
    differs: np.ndarray


def missing(result: PhasesResult | None) -> str:
    """Why there are not two answers to compare; empty where there are."""
    if result is None or result.prepared is None:
        return "Find phases first."
    if not result.has_spectra:
        return (
            "Element maps hold no counts, so that phases cannot be refined on them: there is one answer, "
            "the clusters of the latent space, and nothing to compare it with."
        )
    if result.refinement is None:
        return (
            "This run found latent clusters alone. Choose Refined on counts and press Find phases to compare."
        )
    if result.grid is None:
        return "This run made no latent clusters to compare with."
    return ""


def compare(
    result: PhasesResult, recipe: PhasesRecipe, shown: LivePhases | None, same_number: bool
) -> Agreement:
    """Compare the two ways to phases.

    Parameters
    ----------
    result : of a run with both
    recipe : of the phases on show
    shown : the refined phases on show; None where these are latent clusters
    same_number : ask for as many clusters as there are phases; else for their own number
    """
    plain = replace(recipe, probability_threshold=0.0, edits=(), numbering=())
    if shown is None:
        on = replace(recipe.refinement, enabled=True)
        shown = live_phases(result, replace(plain, refinement=on))
    off = replace(plain, refinement=replace(recipe.refinement, enabled=False))
    if same_number:
        off = replace(off, mixture=replace(off.mixture, n_phases=max(1, int((shown.pixels > 0).sum()))))
    latent = live_phases(result, off)
    one, other = shown.phase_map.label, latent.phase_map.label
    table = agreement.contingency(one, other, shown.n_phases, latent.n_phases)
    partner = agreement.one_to_one(table)
    differs = agreement.disagreement(one, other, partner)
    return Agreement(shown, latent, table, partner, agreement.adjusted_rand(table), differs)


def cells_of(state: PhasesState, found: Agreement) -> tuple[list[str], list[str], dict[str, list[Any]]]:
    """The table as it is drawn: phases largest first, clusters so that partners stand on the diagonal.

    Returns
    -------
    names of the phases and of the clusters, and columns of the cells: phase, cluster, share (% of the phase),
    pixels, text, colour (of the text)
    """
    order = [int(p) for p in np.argsort(-found.refined.pixels, kind="stable") if found.refined.pixels[p]]
    partners = [int(found.partner[phase]) for phase in order if found.partner[phase] >= 0]
    rest = [int(c) for c in np.argsort(-found.table.sum(axis=0), kind="stable") if c not in partners]
    columns = [*partners, *(cluster for cluster in rest if found.table[:, cluster].any())]
    names = {phase: state.name_of(found.refined.ids[phase]) for phase in order}
    seen: set[str] = set()
    for phase in order:
        # a table has one row for each name
        if names[phase] in seen:
            names[phase] = f"{names[phase]} ({found.refined.ids[phase] + 1})"
        seen.add(names[phase])
    clusters = {cluster: f"Cluster {found.latent.ids[cluster] + 1}" for cluster in columns}
    cells: dict[str, list[Any]] = {
        name: [] for name in ("phase", "cluster", "share", "pixels", "text", "colour")
    }
    for phase in order:
        total = max(int(found.table[phase].sum()), 1)
        for cluster in columns:
            pixels = int(found.table[phase, cluster])
            share = 100 * pixels / total
            text = "" if not pixels else f"{share:.0f}" if share >= 0.95 else "<1"
            colour = "#101418" if share > 55 else "#f0f3f5"
            for name, value in zip(
                cells, (names[phase], clusters[cluster], share, pixels, text, colour), strict=True
            ):
                cells[name].append(value)
    return [names[phase] for phase in order], [clusters[cluster] for cluster in columns], cells
