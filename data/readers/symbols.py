"""Chemical symbols as files write them."""

from __future__ import annotations

# H to Es: everything that an X-ray line table lists
SYMBOLS = (
    "H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al", "Si", "P", "S", "Cl", "Ar",
    "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As", "Se", "Br",
    "Kr", "Rb", "Sr", "Y", "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te",
    "I", "Xe", "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm",
    "Yb", "Lu", "Hf", "Ta", "W", "Re", "Os", "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn",
    "Fr", "Ra", "Ac", "Th", "Pa", "U", "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es",
)  # fmt: skip


def symbols_in(names: object) -> tuple[str, ...]:
    """The chemical symbols among names such as 'Fe', 'Fe_Ka' or b'Fe', in order and once each."""
    if isinstance(names, str | bytes):
        names = [names]
    if names is None or not hasattr(names, "__iter__"):
        return ()
    found: dict[str, None] = {}
    for name in names:
        text = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
        symbol = text.split("_")[0].strip()
        if symbol in SYMBOLS:
            found[symbol] = None
    return tuple(found)
