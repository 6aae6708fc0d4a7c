"""What is it? The intensities of a phase beside those that minerals of a library would give.

Minerals are compared where the measurement is: in counts. What a mineral gives follows from its formula, the
k-factors and, in a thick sample, its own absorption, up to one factor that is fitted. A solid solution is a
mixture of its end-members, by non-negative least squares. The distance is the root mean square deviation of
the lines, in standard deviations; a fit with more end-members must be better to rank as high, and a rare
mineral must fit better than a common one. Where no mineral fits well, some counts of the neighbouring phase
may be mixed in: small grains share their pixels and the volume that the beam excites.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data.chemical_formula import atoms, mass_fractions
from data.minerals import SERIES, Mineral, Series, library
from models.k_factors import KFactors
from models.mineral_candidate import Candidate, LineEvidence
from models.mineral_counts import MineralCounts, mixed_formula, unit_mass
from models.mineral_fit import MeasuredCounts

_PENALTY = {1: 0.0, 2: 1.0, 3: 2.5}
_PENALTY_PER_MEMBER = 1.5
_PENALTY_MIXED = 3.0
_LEAST_MEMBER = 0.02
_LEAST_ADMIXED = 0.03
_MOST_SERIES = 8  # solid solutions that are fitted with their own absorption
_DETECTED = 3.0


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

    def match(
        self, counts: np.ndarray, sigma: np.ndarray, most: int = 8, neighbour: np.ndarray | None = None
    ) -> tuple[Candidate, ...]:
        """The minerals that come nearest to the counts of one phase, best first.

        Parameters
        ----------
        counts, sigma : (n_lines,) net counts of the lines given at the start, and their counting errors
        most : return no more than so many
        neighbour : (n_lines,) net counts of the phase beside, some of which may be mixed in; None: no mixing

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
        found.sort(key=lambda one: one.score)
        if neighbour is not None and found[0].verdict != "good":
            beside = np.asarray(neighbour, np.float64)[self._counts.columns]
            found = sorted([*found, *self._mixed(phase, found, beside, seen)], key=lambda one: one.score)
        # of a mineral with and without admixture, the better one is enough
        best_of: dict[str, Candidate] = {}
        for one in found:
            best_of.setdefault(one.formula, one)
        return tuple(best_of.values())[:most]

    def _mixed(
        self, phase: MeasuredCounts, known: Sequence[Candidate], beside: np.ndarray, seen: int
    ) -> list[Candidate]:
        """Minerals, and the solid solutions that were looked at, with some of the neighbour mixed in."""
        solutions = [Mineral(one.name, one.formula, 2) for one in known if one.name not in self._place]
        candidates = [*self.minerals, *solutions]
        expected = np.concatenate(
            [self._expected, *(self._counts.of(one.formula)[None] for one in solutions)]
        )
        amounts, deviations, admixed = phase.mixed(expected, beside)
        total = max(float(np.maximum(phase.counts, 0.0).sum()), 1e-300)
        lent = admixed[:, None] * np.maximum(beside, 0.0)
        enough = (lent.sum(axis=1) > _LEAST_ADMIXED * total) & (amounts > 0)
        return [
            self._candidate(
                phase,
                candidates[i],
                expected[i] * amounts[i] + lent[i],
                amounts[i],
                deviations[i],
                seen,
                admixture=float(lent[i].sum() / total),
            )
            for i in np.flatnonzero(enough)
        ]

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
        admixture: float = 0.0,
    ) -> Candidate:
        number = self._place.get(mineral.name)
        unmapped = self._counts.unmapped(mineral.formula) if number is None else self._unmapped[number]
        chi_squared = float(deviation @ deviation)
        if self._spectra and unmapped:
            chi_squared += phase.of_unmapped([amount * one for one in unmapped.values()], expected)
        elements = atoms(mineral.formula)
        evidence = [
            LineEvidence(line, float(found), float(model), float(off), line.partition("_")[0] in elements)
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
            score=chi_squared
            + _PENALTY[mineral.commonness]
            + _PENALTY_PER_MEMBER * (n_members - 1)
            + (_PENALTY_MIXED if admixture else 0.0),
            admixture=admixture,
        )
