"""Unmixing: end-members behind the spectra of the phases, and their abundance in every pixel.

Spectra are factorised (``nmf``). Factorising makes them worse where the phases are pure already, so whether
it is done is decided by the data unless a person asks for it (``endmember_choice``).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np

from data.axes import EnergyAxis
from data.block_passes import Counts
from data.elemental_maps import ElementalMaps
from data.spectrum_image import SpectrumImage
from models import nmf
from models.endmember_choice import choose_endmembers
from models.endmembers import Unmixing, UnmixingReport, share_out
from models.recipe import UnmixingChoices
from models.refined_phases import Refinement


def unmix_phases(
    prepared: SpectrumImage | ElementalMaps,
    maps: ElementalMaps,
    refinement: Refinement | None,
    spectra: np.ndarray,
    pixels: np.ndarray,
    numbers: Sequence[int],
    choices: UnmixingChoices,
) -> Generator[UnmixingReport, None, Unmixing]:
    """End-members behind the phases of a map, as a recipe asks for them.

    Parameters
    ----------
    prepared : the map after rebinning and the low-energy cut
    maps : its line maps, which stand for it where there are no spectra
    refinement : where the phases come from the counts: its pure spectra are the automatic end-members
    spectra, pixels : (n_phases, n_channels) sums, or (n_phases, n_lines), and (n_phases,) of how many pixels
    numbers : (n_phases,) what the phases are called, counted from 1
    choices : of the recipe

    Raises
    ------
    ValueError
        As :func:`unmix`.
    """
    counted = isinstance(prepared, SpectrumImage)
    measured = prepared.counts if counted else maps.intensity
    left_to_us = choices.method == "auto" and not choices.n_components
    if refinement is not None and left_to_us and not choices.phases and not choices.energy_kev:
        # the refinement chose its pure spectra on held-out counts: factors of their sums would only blur them
        number = len(refinement.endmembers)
        of_spectra = "one pure spectrum" if number == 1 else f"{number} pure spectra"
        why = f"End-members: the {of_spectra} that the refinement found."
        return (
            yield from share_out(
                refinement.endmembers, spectra, measured, prepared.shape, why, refinement.abundances
            )
        )
    energy = prepared.energy if counted else None
    return (yield from unmix(spectra, measured, prepared.shape, choices, pixels, energy, numbers))


def unmix(
    spectra: np.ndarray,
    measured: Counts | np.ndarray,
    map_shape: tuple[int, int],
    choices: UnmixingChoices,
    pixels: np.ndarray | None = None,
    energy: EnergyAxis | None = None,
    numbers: Sequence[int] | None = None,
) -> Generator[UnmixingReport, None, Unmixing]:
    """Find end-members behind cluster spectra and their abundance in every pixel.

    Parameters
    ----------
    spectra : (n_clusters, n_channels) summed counts, or (n_clusters, n_lines) summed intensities
    measured : what the sums are of: (n_pixels, n_channels) counts, CSR or in blocks, or (n_y, n_x, n_lines)
        intensities
    map_shape : (n_y, n_x)
    choices : how many components, from which clusters and channels, and how
    pixels : (n_clusters,) how many pixels were summed; needed to normalise per pixel
    energy : axis of the channels; needed for a range of energies
    numbers : (n_clusters,) what the clusters are called; None: 1, 2, 3 ...

    Raises
    ------
    ValueError
        More components are asked for than there are clusters with counts, no cluster has any, a cluster that
        is asked for is not there, or no channel lies in the range of energies.
    """
    channels = _channels_of(choices, energy, spectra.shape[1])
    spectra_in = np.asarray(spectra, np.float64)[:, channels]
    included = _included(spectra_in, choices, numbers or tuple(range(1, len(spectra) + 1)))
    if choices.normalisation == "pixel" and pixels is None:
        raise ValueError("Spectra per pixel need the number of pixels behind each; choose equal area.")
    taken = list(included)
    scaled = nmf.scaled(
        spectra_in[taken], np.ones(len(taken)) if pixels is None else pixels[taken], choices.normalisation
    )
    if choices.n_components > min(scaled.shape):
        of_what = "phases with counts" if scaled.shape[0] <= scaled.shape[1] else "channels"
        raise ValueError(
            f"{choices.n_components} components were asked for, but {min(scaled.shape)} {of_what} "
            f"cannot hold more than {min(scaled.shape)}. Ask for fewer components, or include more phases."
        )
    if not choices.n_components and choices.method == "auto":
        cut = measured if channels == slice(None) else measured[:, channels]
        pure = nmf.scaled(spectra_in[taken], np.ones(len(taken)), "area")
        endmembers, why = choose_endmembers(pure, cut, choices.seed)
        error = np.nan
    else:
        number = choices.n_components or min(scaled.shape)
        weighted = choices.weighting == "noise"
        factors = nmf.factorise(scaled, number, choices.seed, choices.init, weighted)
        endmembers, error = factors.spectra, factors.error
        why = _why(number, len(taken), choices)
    return (
        yield from share_out(
            _embedded(endmembers, channels, spectra.shape[1]),
            spectra, measured, map_shape, why, included=included, channels=channels, factor_error=error,
        )
    )  # fmt: skip


def _channels_of(choices: UnmixingChoices, energy: EnergyAxis | None, n_channels: int) -> slice:
    """The channels that take part in the unmixing; ``slice(None)`` for all.

    Raises
    ------
    ValueError
        The range is no range, no channel lies in it, or there is no energy axis.
    """
    if not choices.energy_kev:
        return slice(None)
    if energy is None:
        raise ValueError(
            "unmixing.energy_kev asks for a range of energies, but these are maps without an energy axis. "
            "Leave it empty."
        )
    if len(choices.energy_kev) != 2 or not choices.energy_kev[0] < choices.energy_kev[1]:
        raise ValueError(
            f"A range of energies is [low, high] with low < high; found {list(choices.energy_kev)}."
        )
    low, high = choices.energy_kev
    channels = energy.window(low, high)
    if channels.stop <= channels.start:
        per_kev, unit = energy.per_kev, energy.unit
        raise ValueError(
            f"No channel lies between {low * per_kev:g} and {high * per_kev:g} {unit}; this map covers "
            f"{energy.low_kev * per_kev:.4g} to {energy.high_kev * per_kev:.4g} {unit}."
        )
    return slice(None) if channels == slice(0, n_channels) else channels


def _embedded(spectra: np.ndarray, channels: slice, n_channels: int) -> np.ndarray:
    """Spectra of some channels on the whole axis, 0 elsewhere."""
    if channels == slice(None):
        return spectra
    whole = np.zeros((len(spectra), n_channels))
    whole[:, channels] = spectra
    return whole


def _included(spectra: np.ndarray, choices: UnmixingChoices, numbers: Sequence[int]) -> tuple[int, ...]:
    counted = np.flatnonzero(np.maximum(spectra, 0).sum(axis=1) > 0)
    if not counted.size:
        raise ValueError(
            "No phase holds any counts, so there is nothing to unmix. "
            "Lower the least probability, or find phases first."
        )
    if not choices.phases:
        return tuple(int(one) for one in counted)
    row_of = {number: row for row, number in enumerate(numbers)}
    for asked in choices.phases:
        if asked not in row_of:
            known = ", ".join(str(number) for number in sorted(row_of))
            raise ValueError(f"unmixing.phases asks for phase {asked}; there are phases {known}.")
        if row_of[asked] not in counted:
            raise ValueError(f"Phase {asked} of unmixing.phases holds no counts. Leave it out.")
    return tuple(sorted({row_of[asked] for asked in choices.phases}))


def _why(n_components: int, n_spectra: int, choices: UnmixingChoices) -> str:
    scale = {
        "area": "each scaled to the same area",
        "maximum": "each scaled to the same maximum",
        "pixel": "in counts per pixel",
        "none": "as summed",
    }[choices.normalisation]
    noise = ", channels weighted for counting noise" if choices.weighting == "noise" else ""
    components = "1 component" if n_components == 1 else f"{n_components} components"
    of = "1 phase spectrum" if n_spectra == 1 else f"{n_spectra} phase spectra"
    return f"NMF: {components} of {of}, {scale}{noise}, started by {choices.init}."
