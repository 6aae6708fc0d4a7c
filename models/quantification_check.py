"""Whether the texts of a quantification make sense: checked before a run."""

from __future__ import annotations

from data.chemical_formula import atoms, oxide_factor
from data.minerals import own_mineral
from data.xray_lines import line
from models import k_factors
from models.composition_choices import QuantificationChoices


def check_quantification(choices: QuantificationChoices) -> None:
    """Say so where a k-factor, an oxide, the reference line or an added mineral cannot be used.

    Raises
    ------
    ValueError
        The message names what was found and what to write instead.
    """
    k_factors.parsed(choices.k_factors)
    line(choices.reference)
    own_oxides(choices.oxides)
    for element in choices.leave_out:
        atoms(element)
    for text in choices.minerals:
        own_mineral(text)


def own_oxides(formulas: tuple[str, ...]) -> dict[str, str]:
    """Element -> the oxide that a person wants it written as; the element itself where it takes no oxygen.

    Raises
    ------
    ValueError
        A formula is no oxide of one element, or an element comes twice.
    """
    found: dict[str, str] = {}
    for formula in formulas:
        others = [element for element in atoms(formula) if element != "O"]
        if len(others) != 1:
            raise ValueError(
                f"{formula!r} is no oxide of one element; write Fe2O3, for example, or S for an element that "
                "takes no oxygen."
            )
        element = others[0]
        if element in found:
            raise ValueError(
                f"{element} is to be written both as {found[element]} and as {formula}; choose one."
            )
        oxide_factor(element, formula)
        found[element] = formula
    return found
