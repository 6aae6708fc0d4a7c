"""The counts that a mineral, or a mixture of minerals, would give on the lines of a measurement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from data.chemical_formula import atomic_mass, atoms, mass_fractions
from data.line_sensitivity import bulk_sensitivity, thin_sensitivity
from data.silicon_detector import Instrument
from data.xray_lines import best_line
from models.k_factors import KFactors

#: no detector of a microscope sees them well enough to say that they are absent
_HARD_TO_SEE = ("Li", "Be", "B", "C", "N", "O", "F")


class MineralCounts:
    """Counts per mass of a material, from formulas, k-factors and, in a thick sample, absorption.

    Parameters
    ----------
    lines, elements : of the measurement, one line for each element
    factors : their k-factors; lines without one are left out, see ``columns``
    """

    def __init__(self, lines: Sequence[str], elements: Sequence[str], factors: KFactors) -> None:
        #: which of the lines take part
        self.columns = [i for i, name in enumerate(lines) if name in factors.values]
        self.lines = tuple(lines[i] for i in self.columns)
        self.elements = tuple(elements[i] for i in self.columns)
        self._detector, self._bulk = factors.detector, factors.bulk
        # a person's own k-factor moves the sensitivity away from the computed one
        self._own = [
            factors.computed[name] / factors.values[name] if name in factors.computed else 1.0
            for name in self.lines
        ]

    def of(self, formula: str) -> np.ndarray:
        """Counts of every line per mass of a mineral, (n_lines,) float64, in an arbitrary unit."""
        return self.within(mass_fractions(formula), mass_fractions(formula))

    def within(self, fractions: Mapping[str, float], matrix: Mapping[str, float]) -> np.ndarray:
        """Counts of a part of a material, per mass of the part: made and absorbed in the whole of it.

        Parameters
        ----------
        fractions, matrix : mass fractions of the elements in the part and in the whole
        """
        return np.array(
            [
                fractions[element] * own * self._sensitivity(name, matrix) if element in fractions else 0.0
                for name, element, own in zip(self.lines, self.elements, self._own, strict=True)
            ]
        )

    def unmapped(self, formula: str) -> dict[str, float]:
        """Elements of a formula without a line in the measurement (H aside) and the counts they would give.

        0 counts where no line could tell whether the element is there.
        """
        fractions = mass_fractions(formula)
        found = {}
        for element in fractions:
            if element in self.elements or element == "H":
                continue
            name = None if element in _HARD_TO_SEE else _line_of(element, self._detector)
            found[element] = 0.0 if name is None else fractions[element] * self._sensitivity(name, fractions)
        return found

    def _sensitivity(self, name: str, matrix: Mapping[str, float]) -> float:
        try:
            if self._bulk:
                return bulk_sensitivity(name, matrix, self._detector)
            return thin_sensitivity(name, self._detector)
        except ValueError:
            return 0.0  # a line with a k-factor of a person's own that this beam should not excite


def mixed_formula(formulas: Sequence[str], moles: Sequence[float]) -> str:
    """Formula of a mixture: cations in the order of the formulas, oxygen and hydrogen at the end.

    Parameters
    ----------
    moles : share of every formula unit, sum 1
    """
    mixed: dict[str, float] = {}
    for formula, share in zip(formulas, moles, strict=True):
        for element, number in atoms(formula).items():
            mixed[element] = mixed.get(element, 0.0) + float(share) * number
    order = [element for element in mixed if element not in ("O", "H")]
    order += [element for element in ("O", "H") if element in mixed]
    texts = {element: f"{mixed[element]:.2f}".rstrip("0").rstrip(".") for element in order}
    return "".join(
        element + ("" if text == "1" else text) for element, text in texts.items() if text not in ("0", "")
    )


def unit_mass(formula: str) -> float:
    """Mass of a formula unit, g/mol."""
    return sum(number * atomic_mass(element) for element, number in atoms(formula).items())


def _line_of(element: str, detector: Instrument) -> str | None:
    try:
        return best_line(element, detector.beam_kev, 0.2, detector.beam_kev).name
    except ValueError:
        return None
