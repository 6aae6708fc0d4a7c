"""A silicon drift detector and its beam: efficiency, resolution, escape peaks; mass attenuation of elements.

Escape peaks follow S. J. B. Reed & N. G. Ware, J. Phys. E 5, 582 (1972); mass attenuation from xraydb.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import xraydb
from scipy.special import erf

from data.axes import EnergyAxis
from data.xray_lines import detector_fwhm_kev

LOWEST_TABLE_KEV = 0.1  # the attenuation tables end here
_HIGHEST_KEV = 300.0
SILICON_KA_KEV = 1.740
_SILICON_EDGE_KEV = 1.839
_SILICON_YIELD, _SILICON_JUMP = 0.043, 10.37
_POLYIMIDE = {"C": 0.69, "H": 0.03, "N": 0.07, "O": 0.21}


@dataclass(frozen=True)
class Instrument:
    """Beam and detector of a measurement.

    ``zero_share`` is the share of the noise (strobe) peak in the counts of an average pixel;
    ``coating_nm`` the thickness of the carbon that makes the sample conductive; below ``threshold_kev``
    the pulse processor records nothing but that noise.
    """

    beam_kev: float = 20.0
    take_off_deg: float = 35.0
    mn_ka_fwhm_kev: float = 0.129
    threshold_kev: float = 0.10
    zero_share: float = 0.05
    coating_nm: float = 20.0
    window_polymer_nm: float = 340.0
    window_aluminium_nm: float = 60.0
    window_open_area: float = 0.77
    dead_layer_nm: float = 100.0
    silicon_mm: float = 0.45

    def efficiency(self, energy_kev: np.ndarray) -> np.ndarray:
        """Fraction of the photons of every energy that the detector counts, 0..1.

        A polymer window on a silicon grid, its aluminium light shield, the dead layer, and the depth of
        silicon that stops hard photons.
        """
        polymer = attenuation(_POLYIMIDE, energy_kev) * 1.4 * self.window_polymer_nm * 1e-7
        shield = attenuation({"Al": 1.0}, energy_kev) * 2.70 * self.window_aluminium_nm * 1e-7
        silicon_per_cm = attenuation({"Si": 1.0}, energy_kev) * 2.33
        ribs = np.exp(-silicon_per_cm * 0.038)  # 380 um deep: they block all but the hardest photons
        window = np.exp(-polymer - shield) * (self.window_open_area + (1.0 - self.window_open_area) * ribs)
        alive = np.exp(-silicon_per_cm * self.dead_layer_nm * 1e-7)
        stopped = -np.expm1(-silicon_per_cm * 0.1 * self.silicon_mm)
        return window * alive * stopped

    def record(self, energy_kev: np.ndarray, photons: np.ndarray, axis: EnergyAxis) -> np.ndarray:
        """Spectrum that photons reaching the detector leave: (n_channels,) float64, expected counts."""
        counted = photons * self.efficiency(energy_kev)
        escape = escape_fraction(energy_kev)
        spectrum = self.broadened(energy_kev, counted * (1.0 - escape), axis)
        above = escape > 0
        spectrum += self.broadened(energy_kev[above] - SILICON_KA_KEV, (counted * escape)[above], axis)
        spectrum[axis.energy_kev < self.threshold_kev] = 0.0
        return spectrum

    def broadened(self, energy_kev: np.ndarray, counts: np.ndarray, axis: EnergyAxis) -> np.ndarray:
        """Counts of sharp lines spread over the channels by the detector's resolution, (n_channels,)."""
        sigma = np.asarray(detector_fwhm_kev(energy_kev, self.mn_ka_fwhm_kev)) / 2.3548
        if sigma.size == 0:
            return np.zeros(axis.n_channels)
        reach = int(np.ceil(5.0 * sigma.max() / axis.scale_kev)) + 1
        centre = np.rint((energy_kev - axis.offset_kev) / axis.scale_kev).astype(np.int64)
        channel = centre[:, None] + np.arange(-reach, reach + 1)  # (n_lines, n_near)
        low_edge = axis.low_kev + axis.scale_kev * channel
        scale = 1.0 / (np.sqrt(2.0) * sigma[:, None])
        below = erf((low_edge - energy_kev[:, None]) * scale)
        above = erf((low_edge + axis.scale_kev - energy_kev[:, None]) * scale)
        part = 0.5 * counts[:, None] * (above - below)
        inside = (channel >= 0) & (channel < axis.n_channels)
        # of no photon at all, numpy returns integers
        return np.bincount(channel[inside], part[inside], minlength=axis.n_channels).astype(np.float64)

    def zero_peak(self, axis: EnergyAxis) -> np.ndarray:
        """The strobe peak, electronic noise around 0 keV: (n_channels,) float64 of sum 1."""
        peak = self.broadened(np.zeros(1), np.ones(1), axis)
        if peak.sum() <= 0:
            raise ValueError(f"The axis begins at {axis.low_kev:.3f} keV: it has no room for a zero peak.")
        return peak / peak.sum()


def attenuation(fractions: Mapping[str, float], energy_kev: np.ndarray) -> np.ndarray:
    """Mass attenuation coefficient of a mixture by mass, cm2/g; below 0.1 keV the value at 0.1 keV."""
    log_energy = np.log(np.maximum(np.atleast_1d(energy_kev), LOWEST_TABLE_KEV))
    return sum(
        share * np.exp(np.interp(log_energy, *_attenuation_table(element)))
        for element, share in fractions.items()
    )


@lru_cache(maxsize=128)
def _attenuation_table(element: str) -> tuple[np.ndarray, np.ndarray]:
    """Log energy (keV) and log attenuation (cm2/g) of an element: power laws between steps at the edges.

    xraydb's spline costs some 40 us a point; these 300 points a hundredth of a spectrum's.
    """
    edge_kev = np.array([edge.energy / 1e3 for edge in xraydb.xray_edges(element).values()])
    grid = np.geomspace(LOWEST_TABLE_KEV, _HIGHEST_KEV, 250)
    grid = np.concatenate([grid, edge_kev * (1 - 1e-6), edge_kev * (1 + 1e-6)])
    grid = np.unique(grid[(grid >= LOWEST_TABLE_KEV) & (grid <= _HIGHEST_KEV)])
    return np.log(grid), np.log(xraydb.mu_elam(element, 1e3 * grid))


def escape_fraction(energy_kev: np.ndarray) -> np.ndarray:
    """Share of the photons whose silicon K photon leaves the detector (Reed & Ware), 0 below 1.84 keV."""
    energy_kev = np.atleast_1d(energy_kev)
    incoming = attenuation({"Si": 1.0}, energy_kev)
    outgoing = attenuation({"Si": 1.0}, np.array([SILICON_KA_KEV]))[0]
    lost = 1.0 - outgoing / incoming * np.log1p(incoming / outgoing)
    share = 0.5 * _SILICON_YIELD * (1.0 - 1.0 / _SILICON_JUMP) * lost
    return np.where(energy_kev > _SILICON_EDGE_KEV, share, 0.0)
