"""Results of Phases runs on disk, so that nobody waits twice for the same: not after a restart either."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from data.elemental_maps import ElementalMaps
from data.spectrum_image import SpectrumImage
from models import archive
from models.phases_preparation import make_line_maps, prepare
from models.phases_result import PhasesResult
from models.recipe import PhasesRecipe, to_yaml

log = logging.getLogger(__name__)

_CODE = Path(__file__).resolve().parents[1]
_MOST_FILES = 40


class ResultCache:
    """Finished results by dataset, recipe and the code that made them.

    What can be made again in a moment from the dataset (the prepared map and its line maps) is not kept.
    A file that cannot be read or written is no harm: the result is computed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "results"

    def has(self, dataset: SpectrumImage | ElementalMaps, recipe: PhasesRecipe) -> bool:
        """Is there a file of this result? It is looked into only when it is loaded."""
        return self._path(dataset.dataset_id, recipe).exists()

    def load(self, dataset: SpectrumImage | ElementalMaps, recipe: PhasesRecipe) -> PhasesResult | None:
        """The result of this recipe on this dataset, or None where there is none yet."""
        path = self._path(dataset.dataset_id, recipe)
        try:
            if not path.exists():
                return None
            found: PhasesResult = archive.load(path)
            path.touch()
        except (OSError, ValueError) as error:
            log.warning("kept result not used: %s", error)
            return None
        prepared = prepare(dataset, recipe.line_maps)
        return replace(found, prepared=prepared, maps=make_line_maps(prepared, recipe.line_maps))

    def save(self, result: PhasesResult) -> None:
        """Keep a finished result; the longest unused ones go."""
        try:
            path = self._path(result.dataset_id, result.recipe)
            archive.save(replace(result, prepared=None, maps=None), path)
            files = sorted(self._folder.glob("*.npz"), key=lambda file: file.stat().st_mtime)
            for old in files[:-_MOST_FILES]:
                old.unlink(missing_ok=True)
        except OSError as error:
            log.warning("result not kept: %s", error)

    def _path(self, dataset_id: str, recipe: PhasesRecipe) -> Path:
        key = hashlib.sha256(f"{_code_version()}\n{dataset_id}\n{to_yaml(recipe)}".encode()).hexdigest()
        return self._folder / f"{key[:32]}.npz"


@lru_cache(maxsize=1)
def _code_version() -> str:
    """Hash of everything that decides a result: another version of the code makes its own."""
    digest = hashlib.sha256()
    for folder in ("data", "models"):
        for file in sorted((_CODE / folder).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()
