"""The three synthetic scenes: which minerals, how much of each, how large."""

from __future__ import annotations

from data.synthetic_particles import ParticleScene
from data.synthetic_rock import Grain, RockScene

DEMO = ParticleScene(
    substrate="Carbon tape",
    share={
        "Quartz": 0.22,
        "Illite": 0.19,
        "Plagioclase": 0.14,
        "K-feldspar": 0.11,
        "Calcite": 0.13,
        "Dolomite": 0.08,
        "Gypsum": 0.06,
        "Hematite": 0.04,
        "Halite": 0.03,
    },
    trace="Monazite",
    coverage=0.66,
    median_radius_px=9.0,
)
VOLCANIC_DUST = ParticleScene(
    substrate="Carbon tape",
    share={
        "Volcanic glass": 0.24,
        "Labradorite": 0.22,
        "Augite": 0.16,
        "Olivine": 0.13,
        "Titanomagnetite": 0.08,
        "Quartz": 0.07,
        "Ilmenite": 0.04,
        "Apatite": 0.03,
        "Pyrite": 0.03,
    },
    trace="Zircon",
    coverage=0.7,
    median_radius_px=7.0,
)
GRANODIORITE = RockScene(
    framework={
        "Quartz": 0.25,
        "Plagioclase": 0.37,
        "K-feldspar": 0.16,
        "Biotite": 0.095,
        "Hornblende": 0.07,
    },
    accessory={"Magnetite": 0.018, "Titanite": 0.016, "Apatite": 0.014, "Zircon": 0.003},
    grains={
        "Quartz": Grain(aspect=1.15, size=1.0, company=-0.3),
        "Plagioclase": Grain(aspect=1.9, size=1.15, company=-0.1),
        "K-feldspar": Grain(aspect=1.3, size=1.3, company=-0.5),
        "Biotite": Grain(aspect=3.0, size=0.75, company=1.3),
        "Hornblende": Grain(aspect=1.7, size=0.85, company=1.3),
        "Magnetite": Grain(aspect=1.1, size=0.42, company=0.0),
        "Titanite": Grain(aspect=2.0, size=0.42, company=0.0),
        "Apatite": Grain(aspect=1.8, size=0.34, company=0.0),
        "Zircon": Grain(aspect=1.7, size=0.24, company=0.0),
    },
    lamellae=("K-feldspar", "Plagioclase"),
    median_radius_px=8.0,
)
