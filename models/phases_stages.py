"""The stages of the Phases pipeline, each a function of the map and of what the stages before it found.

A stage is a generator: it yields how far it is and returns its findings, fields of a PhasesResult.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.elemental_maps import ElementalMaps
from data.spectrum_image import SpectrumImage
from models import clustering, refinement, training, unmixing
from models.latent_grid import LatentGrid
from models.normalisation import is_simplex, normalise
from models.phases_preparation import make_line_maps, prepare, require_distinct_pixels
from models.phases_result import PhasesResult
from models.recipe import PhasesRecipe
from models.trained_autoencoder import EpochReport, encode_blocks

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
    """

    name: str
    title: str
    weight: float
    after: tuple[str, ...]
    choices: Callable[[PhasesRecipe], Any]
    finds: tuple[str, ...]
    work: Callable[[Dataset, PhasesResult], Findings]
    is_wanted: Callable[[Dataset, PhasesRecipe], bool] = lambda dataset, recipe: True


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
    yield from ()
    recipe = result.recipe
    maps = make_line_maps(prepared, recipe.line_maps)
    require_distinct_pixels(maps, max(recipe.mixture.n_phases, recipe.refinement.n_phases, 2))
    return {"maps": maps}


def _train(prepared: Dataset, result: PhasesResult) -> Findings:
    maps, recipe = result.maps, result.recipe
    chain = recipe.line_maps.normalisation
    yield Progress(0.0, "Normalising the line maps")
    values = normalise(maps.intensity, chain, maps.valid).reshape(maps.n_pixels, -1)
    valid = None if maps.valid is None else maps.valid.ravel()
    reports = training.train(values, recipe.autoencoder, simplex=is_simplex(chain), valid=valid)
    trained = yield from _followed(reports, _epoch_progress)
    blocks = encode_blocks(trained, values, maps.shape, valid)
    latent = yield from _followed(
        blocks, lambda done: Progress(0.9 + 0.1 * done, "Placing all pixels in latent space")
    )
    return {"trained": trained, "latent": latent}


def _epoch_progress(report: EpochReport) -> Progress:
    message = f"Training the autoencoder: epoch {report.epoch + 1} of {report.n_epochs}"
    return Progress(0.9 * report.fraction, message, report)


def _followed(reports: Generator[Any, None, Any], progress: Callable[[Any], Progress]) -> Findings:
    """Every report of a generator as progress of the stage; what the generator returns."""
    with closing(reports):
        while True:
            try:
                report = next(reports)
            except StopIteration as end:
                return end.value
            yield progress(report)


def _latent_grid(prepared: Dataset, result: PhasesResult) -> Findings:
    yield from ()
    spectra = prepared.counts if isinstance(prepared, SpectrumImage) else result.maps.intensity
    return {"grid": LatentGrid.build(result.latent, spectra)}


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
    yield from ()
    phases = result.latent_phases if result.refinement is None else result.refinement.phases()
    assigned = phases.with_threshold(result.recipe.probability_threshold)
    if isinstance(prepared, SpectrumImage):
        spectra = prepared.sum_by_label(assigned.label, phases.n_phases)
    else:
        spectra = _sums_of_maps(result.maps, assigned.label, phases.n_phases)
    return {"phases": phases, "phase_spectra": spectra}


def _sums_of_maps(maps: ElementalMaps, label: np.ndarray, n_labels: int) -> np.ndarray:
    """Summed intensities of the pixels of every label, (n_labels, n_lines); label -1 belongs to none."""
    place = label.ravel().astype(np.intp) + 1
    # a line at a time: all maps at once in double precision would be the largest array of the run
    of_lines = [
        np.bincount(place, weights=maps.intensity[:, :, line].ravel(), minlength=n_labels + 1)[1:]
        for line in range(len(maps.lines))
    ]
    return np.stack(of_lines, axis=1)


def _unmixing(prepared: Dataset, result: PhasesResult) -> Findings:
    pixels = result.assigned.pixels()
    work = unmixing.unmix_phases(
        prepared, result.maps, result.refinement, result.phase_spectra, pixels, result.recipe.unmixing
    )
    unmixed = yield from _followed(work, lambda report: Progress(report.fraction, report.message))
    return {"unmixing": unmixed, "why": unmixed.why}


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
        "Training the autoencoder",
        45,
        ("line_maps",),
        lambda recipe: (recipe.line_maps.normalisation, recipe.autoencoder),
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
        lambda recipe: (recipe.refinement.enabled, recipe.probability_threshold),
        ("phases", "phase_spectra"),
        _phases,
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
)
