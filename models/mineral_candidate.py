"""A mineral that a phase could be, and what every line says about it."""

from __future__ import annotations

from dataclasses import dataclass

_GOOD, _POSSIBLE = 1.0, 2.0
#: deviations (in standard deviations) below which a line speaks for a mineral, above which against it
_FOR, _AGAINST = 1.5, 2.0


@dataclass(frozen=True)
class LineEvidence:
    """What one line says: measured and expected counts, and their difference in standard deviations.

    ``in_formula``: whether the element is one of the mineral; what a neighbour lends is expected, too.
    """

    line: str
    measured: float
    expected: float
    deviation: float
    in_formula: bool = True

    @property
    def speaks_for(self) -> bool:
        """It is expected, and there."""
        return self.in_formula and abs(self.deviation) < _FOR and self.expected > 0 and self.measured > 0

    @property
    def speaks_against(self) -> bool:
        """It is there and not expected, or the other way round."""
        return abs(self.deviation) > _AGAINST

    @property
    def text(self) -> str:
        """What it says, in a few words."""
        if not self.in_formula and self.measured > self.expected:
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
    admixture : share of the counts that the neighbouring phase lends
    """

    name: str
    formula: str
    distance: float
    evidence: tuple[LineEvidence, ...]
    unmapped: tuple[str, ...]
    also: str
    score: float
    admixture: float = 0.0

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
