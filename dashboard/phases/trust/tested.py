"""The test of stability as a request to the job queue."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Hashable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from models.live_phases import LivePhases
from models.phases_result import PhasesResult
from models.recipe import PhasesRecipe, StabilityChoices
from models.stability import Stability
from models.stability_runs import StabilityReport, seek_again


@dataclass(frozen=True, eq=False)
class TestedPhases:
    """Whether phases were found again, and which phases these were."""

    __test__ = False  # no test of pytest, whatever its name

    found: Stability
    shown: LivePhases


@dataclass(frozen=True, eq=False)
class StabilityRequest:
    """Seek the phases that are shown again, from resampled data.

    ``record`` is that from which it can be asked again after a restart, or None.
    """

    result: PhasesResult
    recipe: PhasesRecipe
    shown: LivePhases
    choices: StabilityChoices
    record: Mapping[str, object] | None = None

    title = "Seeking the phases again"

    @property
    def key(self) -> Hashable:
        label = hashlib.blake2b(np.ascontiguousarray(self.shown.phase_map.label), digest_size=16).hexdigest()
        choices = replace(self.recipe, unmixing=PhasesRecipe().unmixing, stability=self.choices)
        return ("stability", self.result.dataset_id, self.shown.ids, label, choices)

    def run(self) -> Generator[StabilityReport, None, Stability]:
        known = self.result.stability
        if known is not None and self.result.recipe.stability == self.choices and self._is_of_the_run():
            yield StabilityReport(1.0, self.title, known)
            return known
        return (yield from seek_again(self.result, self.recipe, self.shown, self.choices))

    def _is_of_the_run(self) -> bool:
        label = self.result.assigned.label
        return self.result.stability.ids == self.shown.ids and np.array_equal(
            label, self.shown.phase_map.label
        )
