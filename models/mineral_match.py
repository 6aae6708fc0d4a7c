"""What is it? The intensities of a phase beside those that minerals of a library would give.

Minerals are compared where the measurement is: in counts. What a mineral gives follows from its formula, the
k-factors and, in a thick sample, its own absorption, up to one factor that is fitted. A solid solution is a
mixture of its end-members, by non-negative least squares. The distance is the root mean square deviation of
the lines, in standard deviations; a fit with more end-members must be better to rank as high, and a rare
mineral must fit better than a common one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data.chemical_formula import atoms, mass_fractions
from data.minerals import SERIES, Mineral, Series, library
from models.k_factors import KFactors
from models.mineral_counts import MineralCounts, mixed_formula, unit_mass
from models.mineral_fit import MeasuredCounts

_PENALTY = {1: 0.0, 2: 1.0, 3: 2.5}
_PENALTY_PER_MEMBER = 1.5
_LEAST_MEMBER = 0.02
_MOST_SERIES = 8  # solid solutions that are fitted with their own absorption
_DETECTED = 3.0
_GOOD, _POSSIBLE = 1.0, 2.0
#: deviations (in standard deviations) below which a line speaks for a mineral, above which against it
_FOR, _AGAINST = 1.5, 2.0


@dataclass(frozen=True)
class LineEvidence:
    """What one line says: measured and expected counts, and their difference in standard deviations."""

    line: str
    measured: float
    expected: float
    deviation: float

    @property
    def speaks_for(self) -> bool:
        """It is expected, and there."""
        return abs(self.deviation) < _FOR and self.expected > 0 and self.measured > 0

    @property
    def speaks_against(self) -> bool:
        """It is there and not expected, or the other way round."""
        return abs(self.deviation) > _AGAINST

    @property
    def text(self) -> str:
        """What it says, in a few words."""
        if self.expected <= 0:
            return f"{self.line}: not in the formula, {self.measured:,.0f} counts found"
        if self.measured <= 0:
            return f"{self.line}: {self.expected:,.0f} counts expected, none found"
        return f"{self.line}: {self.measured / self.expected:.2g} times what is expected"


@dataclass(frozen=True)
class Candidate:
    """A mineral, or a mixture of end-members, that a phase could be.

    Attributes
    ----------
    name : "Quartz", or of a solid solution "Olivine Fo82 Fa18"
    formula : chemical formula, of a solution with the fitted fractions
    distance : root mean square deviation of the lines, in standard deviations
    evidence : of every line, the strongest expected ones first
    unmapped : elements of the formula that have no line in the measurement
    also : what has the same composition, as text
    score : what candidates are ranked by, lowest first
    """

    name: str
    formula: str
    distance: float
    evidence: tuple[LineEvidence, ...]
    unmapped: tuple[str, ...]
    also: str
    score: float

    @property
    def verdict(self) -> str:
        """The distance in a word."""
        if self.distance < _GOOD:
            return "good"
        return "possible" if self.distance < _POSSIBLE else "poor"

    @property
    def short_name(self) -> str:
        """A name for the phase: of a solid solution with its largest end-member alone."""
        words = self.name.split(" ")
        return (
            self.name
            if len(words) < 3 or not words[-1][-1:].isdigit()
            else " ".join(
                [word for word in words if not word[-1:].isdigit()]
                + [w for w in words if w[-1:].isdigit()][:1]
            )
        )


class MineralMatcher:
    """Compares phases with a library, for one set of lines and k-factors.

    Parameters
    ----------
    lines, elements : of the measurement, one line for each element
    factors : its k-factors
    spectra : whether there are spectra, so that an element without a map can be taken as absent
    minerals, series : the library; by default the built-in one

    Raises
    ------
    ValueError
        No line has a k-factor.
    """

    def __init__(
        self,
        lines: Sequence[str],
        elements: Sequence[str],
        factors: KFactors,
        spectra: bool = True,
        minerals: Sequence[Mineral] | None = None,
        series: Sequence[Series] = SERIES,
    ) -> None:
        self._counts = MineralCounts(lines, elements, factors)
        if not self._counts.lines:
            raise ValueError("No line with a k-factor is left to compare with minerals.")
        self._spectra = spectra
        known = library() if minerals is None else minerals
        measured = set(self._counts.elements)
        self.minerals = tuple(one for one in known if set(atoms(one.formula)) & measured)
        self._place = {one.name: number for number, one in enumerate(self.minerals)}
        self.series = tuple(one for one in series if all(name in self._place for name in one.members))
        self._expected = np.array([self._counts.of(one.formula) for one in self.minerals])
        self._unmapped = [self._counts.unmapped(one.formula) for one in self.minerals]

    def match(self, counts: np.ndarray, sigma: np.ndarray, most: int = 8) -> tuple[Candidate, ...]:
        """The minerals that come nearest to the counts of one phase, best first.

        Parameters
        ----------
        counts, sigma : (n_lines,) net counts of the lines given at the start, and their counting errors
        most : return no more than so many

        Raises
        ------
        ValueError
            No line of the phase stands out of its counting error.
        """
        counts, sigma = (np.asarray(values, np.float64)[self._counts.columns] for values in (counts, sigma))
        seen = int(np.count_nonzero(counts > np.maximum(_DETECTED * sigma, 0.0)))
        if seen == 0:
            raise ValueError("No line of this phase stands out of the noise: there is nothing to compare.")
        phase = MeasuredCounts(counts, sigma, self._counts.elements)
        amounts, deviations = phase.single(self._expected)
        found = [
            self._candidate(phase, one, self._expected[i] * amounts[i], amounts[i], deviations[i], seen)
            for i, one in enumerate(self.minerals)
        ]
        best = min(found, key=lambda one: one.score).score
        for one in self._promising(phase, best):
            candidate = self._solution(phase, one, seen)
            if candidate is not None:
                found.append(candidate)
        return tuple(sorted(found, key=lambda one: one.score)[:most])

    def _promising(self, phase: MeasuredCounts, best: float) -> list[Series]:
        """Solid solutions whose end-members, each absorbed in itself, fit well enough to be looked at."""
        fits = []
        for one in self.series:
            _, deviation = phase.mixture(self._expected[[self._place[name] for name in one.members]])
            fits.append((float(deviation @ deviation), one))
        fits.sort(key=lambda pair: pair[0])
        return [one for chi_squared, one in fits[:_MOST_SERIES] if chi_squared < 2.0 * best + 20.0]

    def _solution(self, phase: MeasuredCounts, one: Series, seen: int) -> Candidate | None:
        """The mixture of end-members that fits best; None where one end-member is enough."""
        formulas = [self.minerals[self._place[name]].formula for name in one.members]
        names = list(one.abbreviations)
        own = [mass_fractions(formula) for formula in formulas]
        matrix = None
        for _ in range(3):
            expected = np.stack(
                [
                    unit_mass(formula) * self._counts.within(fractions, matrix or fractions)
                    for formula, fractions in zip(formulas, own, strict=True)
                ]
            )
            amounts, _ = phase.mixture(expected)
            kept = [i for i, amount in enumerate(amounts) if amount > _LEAST_MEMBER * amounts.sum()]
            if len(kept) < 2:
                return None
            formulas, names, own = ([part[i] for i in kept] for part in (formulas, names, own))
            moles = amounts[kept] / amounts[kept].sum()
            formula = mixed_formula(formulas, moles)
            matrix = mass_fractions(formula)
        order = np.argsort(-moles, kind="stable")
        percents = " ".join(f"{names[i]}{100 * moles[i]:.0f}" for i in order)
        whole = self._counts.of(formula)
        amount, deviation = phase.single(whole[None])
        mineral = Mineral(f"{one.name} {percents}", formula, one.commonness)
        return self._candidate(
            phase, mineral, whole * amount[0], amount[0], deviation[0], seen, n_members=len(names)
        )

    def _candidate(
        self,
        phase: MeasuredCounts,
        mineral: Mineral,
        expected: np.ndarray,
        amount: float,
        deviation: np.ndarray,
        seen: int,
        n_members: int = 1,
    ) -> Candidate:
        number = self._place.get(mineral.name)
        unmapped = self._counts.unmapped(mineral.formula) if number is None else self._unmapped[number]
        chi_squared = float(deviation @ deviation)
        if self._spectra and unmapped:
            chi_squared += phase.of_unmapped([amount * one for one in unmapped.values()], expected)
        evidence = [
            LineEvidence(line, float(found), float(model), float(off))
            for line, found, model, off in zip(
                self._counts.lines, phase.counts, expected, deviation, strict=True
            )
        ]
        evidence.sort(key=lambda one: -max(one.expected, one.measured))
        return Candidate(
            name=mineral.name,
            formula=mineral.formula,
            distance=float(np.sqrt(chi_squared / seen)),
            evidence=tuple(evidence),
            unmapped=tuple(unmapped),
            also=mineral.also,
            score=chi_squared + _PENALTY[mineral.commonness] + _PENALTY_PER_MEMBER * (n_members - 1),
        )
