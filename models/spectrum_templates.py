"""A sum spectrum as background plus templates of elements: peak clipping and non-negative least squares.

The background is clipped as by Ryan et al., Nucl. Instrum. Methods B 34, 396 (1988). Each K, L or M family
of an element is one template with fixed relative intensities. What real detectors add to ideal peaks, sum
peaks, tails, a calibration that is slightly off, has columns of its own, so that it is not mistaken for
elements.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.optimize import nnls

from data.axes import EnergyAxis
from data.electron_scattering import escaping_share
from data.element_abundance import known_elements
from data.silicon_detector import SILICON_KA_KEV, Instrument, escape_fraction
from data.xray_lines import XrayLine, detector_fwhm_kev, lines_of, transitions_of

_CLIPPING_FWHM = 2.5  # reach of the background's bridges over peaks
_TAIL_KEV = 0.06  # decay of the low-energy tail of incomplete charge collection
# Templates are ideal: near a strong peak they are wrong by a few per cent of it
MODEL_ERROR = 0.03
# A softer family may be chosen only after the harder one that the beam excites as well: who claims zinc
# for its L line beside sodium must show the K line
_WELL_EXCITED = 1.45
_NEVER_SOLID = ("Ne", "Ar", "Kr", "Xe")
_FOIL_KEV, _SOFT_KEV = 60.0, 3.2
_MOST_SHIFT_KEV = 0.1
# what detectors have: 20 to 110 eV of noise, a Fano factor of 0.09 to 0.2
_NOISE_KEV2, _SPREAD_KEV = (0.0004, 0.0121), (0.0018, 0.0041)


@dataclass(frozen=True)
class Response:
    """Where energies fall on the channels, and how wide: the axis of a file, corrected by its own peaks."""

    axis: EnergyAxis
    # FWHM^2 = noise + spread * energy, keV^2 and keV: at first those of a detector of 129 eV
    noise_kev2: float = float(detector_fwhm_kev(0.0) ** 2)
    spread_kev: float = float(detector_fwhm_kev(1.0) ** 2 - detector_fwhm_kev(0.0) ** 2)

    def fwhm_kev(self, energy_kev: float | np.ndarray) -> float | np.ndarray:
        """Full width at half maximum of a line, keV."""
        return np.sqrt(self.noise_kev2 + self.spread_kev * np.maximum(energy_kev, 0.0))

    def peak(self, energy_kev: float) -> np.ndarray:
        """A line of one count with its escape peak, (n_channels,) float64."""
        escape = float(escape_fraction(np.array([energy_kev]))[0])
        shape = (1.0 - escape) * self._gaussian(energy_kev)
        return shape + escape * self._gaussian(energy_kev - SILICON_KA_KEV) if escape > 0 else shape

    def top_hat(self, energy_kev: float) -> np.ndarray:
        """Weights whose sum with a spectrum is a peak's height over its own flanks: 0 for a straight line."""
        fwhm, overlap = self.fwhm_kev(energy_kev), self.axis.overlap
        centre = overlap(energy_kev - 0.5 * fwhm, energy_kev + 0.5 * fwhm).astype(np.float64)
        flanks = overlap(energy_kev - 1.25 * fwhm, energy_kev + 1.25 * fwhm)
        flanks = flanks - overlap(energy_kev - 0.75 * fwhm, energy_kev + 0.75 * fwhm)
        return centre - flanks * centre.sum() / max(float(flanks.sum()), 1e-9)

    def corrected(self, fit: Fit, axis: EnergyAxis) -> Response:
        """The response after a Newton step on offset, gain and width; ``axis`` is that of the file."""
        shift, stretch, bend, bend_stretch = fit.imperfection
        scale = self.axis.scale_kev
        offset = self.axis.offset_kev - shift * scale
        gain = scale * (1.0 - stretch * scale / self.axis.high_kev)
        step = replace(self.axis, offset_kev=offset, scale_kev=gain)
        if np.abs(step.energy_kev - axis.energy_kev)[axis.window(0.2, 7.0)].max(initial=0) > _MOST_SHIFT_KEV:
            step = self.axis
        # convolution with a Gaussian of variance v adds v / 2 times the second derivative
        squared = 8.0 * math.log(2.0) * 2.0 * scale**2
        noise = self.noise_kev2 + squared * bend
        spread = self.spread_kev + squared * bend_stretch / self.axis.high_kev
        return Response(step, float(np.clip(noise, *_NOISE_KEV2)), float(np.clip(spread, *_SPREAD_KEV)))

    def _gaussian(self, energy_kev: float) -> np.ndarray:
        sigma = self.fwhm_kev(energy_kev) / 2.3548
        z = (self.axis.energy_kev - energy_kev) / sigma
        return self.axis.scale_kev / (sigma * math.sqrt(2 * math.pi)) * np.exp(-0.5 * z**2)


@dataclass(frozen=True)
class Family:
    """Lines of one shell of one element that keep their ratios; ``needs`` must be seen before it.

    ``intensity`` is that of every line where all lines of the main group have 1 together.
    """

    element: str
    family: str
    main: XrayLine
    lines: tuple[XrayLine, ...]
    intensity: tuple[float, ...]
    needs: str | None

    def template(self, response: Response) -> np.ndarray:
        """All lines in their relative intensities, one count in the main group: (n_channels,)."""
        return sum(
            share * response.peak(one.energy_kev)
            for one, share in zip(self.lines, self.intensity, strict=True)
        )


@dataclass(frozen=True, eq=False)
class Fit:
    """Families fitted to a spectrum.

    Attributes
    ----------
    amplitude, sigma : (n_families,) counts of the main lines and their significance
    residual, variance : (n_channels,) what is left, counts, and its variance with the templates' error
    imperfection : what is left of offset (channels), gain (channels at the end of the axis), noise and
        spread with energy (half the missing variance, channels squared, the latter at the end of the axis)
    """

    amplitude: np.ndarray
    sigma: np.ndarray
    residual: np.ndarray
    variance: np.ndarray
    imperfection: tuple[float, float, float, float]


def families_on(axis: EnergyAxis, beam_kev: float) -> list[Family]:
    """Every family of a natural element whose main line the beam excites and the axis shows."""
    found = []
    for element in known_elements():
        if element in _NEVER_SOLID:
            continue
        harder = None
        for family in ("K", "L", "M"):
            main = next((one for one in lines_of(element) if one.name == f"{element}_{family}a"), None)
            if main is None or main.edge_kev >= beam_kev:
                continue
            half = 0.5 * detector_fwhm_kev(main.energy_kev)
            if not axis.low_kev + half < main.energy_kev < axis.high_kev - half:
                continue
            excited = [
                one for one in transitions_of(element) if one.family == family and one.edge_kev < beam_kev
            ]
            soft = [one for one in excited if one.name.endswith(("_Ll", "_Ln"))]
            if harder == "K" and soft and axis.low_kev < soft[0].energy_kev:
                # La of Ti to Zn is absorbed at its own edge and Ll is not: their ratio is free, else the
                # rest of Ti_Ll would be taken for nitrogen
                excited = [one for one in excited if one not in soft]
                found.append(_family("Ll", soft[0], soft, harder, beam_kev))
            found.append(_family(family, main, excited, harder, beam_kev))
            if beam_kev >= _WELL_EXCITED * main.edge_kev:
                harder = family
    return found


def _family(name: str, main: XrayLine, lines: list[XrayLine], needs: str | None, beam_kev: float) -> Family:
    share = np.array([one.photon_yield for one in lines]) * _measured_share(main.element, lines, beam_kev)
    group = [one.name == main.name or one.name.startswith(main.name) for one in lines]
    return Family(main.element, name, main, tuple(lines), tuple(share / share[group].sum()), needs)


def _measured_share(element: str, lines: list[XrayLine], beam_kev: float) -> np.ndarray:
    """How much of every line is excited, comes out and is counted, beside the others; any one unit.

    Shells of a family have edges of their own, and a line beyond one of them is absorbed by its own
    element: the Lb of iron loses half. That is allowed for where it matters, in soft families, with an
    oxide of the element in place of the sample; beams above 60 kV go through foils that absorb little.
    """
    energy = np.array([one.energy_kev for one in lines])
    edge = np.array([one.edge_kev for one in lines])
    counted = Instrument().efficiency(energy)
    if not math.isfinite(beam_kev):
        return counted
    # Green & Cosslett, Proc. Phys. Soc. 78, 1206 (1961)
    counted = counted * np.maximum(beam_kev / edge - 1.0, 1e-3) ** 1.67
    if beam_kev > _FOIL_KEV or energy.max() > _SOFT_KEV:
        return counted
    oxide = {element: 1.0} if element == "O" else {element: 0.7, "O": 0.3}
    return counted * escaping_share(oxide, energy, edge, beam_kev, Instrument().take_off_deg)


def clipped_background(counts: np.ndarray, response: Response) -> np.ndarray:
    """Background under the peaks of a spectrum by peak clipping (SNIP), (n_channels,) float64, counts."""
    fwhm_channels = response.fwhm_kev(response.axis.energy_kev) / response.axis.scale_kev
    # smoothed by less than the resolution, so that the clipping does not follow the lowest noise
    smooth = gaussian_filter1d(counts, 0.17 * fwhm_channels.mean() + 1.0, mode="nearest")
    # the logarithms level peaks of very different heights
    level = np.log(np.log(np.sqrt(np.maximum(smooth, 0.0) + 1.0) + 1.0) + 1.0)
    reach = np.rint(_CLIPPING_FWHM * fwhm_channels).astype(int)
    channel = np.arange(level.size)
    for width in range(int(reach.max()), 0, -1):
        left, right = np.maximum(channel - width, 0), np.minimum(channel + width, level.size - 1)
        bridge = 0.5 * (level[left] + level[right])
        level = np.where((width <= reach) & (bridge < level), bridge, level)
    return (np.exp(np.exp(level) - 1.0) - 1.0) ** 2 - 1.0


def fit_templates(templates: np.ndarray, counts: np.ndarray, background: np.ndarray, axis: EnergyAxis) -> Fit:
    """Amplitudes of templates, none negative, that with the background explain the counts best.

    Parameters
    ----------
    templates : (n_families, n_channels)
    counts, background : (n_channels,)
    """
    net = counts - background
    lines = np.concatenate([templates, pile_up(net, axis)[None]])
    counted = np.maximum(gaussian_filter1d(counts, 3.0), 1.0)
    amplitude, _ = nnls((lines / np.sqrt(counted)).T, net / np.sqrt(counted))
    # the second time with what is wrong with ideal peaks, which needs the first fit
    model = amplitude @ lines
    columns = np.concatenate([lines, imperfections(model, axis)])
    variance = counted + (MODEL_ERROR * model) ** 2
    weight = 1.0 / np.sqrt(variance)
    amplitude, _ = nnls((columns * weight).T, net * weight)
    normal = (lines / variance) @ lines.T
    spread = np.sqrt(np.diag(np.linalg.pinv(normal, hermitian=True)))
    n, n_lines = len(templates), len(lines)
    wrong = amplitude[n_lines : n_lines + 8]
    return Fit(
        amplitude[:n],
        amplitude[:n] / np.maximum(spread[:n], 1e-12),
        net - amplitude @ columns,
        variance,
        (wrong[1] - wrong[0], wrong[3] - wrong[2], wrong[4] - wrong[5], wrong[6] - wrong[7]),
    )


def pile_up(net: np.ndarray, axis: EnergyAxis) -> np.ndarray:
    """Shape of the sum peaks, two photons counted as one: (n_channels,) of sum 1 or, without any, 0."""
    signal = np.maximum(net, 0.0)
    # the energies of channels c1 and c2 add up to that of channel c1 + c2 + offset / scale
    pairs = np.convolve(signal, signal)
    shift = round(axis.offset_kev / axis.scale_kev)
    shape = np.zeros_like(signal)
    part = pairs[max(-shift, 0) :][: max(0, shape.size - max(shift, 0))]
    shape[max(shift, 0) : max(shift, 0) + part.size] = part
    return shape / shape.sum() if shape.sum() > 0 else shape


def imperfections(model: np.ndarray, axis: EnergyAxis) -> np.ndarray:
    """What a real detector does to ideal peaks, to first order: (9, n_channels).

    Peaks off by an offset or a gain, wider or narrower than expected (each with both signs, for the
    fit takes no negative amplitude), and a tail of incomplete charge collection on the low side.
    """
    slope = np.gradient(model)
    bend = np.gradient(slope)
    along = axis.energy_kev / axis.high_kev
    decay = np.exp(-np.arange(0, int(6 * _TAIL_KEV / axis.scale_kev)) * axis.scale_kev / _TAIL_KEV)
    tail = np.convolve(model[::-1], decay / decay.sum())[: model.size][::-1]
    return np.stack(
        [slope, -slope, slope * along, -slope * along, bend, -bend, bend * along, -bend * along, tail]
    )
