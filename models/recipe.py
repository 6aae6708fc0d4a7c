"""Recipes: every choice that makes a result, as a frozen object and as YAML.

The same recipe drives the page, ``batch.py``, a saved session and the methods text. A part of a recipe
belongs to one stage; a stage runs again only when its part, or one before it, has changed.
"""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from models import phase_edits
from models.composition_choices import ParticleChoices, QuantificationChoices

NormalisationStep = Literal["neighbour_mean", "zscore", "softmax"]
Covariance = Literal["full", "tied", "diag", "spherical"]
LatentMethod = Literal["autoencoder", "variational", "pca", "umap"]
ClusterMethod = Literal["gaussian", "bayesian", "kmeans", "birch", "hdbscan"]


@dataclass(frozen=True)
class LineMapChoices:
    """Which line maps are made, and from what.

    ``energy_offset_kev`` (centre of the first channel) and ``energy_scale_kev`` (per channel) correct the
    axis of the file, or stand in for one that it lacks; null keeps the file's. ``crop`` is a box
    [y0, y1, x0, x1] in pixels of the file, ends left out; empty keeps all. ``low_energy_kev`` cuts the
    noise peak of an X-ray detector, ``low_loss_ev`` the zero-loss peak of energy-loss spectra.

    ``lines`` empty: one line for each element of the metadata or, without metadata, suggested from the
    sum spectrum. ``exclude`` names elements left out on purpose (coating, substrate). ``background``:
    intensity of a line by a plain window (none), net of windows beside it (windows), or by a linear fit
    of all lines (fit). ``pca_components`` principal components of the maps are kept; 0 keeps all.
    """

    lines: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    energy_offset_kev: float | None = None
    energy_scale_kev: float | None = None
    crop: tuple[int, ...] = ()
    rebin: int = 1
    low_energy_kev: float = 0.1
    low_loss_ev: float = 5.0
    background: Literal["none", "windows", "fit"] = "windows"
    pca_components: int = 0
    normalisation: tuple[NormalisationStep, ...] = ("neighbour_mean", "zscore", "softmax")


@dataclass(frozen=True)
class AutoencoderChoices:
    """The network of Tung et al. (2023) and its training.

    ``output`` auto: softmax where the input is a simplex, else linear (a softmax decoder cannot
    reconstruct z-scores). An epoch is ``steps_per_epoch`` batches, whatever the size of the map. After
    ``patience`` epochs without a lower validation loss the learning rate falls to zero, which ends the
    training.
    """

    hidden: tuple[int, ...] = (512, 256, 128)
    n_latent: int = 2
    output: Literal["auto", "softmax", "linear"] = "auto"
    learning_rate: float = 2e-3
    weight_decay: float = 0.0
    batch_size: int = 64
    steps_per_epoch: int = 100
    max_epochs: int = 30
    patience: int = 6
    validation_fraction: float = 0.1
    seed: int = 4


@dataclass(frozen=True)
class LatentChoices:
    """The space in which pixels are compared; its dimension and seed are those of ``autoencoder``.

    ``method``: the autoencoder, a variational one of the same layers, principal components of the
    normalised maps (pca), or UMAP. ``kl_weight``: how strongly the variational one is drawn towards a
    standard normal distribution; 1 is the variational bound itself. UMAP is fitted to ``fitted_pixels``
    at most, drawn by the seed, with ``n_neighbours`` and ``least_distance`` (between points of its plane);
    all others are placed among them. ``model``: the id of a trained model that is applied in place of a
    training; empty trains.
    """

    method: LatentMethod = "autoencoder"
    kl_weight: float = 1.0
    n_neighbours: int = 15
    least_distance: float = 0.1
    fitted_pixels: int = 10_000
    model: str = ""


@dataclass(frozen=True)
class MixtureChoices:
    """Clusters of the latent space.

    ``n_phases`` 0 chooses the number automatically: of groups that stand apart (separation), or that of
    the least Bayesian information criterion (bic), which asks for as many as it is offered.

    ``method`` gaussian: a mixture of Gaussians of this ``covariance``; phases are merged from
    ``n_gaussians``, and with 0 every phase is one Gaussian, as published. bayesian: a variational mixture
    of full Gaussians that leaves those empty which it does not need; ``n_phases`` is the most that there
    may be. kmeans; birch, whose tree joins what lies within ``birch_radius`` (in standard deviations of
    the points). hdbscan finds the number itself, with pixels in no cluster: a cluster has at least
    ``least_share`` of all pixels, and density is measured by the distance that reaches ``density_share``
    of them.
    """

    n_phases: int = 0
    method: ClusterMethod = "gaussian"
    n_gaussians: int = 40
    number_by: Literal["separation", "bic"] = "separation"
    covariance: Covariance = "full"
    birch_radius: float = 0.1
    least_share: float = 0.01
    density_share: float = 0.001
    seed: int = 4


@dataclass(frozen=True)
class RefinementChoices:
    """Phases from the likelihood of all counts; ``n_phases`` 0 chooses the number automatically."""

    enabled: bool = True
    n_phases: int = 0
    seed: int = 4


@dataclass(frozen=True)
class UnmixingChoices:
    """End-members behind the spectra of the phases.

    ``method`` auto: with ``n_components`` 0 the pure spectra that the refinement found or that the data
    choose among the phases, else so many factors of non-negative matrix factorisation (NMF). nmf: factors
    always; ``n_components`` 0 then takes as many as there are phases, as published.

    ``phases``: numbers of the phases whose spectra are factorised, counted from 1 as on the page; empty
    takes all. ``energy_kev`` [low, high]: the channels that take part; empty takes all.
    ``normalisation`` of the spectra before NMF: each to equal area, to an equal maximum (as published), per
    pixel, or none. ``weighting`` noise: channels weighted for counting noise; none: all alike, as published.
    ``init``: how scikit-learn starts its factors.
    """

    enabled: bool = True
    method: Literal["auto", "nmf"] = "auto"
    n_components: int = 0
    phases: tuple[int, ...] = ()
    energy_kev: tuple[float, ...] = ()
    normalisation: Literal["area", "maximum", "pixel", "none"] = "area"
    weighting: Literal["noise", "none"] = "noise"
    init: Literal["nndsvda", "nndsvd", "nndsvdar", "random"] = "nndsvda"
    seed: int = 4


@dataclass(frozen=True)
class StabilityChoices:
    """Whether the phases are found again from resampled data, see ``models.stability``.

    ``n_runs``: how often; ``kept_counts``: the part of the counts that every run takes, drawn at random;
    ``most_pixels``: of a larger map, every run takes so many pixels, in tiles.
    """

    enabled: bool = False
    n_runs: int = 10
    kept_counts: float = 0.7
    most_pixels: int = 12_288
    seed: int = 4


@dataclass(frozen=True)
class MaskChoices:
    """A binary map of every phase: its pixels of at least this ``threshold`` of probability.

    Connected specks smaller than ``least_speck`` and holes smaller than ``least_hole`` are cleaned away,
    in pixels; 0 leaves them. ``enabled``: whether a run without a browser writes these maps.
    """

    enabled: bool = False
    threshold: float = 0.5
    least_speck: int = 0
    least_hole: int = 0


@dataclass(frozen=True)
class PhasesRecipe:
    """Every choice of a Phases run, from counts to end-members.

    ``edits`` are what a person changed of the phases found, in order, as commands: see
    ``models.phase_edits``. ``numbering``: the numbers of the phases found, from the largest to the
    smallest, that the commands mean; empty numbers them 1, 2, 3 ... in that order.
    """

    line_maps: LineMapChoices = field(default_factory=LineMapChoices)
    autoencoder: AutoencoderChoices = field(default_factory=AutoencoderChoices)
    latent: LatentChoices = field(default_factory=LatentChoices)
    mixture: MixtureChoices = field(default_factory=MixtureChoices)
    refinement: RefinementChoices = field(default_factory=RefinementChoices)
    unmixing: UnmixingChoices = field(default_factory=UnmixingChoices)
    stability: StabilityChoices = field(default_factory=StabilityChoices)
    masks: MaskChoices = field(default_factory=MaskChoices)
    particles: ParticleChoices = field(default_factory=ParticleChoices)
    quantification: QuantificationChoices = field(default_factory=QuantificationChoices)
    probability_threshold: float = 0.0
    numbering: tuple[int, ...] = ()
    edits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for edit in phase_edits.parse_all(self.edits):
            if isinstance(edit, phase_edits.Lock):  # what it is locked by has to be choices of a recipe
                with_settings(PhasesRecipe(), dict(edit.choices))
        if len(set(self.numbering)) < len(self.numbering) or min(self.numbering, default=1) < 1:
            raise ValueError(
                f"numbering is {list(self.numbering)}; it must be different numbers from 1, one per phase."
            )


def to_yaml(recipe: PhasesRecipe) -> str:
    """The recipe as YAML text, complete: every choice is written, defaults too."""
    return yaml.safe_dump(_plain(dataclasses.asdict(recipe)), sort_keys=False, allow_unicode=True)


def from_yaml(text: str) -> PhasesRecipe:
    """A recipe from YAML text; what it does not name keeps its default.

    Raises
    ------
    ValueError
        The text is no YAML mapping, a key is unknown (the message names the nearest), or a value has
        the wrong type.
    """
    try:
        loaded = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"The recipe is not valid YAML: {' '.join(str(error).split())}") from error
    return from_mapping({} if loaded is None else loaded)


def read_recipe(path: str | Path) -> PhasesRecipe:
    """A recipe from a YAML file; errors as for :func:`from_yaml`, with the file's name."""
    try:
        return from_yaml(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"The recipe {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"The recipe {path} is not a text file.") from error
    except ValueError as error:
        raise ValueError(f"{Path(path).name}: {error}") from error


def from_mapping(mapping: Any) -> PhasesRecipe:
    """A recipe from nested mappings; errors as for :func:`from_yaml`."""
    return _build(PhasesRecipe, mapping, "")


def with_settings(recipe: PhasesRecipe, settings: Mapping[str, str]) -> PhasesRecipe:
    """The recipe with some choices replaced, each by dotted name and YAML text of the value.

    Example: ``{"mixture.n_phases": "6", "line_maps.lines": "[Fe_Ka, Si_Ka]"}``.
    """
    mapping = dataclasses.asdict(recipe)
    for name, text in settings.items():
        *parents, last = name.split(".")
        target = mapping
        for depth, parent in enumerate(parents):
            if not isinstance(target.get(parent), dict):
                raise ValueError(_unknown(".".join(parents[: depth + 1]), _names(mapping)))
            target = target[parent]
        if last not in target:
            raise ValueError(_unknown(name, _names(mapping)))
        if isinstance(target[last], dict):
            raise ValueError(f"{name!r} is a group of choices; set one of {', '.join(target[last])}.")
        try:
            target[last] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ValueError(f"The value {text!r} of {name!r} is not valid YAML.") from error
    return from_mapping(mapping)


def _names(mapping: Mapping[str, Any], prefix: str = "") -> list[str]:
    names: list[str] = []
    for key, value in mapping.items():
        names += _names(value, f"{prefix}{key}.") if isinstance(value, dict) else [f"{prefix}{key}"]
    return names


def _unknown(name: str, known: list[str]) -> str:
    nearest = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(nearest)}?" if nearest else f"The choices are {', '.join(known)}."
    return f"The recipe has no choice {name!r}. {hint}"


def _build(kind: type, mapping: Any, prefix: str) -> Any:
    where = f"{prefix.rstrip('.')!r}" if prefix else "A recipe"
    if not isinstance(mapping, Mapping):
        raise ValueError(f"{where} must be a mapping of choices to values; found {mapping!r}.")
    hints = typing.get_type_hints(kind)
    values = {}
    for key, value in mapping.items():
        if key not in hints:
            raise ValueError(_unknown(f"{prefix}{key}", [f"{prefix}{name}" for name in hints]))
        values[key] = _checked(hints[key], value, f"{prefix}{key}")
    return kind(**values)


def _checked(hint: Any, value: Any, name: str) -> Any:
    """The value as the type that the field asks for, or a ValueError that says what was expected."""
    if dataclasses.is_dataclass(hint):
        return _build(hint, value, f"{name}.")
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        if value in arguments:
            return value
        raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(map(str, arguments))}.")
    if origin is tuple:
        if isinstance(value, str) or not isinstance(value, list | tuple):
            raise ValueError(f"{name} is {value!r}; it must be a list.")
        return tuple(_checked(arguments[0], item, f"{name}[{i}]") for i, item in enumerate(value))
    if origin in (typing.Union, types.UnionType):
        for option in arguments:
            try:
                return None if value is None and option is type(None) else _checked(option, value, name)
            except ValueError:
                continue
    elif hint is bool and isinstance(value, bool):
        return value
    elif hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    elif hint in (int, str) and isinstance(value, hint) and not isinstance(value, bool):
        return value
    expected = getattr(hint, "__name__", str(hint)).replace("str", "text")
    raise ValueError(f"{name} is {value!r}; it must be of type {expected}.")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
