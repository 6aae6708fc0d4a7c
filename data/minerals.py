"""A library of minerals, alloys and aerosol salts by formula, and the solid solutions between them.

The table beside this file, minerals.csv, holds names and end-member formulas as found in any handbook;
``commonness`` is 1 for what rocks and dust are made of, 2 for accessory phases, 3 for rare ones, and
``also`` names what has the same elements in the same proportions, so that X-rays cannot tell it apart.
(pyrolite's table has silicates and spinels alone, and brings matplotlib and sympy with it.)
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from data.chemical_formula import atoms

_TABLE = Path(__file__).with_name("minerals.csv")


@dataclass(frozen=True)
class Mineral:
    """A substance of fixed composition.

    Attributes
    ----------
    name, formula : e.g. "Forsterite", "Mg2SiO4"
    commonness : 1 common, 2 accessory, 3 rare
    also : what has the same composition, as text
    """

    name: str
    formula: str
    commonness: int = 2
    also: str = ""


@dataclass(frozen=True)
class Series:
    """A solid solution between minerals of the library.

    Attributes
    ----------
    name : e.g. "Olivine"
    members : names of its end-members
    abbreviations : of the end-members, in the same order, e.g. "Fo", "Fa"
    commonness : as for a mineral
    """

    name: str
    members: tuple[str, ...]
    abbreviations: tuple[str, ...]
    commonness: int


def _series(name: str, commonness: int, **members: str) -> Series:
    return Series(name, tuple(members.values()), tuple(members), commonness)


#: end-members by the abbreviations of D. L. Whitney & B. W. Evans, Am. Mineral. 95, 185 (2010), or close to
SERIES: tuple[Series, ...] = (
    _series("Olivine", 1, Fo="Forsterite", Fa="Fayalite", Tep="Tephroite"),
    _series("Plagioclase", 1, Ab="Albite", An="Anorthite"),
    _series("Alkali feldspar", 1, Or="Orthoclase", Ab="Albite", Cls="Celsian"),
    _series("Garnet", 1, Prp="Pyrope", Alm="Almandine", Sps="Spessartine", Grs="Grossular", Adr="Andradite"),
    _series("Orthopyroxene", 1, En="Enstatite", Fs="Ferrosilite"),
    _series("Clinopyroxene", 1, Di="Diopside", Hd="Hedenbergite", En="Enstatite", Fs="Ferrosilite",
            CaTs="Ca-Tschermak pyroxene"),
    _series("Omphacite", 2, Di="Diopside", Hd="Hedenbergite", Jd="Jadeite", Aeg="Aegirine"),
    _series("Bridgmanite", 3, Mbdm="Enstatite", Fbdm="Ferrosilite", Crn="Corundum"),
    _series("Ferropericlase", 3, Per="Periclase", Wus="Wustite"),
    _series("Hornblende", 1, Tr="Tremolite", Fact="Ferro-actinolite", Prg="Pargasite", Fprg="Ferropargasite",
            Ts="Tschermakite", Krs="Kaersutite"),
    _series("Biotite", 1, Phl="Phlogopite", Ann="Annite", Eas="Eastonite", Sid="Siderophyllite",
            Tbt="Ti-biotite"),
    _series("Chlorite", 1, Clc="Clinochlore", Chm="Chamosite"),
    _series("Epidote–allanite", 2, Czo="Clinozoisite", Ep="Epidote", AlnCe="Allanite-(Ce)",
            AlnLa="Allanite-(La)", AlnNd="Allanite-(Nd)"),
    _series("Dolomite–ankerite", 2, Dol="Dolomite", Ank="Ankerite"),
    _series("Magnesian calcite", 2, Cal="Calcite", Mgs="Magnesite"),
    _series("Siderite–magnesite", 2, Sd="Siderite", Mgs="Magnesite", Rds="Rhodochrosite"),
    _series("Titanomagnetite", 1, Mag="Magnetite", Usp="Ulvospinel"),
    _series("Spinel", 2, Spl="Spinel", Hc="Hercynite", Chr="Chromite", Mchr="Magnesiochromite",
            Mag="Magnetite", Usp="Ulvospinel"),
    _series("Ilmenite–hematite", 1, Ilm="Ilmenite", Hem="Hematite", Gk="Geikielite", Pph="Pyrophanite"),
    _series("Apatite", 2, Fap="Fluorapatite", Clap="Chlorapatite"),
    _series("Monazite", 2, MnzCe="Monazite-(Ce)", MnzLa="Monazite-(La)", MnzNd="Monazite-(Nd)",
            MnzSm="Monazite-(Sm)", Chr="Cheralite", Thr="Thorite"),
    _series("Tourmaline", 2, Srl="Schorl", Drv="Dravite"),
    _series("Cordierite", 2, Crd="Cordierite", Sek="Sekaninaite"),
    _series("Scapolite", 3, Mar="Scapolite (marialite)", Me="Scapolite (meionite)"),
    _series("Melilite", 3, Gh="Melilite (gehlenite)", Ak="Melilite (akermanite)"),
    _series("Columbite–tantalite", 3, ClbFe="Columbite-(Fe)", ClbMn="Columbite-(Mn)",
            TtlFe="Tantalite-(Fe)", TtlMn="Tantalite-(Mn)"),
    _series("Wolframite", 3, Feb="Ferberite", Hbr="Hubnerite"),
    _series("Ferroan sphalerite", 2, Sp="Sphalerite", Tro="Troilite"),
    _series("Barite–celestine", 3, Brt="Barite", Clt="Celestine"),
    _series("Alunite–jarosite", 3, Alu="Alunite", Jrs="Jarosite", Nal="Natroalunite"),
    _series("Iron–nickel", 2, Fe="Iron", Ni="Nickel"),
    _series("Electrum", 3, Au="Gold", Ag="Silver"),
)  # fmt: skip


@lru_cache(maxsize=1)
def library() -> tuple[Mineral, ...]:
    """Every mineral of the table; the formulas are read when they are first needed."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(
            Mineral(row["name"], row["formula"], int(row["commonness"]), row["also"])
            for row in csv.DictReader(file)
        )


def own_mineral(text: str) -> Mineral:
    """A mineral that a person adds, as "Name = formula".

    Raises
    ------
    ValueError
        There is no name or no formula, or the formula cannot be read.
    """
    name, equals, formula = (part.strip() for part in text.partition("="))
    if not name or not equals:
        raise ValueError(f"{text!r} is no mineral; write a name and a formula, such as Hibonite = CaAl12O19.")
    atoms(formula)
    return Mineral(name, formula, 1)
