"""What a residual map says, in sentences."""

from __future__ import annotations

import numpy as np

from data.elemental_maps import ElementalMaps
from data.spectrum_image import SpectrumImage
from models.residuals import Residual


def worst_share(residual: Residual, threshold: float) -> str:
    """How many pixels are above a threshold, and how many chance would put there."""
    known = residual.surprise[np.isfinite(residual.surprise)]
    if not known.size:
        return "Nothing was measured."
    n_above = int((known > threshold).sum())
    percent = 100 * n_above / known.size
    share = f"{n_above:,} of {known.size:,} pixels ({percent:.2g} %) are above the threshold"
    if not residual.in_deviations:
        return f"{share}."
    expected = float((residual.by_chance > threshold).mean()) * known.size
    by_chance = f"about {expected:.0f}" if expected >= 0.5 else "none"
    return f"{share}; by chance it would be {by_chance}."


def about_chance(residual: Residual, prepared: SpectrumImage | ElementalMaps) -> str:
    """What the residual is compared with, and what it assumes."""
    if not residual.in_deviations:
        return (
            "Element maps hold no counts: the misfit is relative to the intensities, and what chance would "
            "make of it is not known. Compare pixels with each other."
        )
    text = (
        "Poisson deviance of counts and expectation in 64 bins, less what chance gives on average, over its "
        "standard deviation. Line: pixels whose counts were drawn at random from what the end-members "
        "expect. A little left of it is normal, since fitting takes up some noise."
    )
    if prepared.counts_are_events:
        return text
    return (
        f"{text} The counts of this camera are not single events: its noise is another than is assumed here."
    )
