"""The end-members on show: what they are, and of which phases and choices."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Hashable
from dataclasses import dataclass

import numpy as np

from models.endmembers import Endmembers, Unmixing
from models.live_phases import LivePhases
from models.phases_result import PhasesResult
from models.recipe import UnmixingChoices
from models.telling_lines import endmember_lines
from models.unmixing import unmix_phases


@dataclass(frozen=True, eq=False)
class Unmixed:
    """End-members of the phases that are shown.

    Attributes
    ----------
    found : the end-members; an :class:`Unmixing` as soon as the pixels have been looked at too
    shown : the phases that they are of
    choices : how they were found
    lines : per end-member, the lines that tell it from the map
    """

    found: Endmembers
    shown: LivePhases
    choices: UnmixingChoices
    lines: tuple[tuple[str, ...], ...]

    @property
    def unmixing(self) -> Unmixing | None:
        """With abundances and residual; None until these are known."""
        return self.found if isinstance(self.found, Unmixing) else None

    @property
    def names(self) -> tuple[str, ...]:
        """What the end-members are called."""
        return tuple(f"End-member {number + 1}" for number in range(len(self.found.endmembers)))

    @classmethod
    def of(
        cls, found: Endmembers, shown: LivePhases, choices: UnmixingChoices, result: PhasesResult
    ) -> Unmixed:
        """With the lines of every end-member."""
        if result.has_spectra:
            total = result.prepared.sum_spectrum()
        else:
            total = result.maps.intensity.sum(axis=(0, 1), dtype=np.float64)
        return cls(found, shown, choices, endmember_lines(found.endmembers, total, result))

    @classmethod
    def of_run(cls, result: PhasesResult, shown: LivePhases, choices: UnmixingChoices) -> Unmixed | None:
        """The end-members that the run found, where they are of these phases and choices."""
        found = result.unmixing
        if found is None or result.recipe.unmixing != choices or len(found.weights) != shown.n_phases:
            return None
        if not np.array_equal(result.assigned.label, shown.phase_map.label):
            return None
        return cls.of(found, shown, choices, result)


@dataclass(frozen=True, eq=False)
class UnmixedReport:
    """How far the unmixing is; ``unmixed`` where something can be shown already."""

    fraction: float
    message: str
    unmixed: Unmixed | None = None


@dataclass(frozen=True, eq=False)
class UnmixRequest:
    """Unmix the phases that are shown; nothing is sought again."""

    result: PhasesResult
    shown: LivePhases
    choices: UnmixingChoices

    title = "Unmixing the spectra of the phases"
    is_short = True
    keep_result = False  # the abundances are as large as the map, and found again in a moment

    @property
    def key(self) -> Hashable:
        label = hashlib.blake2b(np.ascontiguousarray(self.shown.phase_map.label), digest_size=16).hexdigest()
        refined = self.result.refinement is not None
        return ("unmix", self.result.dataset_id, self.shown.ids, label, refined, self.choices)

    def run(self) -> Generator[UnmixedReport, None, Unmixed]:
        result, shown = self.result, self.shown
        known = Unmixed.of_run(result, shown, self.choices)
        if known is not None:
            yield UnmixedReport(1.0, self.title, known)
            return known
        work = unmix_phases(
            result.prepared,
            result.maps,
            result.refinement if shown.refined else None,
            shown.spectra,
            shown.pixels,
            [number + 1 for number in shown.ids],
            self.choices,
        )
        yield UnmixedReport(0.0, self.title)
        while True:
            try:
                report = next(work)
            except StopIteration as end:
                return Unmixed.of(end.value, shown, self.choices, result)
            early = None
            if report.found is not None:
                early = Unmixed.of(report.found, shown, self.choices, result)
            yield UnmixedReport(report.fraction, report.message, early)
