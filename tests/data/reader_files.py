"""Small maps as HyperSpy writes them; ``instrument_files`` writes what instruments do."""

from __future__ import annotations

import warnings
from pathlib import Path

import h5py
import numpy as np


def poisson_map(n_y: int = 5, n_x: int = 7, n_channels: int = 300, seed: int = 0) -> np.ndarray:
    """(n_y, n_x, n_channels) uint16 counts."""
    return np.random.default_rng(seed).poisson(0.3, (n_y, n_x, n_channels)).astype(np.uint16)


def axis(name, size, scale=1.0, units="um", offset=0.0, navigate=True, index=0):
    """One axis as rosettasciio's writers take it."""
    return {
        "_type": "UniformDataAxis", "name": name, "size": size, "offset": offset, "scale": scale,
        "units": units, "navigate": navigate, "index_in_array": index,
    }  # fmt: skip


def signal(data, axes=None, signal_type="EDS_SEM", title="map", metadata=None):
    """A signal as rosettasciio's writers take it: by default 0.5 um pixels, 20 eV channels from -0.1 keV."""
    if axes is None:
        names = ("height", "width")[2 - (data.ndim - 1) :]
        axes = [
            axis(name, size, 0.5, index=i)
            for i, (name, size) in enumerate(zip(names, data.shape, strict=False))
        ]
        axes.append(axis("Energy", data.shape[-1], 0.02, "keV", -0.1, navigate=False, index=data.ndim - 1))
    described = {
        "General": {"title": title, "original_filename": "test"},
        "Signal": {"signal_type": signal_type},
        "Acquisition_instrument": {"SEM": {"beam_energy": 15.0, "Detector": {"EDS": {"live_time": 3.0}}}},
        "Sample": {"elements": ["Fe", "Si"]},
    }
    return {
        "data": data, "axes": axes, "metadata": {**described, **(metadata or {})}, "original_metadata": {},
        "tmp_parameters": {}, "attributes": {"_lazy": False, "ragged": False}, "learning_results": {},
        "package_info": {"package": "test", "package_version": "1"}, "models": {},
    }  # fmt: skip


def image_signal(image, title="BSE", scale=0.5):
    """A grey image as rosettasciio's writers take it."""
    axes = [
        axis(n, s, scale, navigate=False, index=i)
        for i, (n, s) in enumerate(zip("yx", image.shape, strict=True))
    ]
    return signal(image, axes, "", title)


def write_hspy(path: Path, *signals, **options) -> Path:
    """A .hspy file of one or several signals; options as chunks."""
    from rsciio.hspy._api import HyperspyWriter

    with h5py.File(path, "w") as file:
        file.attrs["file_format"], file.attrs["file_format_version"] = "HyperSpy", "3.3"
        for one in signals:
            group = file.require_group(f"Experiments/{one['metadata']['General']['title']}")
            HyperspyWriter(file, one, group, **{"chunks": None, "shuffle": True, **options}).write()
    return path


def write_zspy(path: Path, one, zipped: bool = False) -> Path:
    """A .zspy store, a folder or zipped, in the zarr format that HyperSpy writes (version 2)."""
    import zarr
    from rsciio.zspy._api import ZspyWriter

    store = zarr.storage.ZipStore(str(path), mode="w") if zipped else str(path)
    root = zarr.open_group(store=store, mode="w", zarr_format=2)
    root.attrs["file_format"], root.attrs["file_format_version"] = "ZSpy", "3.3"
    group = root.require_group("Experiments").require_group(one["metadata"]["General"]["title"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # attributes are written twice, which a zip keeps twice
        ZspyWriter(root, one, group, chunks=None).write()
        if zipped:
            store.close()
    return path
