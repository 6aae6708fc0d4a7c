"""The stages of the Phases pipeline, each a function of the map and of what the stages before it found.

A stage is a generator: it yields how far it is and returns its findings, fields of a PhasesResult.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from data import block_cluster
from data.block_work import followed, retold
from data.elemental_maps import ElementalMaps
from data.spectrum_image import SpectrumImage
from models import clustering, phase_edits, placement, refinement, stability_runs, unmixing
from models.found_phases import sums
from models.latent_grid import LatentGrid
from models.live_phases import live_phases
from models.phases_preparation import make_line_maps, prepare, require_distinct_pixels
from models.phases_result import PhasesResult
from models.recipe import PhasesRecipe
from models.trained_autoencoder import EpochReport

Dataset = SpectrumImage | ElementalMaps


@dataclass(frozen=True)
class Progress:
    """How far a stage is: fraction 0 ... 1, a message, the epoch that is being trained."""

    fraction: float
    message: str
    epoch: EpochReport | None = None


Findings = Generator[Progress, None, dict[str, Any]]


@dataclass(frozen=True)
class Stage:
    """What a stage is called and finds, and all that its findings depend on.

    Attributes
    ----------
    name, title : for programs and for people
    weight : how long it takes beside the others, for the bar alone
    after : the stages whose findings it uses
    choices : its part of a recipe
    finds : names of the fields of a PhasesResult that it fills
    work : the stage itself
    is_wanted : whether this dataset and recipe ask for it
    may_find : further fields, that it fills only where the recipe asks for that
    """

    name: str
    title: str
    weight: float
    after: tuple[str, ...]
    choices: Callable[[PhasesRecipe], Any]
    finds: tuple[str, ...]
    work: Callable[[Dataset, PhasesResult], Findings]
    is_wanted: Callable[[Dataset, PhasesRecipe], bool] = lambda dataset, recipe: True
    may_find: tuple[str, ...] = ()


def _prepare(dataset: Dataset, result: PhasesResult) -> Findings:
    yield from ()
    prepared = prepare(dataset, result.recipe.line_maps)
    for wanted in (result.recipe.mixture.n_phases, result.recipe.refinement.n_phases):
        if wanted > prepared.n_pixels:
            raise ValueError(
                f"{wanted} phases were asked for, but the map has {prepared.n_pixels} pixels. Ask for fewer."
            )
    return {"prepared": prepared}


def _line_maps(prepared: Dataset, result: PhasesResult) -> Findings:
    recipe = result.recipe
    said = "Making line maps"
    maps = yield from _through(prepared, partial(make_line_maps, prepared, recipe.line_maps), said, 4)
    require_distinct_pixels(maps, max(recipe.mixture.n_phases, recipe.refinement.n_phases, 2))
    return {"maps": maps}


def _through(prepared: Dataset, work: Callable[[], Any], message: str, passes: int) -> Findings:
    """What some work finds that goes through all counts; where they lie in blocks, it reports on the way."""
    steps = followed(work, passes, _in_blocks(prepared))
    return (yield from retold(steps, lambda share: Progress(share, message)))


def _in_blocks(prepared: Dataset) -> bool:
    return isinstance(prepared, SpectrumImage) and prepared.in_blocks


def _train(prepared: Dataset, result: PhasesResult) -> Findings:
    wanted, model = result.recipe.latent.model, result.model
    if wanted and (model is None or model.id != wanted):
        raise ValueError(
            f"This recipe applies the trained model {wanted}, which is not open here. Open its file (under "
            "Latent space, or with --model), or clear latent.model to train on this map."
        )
    if wanted:
        work = placement.apply(model, result.maps, result.recipe)
    else:
        work = placement.learn(result.maps, result.recipe)
    trained, latent = yield from retold(
        work, lambda report: Progress(report.fraction, report.message, report.epoch)
    )
    return {"trained": trained, "latent": latent}


def _latent_grid(prepared: Dataset, result: PhasesResult) -> Findings:
    maps = result.maps
    if isinstance(prepared, SpectrumImage):
        spectra, counted = prepared.counts, prepared.counts_are_events
    else:
        spectra, counted = maps.intensity, maps.axis is None
    features = None if counted else maps.intensity
    build = partial(LatentGrid.build, result.latent, spectra, features=features)
    return {"grid": (yield from _through(prepared, build, "Binning the latent space", 1))}


def _mixture(prepared: Dataset, result: PhasesResult) -> Findings:
    choices = result.recipe.mixture
    number = "" if choices.n_phases == 0 else f" {choices.n_phases}"
    yield Progress(0.0, f"Finding{number} clusters in latent space: {clustering.METHODS[choices.method]}")
    fitted, why = clustering.cluster(result.grid, choices)
    return {"mixture": fitted, "latent_phases": fitted.phase_map(result.grid), "why": why or None}


def _refinement(prepared: Dataset, result: PhasesResult) -> Findings:
    choices = result.recipe.refinement
    for report in refinement.refine(prepared, choices):
        yield Progress(report.fraction, report.message)
    refined = report.refinement
    return {"refinement": refined, "why": refined.why if choices.n_phases == 0 else None}


def _phases(prepared: Dataset, result: PhasesResult) -> Findings:
    phases = result.latent_phases if result.refinement is None else result.refinement.phases()
    said = "Summing the spectra of the phases"
    if _edits(result.recipe):
        edit = partial(live_phases, replace(result, phases=phases), result.recipe)
        edited = yield from _through(prepared, edit, said, 1)
        why = " ".join(edited.notes) or None
        return {"phases": phases, "phase_spectra": edited.spectra, "edited": edited, "why": why}
    assigned = phases.with_threshold(result.recipe.probability_threshold)
    spectra = yield from _through(prepared, partial(sums, result, assigned), said, 1)
    why = block_cluster.remark() if _in_blocks(prepared) else ""
    return {"phases": phases, "phase_spectra": spectra, "why": why or None}


def _edits(recipe: PhasesRecipe) -> tuple[Any, ...]:
    """What of a recipe's edits changes the map, and the numbers that they mean."""
    edits = phase_edits.of_the_map(phase_edits.parse_all(recipe.edits))
    return (edits, recipe.numbering) if edits else ()


def _unmixing(prepared: Dataset, result: PhasesResult) -> Findings:
    recipe = result.recipe
    work = unmixing.unmix_phases(
        prepared,
        result.maps,
        result.refinement,
        result.phase_spectra,
        result.assigned.pixels(),
        _numbers(result),
        recipe.unmixing,
    )
    unmixed = yield from retold(work, lambda report: Progress(report.fraction, report.message))
    return {"unmixing": unmixed, "why": unmixed.why}


def _numbers(result: PhasesResult) -> list[int]:
    """What the phases are called, counted from 1, in the order of their labels: as ``live_phases`` does."""
    if result.edited is not None:
        return [phase + 1 for phase in result.edited.ids]
    largest_first = np.argsort(-result.phases.pixels(), kind="stable")
    given = result.recipe.numbering
    free = (number for number in range(1, len(largest_first) + len(given) + 1) if number not in given)
    numbers = [*given, *free]
    return [numbers[place] for place in np.argsort(largest_first, kind="stable")]


def _stability(prepared: Dataset, result: PhasesResult) -> Findings:
    recipe = result.recipe
    work = stability_runs.seek_again(result, recipe, live_phases(result, recipe), recipe.stability)
    found = yield from retold(work, lambda report: Progress(report.fraction, report.message))
    return {"stability": found}


def _refines(dataset: Dataset, recipe: PhasesRecipe) -> bool:
    return recipe.refinement.enabled and isinstance(dataset, SpectrumImage) and dataset.counts_are_events


def _spectra_choices(recipe: PhasesRecipe) -> tuple[Any, ...]:
    chosen = recipe.line_maps
    axis = chosen.energy_offset_kev, chosen.energy_scale_kev
    return (*axis, chosen.crop, chosen.rebin, chosen.low_energy_kev, chosen.low_loss_ev)


def _line_choices(recipe: PhasesRecipe) -> tuple[Any, ...]:
    chosen = recipe.line_maps
    return (chosen.lines, chosen.exclude, chosen.background, chosen.pca_components)


STAGES = (
    Stage(
        "prepare",
        "Cutting and rebinning the map",
        2,
        (),
        _spectra_choices,
        ("prepared",),
        _prepare,
    ),
    Stage(
        "line_maps",
        "Making line maps",
        3,
        ("prepare",),
        _line_choices,
        ("maps",),
        _line_maps,
    ),
    Stage(
        "train",
        "Making the latent space",
        45,
        ("line_maps",),
        placement.space_choices,
        ("trained", "latent"),
        _train,
    ),
    Stage(
        "latent_grid", "Binning the latent space", 4, ("train",), lambda recipe: (), ("grid",), _latent_grid
    ),
    Stage(
        "mixture",
        "Finding clusters in latent space",
        4,
        ("latent_grid",),
        lambda recipe: recipe.mixture,
        ("mixture", "latent_phases"),
        _mixture,
    ),
    Stage(
        "refinement",
        "Refining the phases on all counts",
        35,
        ("prepare",),
        lambda recipe: recipe.refinement,
        ("refinement",),
        _refinement,
        _refines,
    ),
    Stage(
        "phases",
        "Summing the spectra of the phases",
        2,
        ("mixture", "refinement"),
        lambda recipe: (recipe.refinement.enabled, recipe.probability_threshold, _edits(recipe)),
        ("phases", "phase_spectra"),
        _phases,
        may_find=("edited",),
    ),
    Stage(
        "unmixing",
        "Unmixing the spectra of the phases",
        5,
        ("phases",),
        lambda recipe: recipe.unmixing,
        ("unmixing",),
        _unmixing,
        lambda dataset, recipe: recipe.unmixing.enabled,
    ),
    Stage(
        "stability",
        "Are the phases found again",
        60,
        ("phases",),
        lambda recipe: (recipe.stability, recipe.edits, recipe.numbering),
        ("stability",),
        _stability,
        lambda dataset, recipe: recipe.stability.enabled,
    ),
)
