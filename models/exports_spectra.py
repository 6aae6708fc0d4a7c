"""Spectra as MSA text (EMSA/MAS, ISO 22029), which every EDS program reads, and as one CSV table."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rsciio.msa import file_writer

from data.axes import EnergyAxis
from models.exports_files import distinct_names, file_name, table_csv, zipped


@dataclass(frozen=True, eq=False)
class NamedSpectrum:
    """A spectrum to be written: its name and (n_channels,) intensities, counts unless said otherwise."""

    name: str
    intensity: np.ndarray


def spectrum_msa(
    spectrum: NamedSpectrum,
    energy: EnergyAxis,
    beam_kev: float | None = None,
    live_time_s: float | None = None,
    comment: str = "",
    intensity_unit: str = "Counts",
) -> bytes:
    """One spectrum as an MSA file: required keywords in the order of the standard, one value a line.

    Parameters
    ----------
    spectrum : its name is the title
    energy : the axis, in keV (eV for losses); without calibration the channel number
    beam_kev, live_time_s : keV and s, where known
    comment : a free line, e.g. which pixels were summed
    intensity_unit : what the values are

    Raises
    ------
    ValueError
        The spectrum does not have as many channels as the axis.
    """
    values = np.asarray(spectrum.intensity, np.float64)
    if values.shape != (energy.n_channels,):
        raise ValueError(
            f"{spectrum.name}: a spectrum of shape {values.shape} does not fit an axis of "
            f"{energy.n_channels} channels."
        )
    signal_type = "ELS" if energy.kind == "loss" else "EDS"
    # the writer sets the keywords in the order in which they are given to it; the standard asks for this one
    keywords = {
        "FORMAT": "EMSA/MAS Spectral Data File",
        "VERSION": "1.0",
        "TITLE": _plain(spectrum.name) or "Spectrum",
        "DATE": "",
        "TIME": "",
        "OWNER": "",
        "NPOINTS": energy.n_channels,
        "NCOLUMNS": 1,
        "XUNITS": energy.unit or "channel",
        "YUNITS": _plain(intensity_unit),
        "DATATYPE": "Y",
        "XPERCHAN": f"{energy.scale_kev * energy.per_kev:.9g}",
        "OFFSET": f"{energy.offset_kev * energy.per_kev:.9g}",
        "SIGNALTYPE": signal_type,
        "XLABEL": energy.label.partition(" (")[0],
        "YLABEL": "Intensity",
    }
    if beam_kev is not None:
        keywords["BEAMKV"] = f"{beam_kev:g}"
    if live_time_s is not None:
        keywords["LIVETIME"] = f"{live_time_s:g}"
    keywords["COMMENT"] = _plain(comment) or "Written by Lodestone"
    signal = {
        "data": values,
        "axes": [
            {
                "size": energy.n_channels,
                "scale": float(keywords["XPERCHAN"]),
                "offset": float(keywords["OFFSET"]),
                "units": keywords["XUNITS"],
                "name": keywords["XLABEL"],
            }
        ],
        "metadata": {"Signal": {"signal_type": signal_type}, "General": {"title": keywords["TITLE"]}},
        "original_metadata": keywords,
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spectrum.msa"
        file_writer(path, signal, format="Y", encoding="ascii")
        return path.read_bytes()


def spectra_msa(
    spectra: Sequence[NamedSpectrum], energy: EnergyAxis, **described: float | str | None
) -> tuple[bytes, str]:
    """One spectrum as MSA, several as a ZIP of MSA files; also the ending of the file, "msa" or "zip".

    ``described`` as the further arguments of :func:`spectrum_msa`.
    """
    if len(spectra) == 1:
        return spectrum_msa(spectra[0], energy, **described), "msa"
    # numbered: names of other scripts than Latin leave nothing for a file name
    files = {
        file_name(f"{number:02d}", spectrum.name, ending="msa"): spectrum_msa(spectrum, energy, **described)
        for number, spectrum in enumerate(spectra, 1)
    }
    return zipped(files), "zip"


def spectra_csv(
    spectra: Sequence[NamedSpectrum], axis: np.ndarray | Sequence[str], axis_name: str = "energy_kev"
) -> bytes:
    """Spectra as the columns of a table whose first column is the axis: energies in keV, or line names."""
    names = distinct_names([axis_name, *(spectrum.name for spectrum in spectra)])
    columns = [list(axis), *(np.asarray(spectrum.intensity) for spectrum in spectra)]
    return table_csv(dict(zip(names, columns, strict=True)), digits=9)


def _plain(text: str) -> str:
    """ASCII without the colons that readers take for the end of a keyword."""
    text = text.replace("µ", "u").replace("α", "a").replace("β", "b")
    return " ".join(text.encode("ascii", "replace").decode().replace(":", " ").split())
