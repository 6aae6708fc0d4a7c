"""The curves that the spectrum view shows of a state."""

from __future__ import annotations

import numpy as np

from dashboard import theme
from dashboard.phases.spectrum_plot import Curve
from dashboard.phases.state import PhasesState


def curves(state: PhasesState) -> tuple[np.ndarray, list[Curve], str]:
    """The curves that a state asks for: energies (n_channels,), curves, label of the intensity axis."""
    prepared, shown = state.prepared, state.shown
    n_pixels = prepared.maps.n_pixels
    found: list[tuple[Curve, int]] = []  # with the number of pixels behind each
    if "Sum" in state.spectra_shown:
        found.append((Curve("All pixels", prepared.sum_spectrum, theme.SUM_COLOUR, 1.2), n_pixels))
    if "Phases" in state.spectra_shown and shown is not None:
        for phase, spectrum, pixels in zip(shown.ids, shown.spectra, shown.pixels, strict=True):
            if pixels and phase not in state.hidden:
                faded = bool(state.chosen_phases) and phase not in state.chosen_phases
                curve = Curve(
                    state.name_of(phase),
                    spectrum,
                    state.colour_of(phase),
                    width=2.4 if phase in state.chosen_phases else 1.4,
                    alpha=0.25 if faded else 0.95,
                )
                found.append((curve, int(pixels)))
    if "End-members" in state.spectra_shown and state.unmixed is not None:
        unmixed = state.unmixed
        for number, (name, endmember) in enumerate(zip(unmixed.names, unmixed.found.endmembers, strict=True)):
            # an end-member is a shape without a number of pixels: it is drawn at the counts of a mean pixel
            scale = prepared.sum_spectrum.sum() / n_pixels / max(endmember.sum(), 1e-12)
            found.append((Curve(name, endmember * scale, theme.endmember_colour(number), 1.6, "dashed"), 1))
    if (
        "Selection" in state.spectra_shown
        and state.selection is not None
        and state.selection_spectrum is not None
    ):
        found.append(
            (
                Curve("Selection", state.selection_spectrum, theme.SELECTION_COLOUR, 2.2),
                max(1, state.selection.n_selected),
            )
        )
    quantity = prepared.quantity
    per_pixel = f"{quantity} per pixel" if quantity == "Counts" else f"Mean {quantity.lower()}"
    total = "Counts" if quantity == "Counts" else f"Summed {quantity.lower()}"
    label = {"Counts": total, "Per pixel": per_pixel, "Equal area": f"Share of the {quantity.lower()}"}
    scaled = []
    for curve, pixels in found:
        intensity = np.asarray(curve.intensity, np.float64)
        if state.spectra_norm == "Per pixel":
            intensity = intensity / max(pixels, 1)
        elif state.spectra_norm == "Equal area":
            intensity = intensity / max(intensity.sum(), 1e-12)
        scaled.append(Curve(curve.name, intensity, curve.colour, curve.width, curve.dash, curve.alpha))
    return prepared.axis, scaled, label[state.spectra_norm]
