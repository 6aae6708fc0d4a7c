"""Results of Phases runs on disk, so that nobody waits twice for the same: not after a restart either."""

from __future__ import annotations

import hashlib
import logging
import threading
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from dashboard import left_files
from data.elemental_maps import ElementalMaps
from data.spectrum_image import SpectrumImage
from models import archive
from models.phases_preparation import make_line_maps, prepare
from models.phases_result import PhasesResult
from models.recipe import PhasesRecipe, StabilityChoices, to_yaml

log = logging.getLogger(__name__)

_CODE = Path(__file__).resolve().parents[1]
_MOST_FILES = 40
#: a latent space that was made in less is made again
_WORTH_KEEPING_S = 2.0

Dataset = SpectrumImage | ElementalMaps


class ResultCache:
    """Finished results, and latent spaces, by dataset, recipe and the code that made them.

    A latent space takes the longest to make. It is kept as soon as there is one: a run that the end of the
    server interrupts goes on from there, and so does one that asks for other clusters in the same space. What
    can be made again in a moment from the dataset (the prepared map and its line maps) is not kept. A file
    that cannot be read or written is no harm: the result is computed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "results"
        self._saving = threading.Lock()  # runs of several recipes make the same space

    def has(self, dataset: Dataset, recipe: PhasesRecipe) -> bool:
        """Is there a file of this result? It is looked into only when it is loaded."""
        return self._path(dataset.dataset_id, recipe).exists()

    def load(self, dataset: Dataset, recipe: PhasesRecipe) -> PhasesResult | None:
        """The result of this recipe on this dataset, or None where there is none yet."""
        found = _read(self._path(dataset.dataset_id, recipe))
        return None if found is None else _with_maps(found, dataset)

    def save(self, result: PhasesResult) -> None:
        """Keep a finished result; the longest unused ones go."""
        self._save(result, self._path(result.dataset_id, result.recipe), "[0-9a-f]*.npz")

    def sweep(self) -> int:
        """Delete what writes that never came to their end have left; returns how many files."""
        return left_files.sweep(self._folder)

    def begun(
        self, dataset: Dataset, recipe: PhasesRecipe, previous: PhasesResult | None
    ) -> PhasesResult | None:
        """What a run of this recipe can go on from: an earlier result, or a latent space that was kept."""
        if previous is not None and previous.dataset_id != dataset.dataset_id:
            previous = None
        has_space = previous is not None and previous.latent is not None
        if has_space and _of_space(previous.recipe) == _of_space(recipe):
            return previous
        space = _read(self._space_path(dataset.dataset_id, recipe))
        if space is None:
            return previous
        if previous is None or previous.recipe.line_maps != recipe.line_maps:
            return _with_maps(space, dataset)
        # the counts are refined without the latent space: neither need be done again
        return replace(
            space,
            recipe=replace(space.recipe, refinement=previous.recipe.refinement),
            prepared=previous.prepared,
            maps=previous.maps,
            refinement=previous.refinement,
            why={stage: why for stage, why in previous.why.items() if stage == "refinement"},
        )

    def save_space(self, result: PhasesResult) -> None:
        """Keep the latent space of a run that goes on, where it took long; the longest unused ones go."""
        if result.recipe.latent.model or result.seconds.get("train", 0.0) < _WORTH_KEEPING_S:
            return
        space = PhasesResult(result.recipe, result.dataset_id, trained=result.trained, latent=result.latent)
        self._save(space, self._space_path(result.dataset_id, result.recipe), "space-*.npz")

    def _save(self, result: PhasesResult, path: Path, kind: str) -> None:
        try:
            with self._saving:
                archive.save(replace(result, prepared=None, maps=None), path)
            files = sorted(self._folder.glob(kind), key=lambda file: file.stat().st_mtime)
            for old in files[:-_MOST_FILES]:
                old.unlink(missing_ok=True)
        except OSError as error:
            log.warning("result not kept: %s", error)

    def _path(self, dataset_id: str, recipe: PhasesRecipe) -> Path:
        return self._folder / f"{_key(dataset_id, recipe)}.npz"

    def _space_path(self, dataset_id: str, recipe: PhasesRecipe) -> Path:
        return self._folder / f"space-{_key(dataset_id, _of_space(recipe))}.npz"


def _read(path: Path) -> PhasesResult | None:
    try:
        if not path.exists():
            return None
        found: PhasesResult = archive.load(path)
        path.touch()
    except (OSError, ValueError) as error:
        log.warning("kept result not used: %s", error)
        return None
    return found


def _with_maps(found: PhasesResult, dataset: Dataset) -> PhasesResult:
    prepared = prepare(dataset, found.recipe.line_maps)
    return replace(found, prepared=prepared, maps=make_line_maps(prepared, found.recipe.line_maps))


def _of_space(recipe: PhasesRecipe) -> PhasesRecipe:
    """A recipe with only what its latent space depends on."""
    return replace(
        PhasesRecipe(), line_maps=recipe.line_maps, latent=recipe.latent, autoencoder=recipe.autoencoder
    )


def _key(dataset_id: str, recipe: PhasesRecipe) -> str:
    if not recipe.stability.enabled:
        # how often phases would be sought again, should somebody ask for it, is no part of what was found
        recipe = replace(recipe, stability=StabilityChoices())
    text = f"{_code_version()}\n{dataset_id}\n{to_yaml(recipe)}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@lru_cache(maxsize=1)
def _code_version() -> str:
    """Hash of everything that decides a result: another version of the code makes its own."""
    digest = hashlib.sha256()
    for folder in ("data", "models"):
        for file in sorted((_CODE / folder).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()
