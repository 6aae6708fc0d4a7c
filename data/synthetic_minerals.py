"""The materials of the synthetic scenes: minerals by formula, and the shapes in which they occur."""

from __future__ import annotations

from dataclasses import dataclass

from data.synthetic_spectra import Material

# Solid solutions are written with the fractions of a typical analysis (Deer, Howie & Zussman, An
# Introduction to the Rock-Forming Minerals, 2013); densities from the same book.
MATERIALS = {
    material.name: material
    for material in (
        Material("Quartz", "SiO2", 2.65),
        Material("Plagioclase", "Na0.65Ca0.35Al1.35Si2.65O8", 2.67),
        Material("Labradorite", "Na0.4Ca0.6Al1.6Si2.4O8", 2.70),
        Material("K-feldspar", "K0.87Na0.13AlSi3O8", 2.57),
        Material("Biotite", "K0.95Mg1.45Fe1.25Ti0.2Al1.3Si2.8O12H2", 3.05),
        Material("Hornblende", "Na0.5K0.2Ca1.8Mg2.9Fe1.6Ti0.15Al1.9Si6.6O24H2", 3.2),
        Material("Augite", "Ca0.8Mg0.85Fe0.3Al0.1Si1.95O6", 3.35),
        Material("Olivine", "Mg1.64Fe0.36SiO4", 3.4),
        Material("Illite", "K0.65Mg0.2Fe0.15Al2.3Si3.35O12H2", 2.75),
        Material("Volcanic glass", "Si10Al2.6Fe0.45Mg0.15Ca0.5Na1.1K0.95O26.5", 2.4),
        Material("Calcite", "CaCO3", 2.71),
        Material("Dolomite", "CaMg0.95Fe0.05C2O6", 2.86),
        Material("Gypsum", "CaSO6H4", 2.32),
        Material("Halite", "NaCl", 2.16),
        Material("Hematite", "Fe2O3", 5.26),
        Material("Magnetite", "Fe2.95Ti0.05O4", 5.18),
        Material("Titanomagnetite", "Fe2.5Ti0.5O4", 5.0),
        Material("Ilmenite", "FeTiO3", 4.72),
        Material("Titanite", "CaTiSiO5", 3.5),
        Material("Apatite", "Ca5P3O12F", 3.2),
        Material("Pyrite", "FeS2", 5.01),
        Material("Zircon", "ZrSiO4", 4.65),
        Material("Monazite", "Ce0.45La0.24Nd0.19Th0.06Ca0.06PO4", 5.2),
        # acrylic glue on a carbon foil; the glue lies on top and brings the oxygen
        Material("Carbon tape", "C8H8O1", 1.3),
    )
}


@dataclass(frozen=True)
class Habit:
    """Shape of the particles of a mineral.

    Attributes
    ----------
    facets : number of crystal faces cut into the top; 0 is a rounded grain
    thickness : height over radius
    aspect : length over width in the plane
    roughness : relative depth of the relief and of the outline, 0..1
    size : radius relative to the scene's median
    """

    facets: int
    thickness: float
    aspect: float
    roughness: float
    size: float


_BLOCKY = Habit(facets=6, thickness=0.7, aspect=1.25, roughness=0.12, size=1.0)
HABITS = {
    "Quartz": Habit(facets=7, thickness=0.75, aspect=1.15, roughness=0.08, size=1.1),
    "Plagioclase": Habit(facets=5, thickness=0.6, aspect=1.45, roughness=0.1, size=1.1),
    "Labradorite": Habit(facets=5, thickness=0.55, aspect=1.6, roughness=0.1, size=1.1),
    "K-feldspar": _BLOCKY,
    "Augite": Habit(facets=6, thickness=0.7, aspect=1.35, roughness=0.1, size=0.9),
    "Olivine": Habit(facets=7, thickness=0.75, aspect=1.2, roughness=0.08, size=0.9),
    "Illite": Habit(facets=0, thickness=0.15, aspect=1.3, roughness=0.4, size=1.0),
    "Volcanic glass": Habit(facets=4, thickness=0.18, aspect=1.5, roughness=0.3, size=1.15),
    "Calcite": Habit(facets=4, thickness=0.65, aspect=1.2, roughness=0.06, size=0.85),
    "Dolomite": Habit(facets=4, thickness=0.65, aspect=1.15, roughness=0.06, size=0.85),
    "Gypsum": Habit(facets=3, thickness=0.25, aspect=2.6, roughness=0.08, size=0.9),
    "Halite": Habit(facets=4, thickness=0.8, aspect=1.05, roughness=0.04, size=0.6),
    "Hematite": Habit(facets=0, thickness=0.6, aspect=1.2, roughness=0.3, size=0.6),
    "Titanomagnetite": Habit(facets=8, thickness=0.8, aspect=1.05, roughness=0.06, size=0.6),
    "Ilmenite": Habit(facets=4, thickness=0.5, aspect=1.7, roughness=0.08, size=0.65),
    "Apatite": Habit(facets=4, thickness=0.7, aspect=2.2, roughness=0.05, size=0.55),
    "Pyrite": Habit(facets=4, thickness=0.85, aspect=1.05, roughness=0.05, size=0.55),
    "Zircon": Habit(facets=4, thickness=1.0, aspect=1.6, roughness=0.04, size=0.4),
    "Monazite": Habit(facets=6, thickness=1.0, aspect=1.15, roughness=0.06, size=0.4),
}
