"""A map that is small enough to find its phases in seconds."""

from __future__ import annotations

from pathlib import Path

from reader_files import axis, signal, write_hspy

from data import synthetic


def write_map(path: Path) -> None:
    """A particulate map of 64 x 64 pixels as a HyperSpy file."""
    image, _truth = synthetic.particulate(11, n_y=64, n_x=64, counts_per_pixel=200)
    size, energy = image.pixel_size_um, image.energy
    axes = [axis(name, 64, size, index=i) for i, name in enumerate(("height", "width"))]
    axes.append(
        axis("Energy", energy.n_channels, energy.scale_kev, "keV", energy.offset_kev, navigate=False, index=2)
    )
    metadata = {
        "Acquisition_instrument": {"SEM": {"beam_energy": image.beam_kev}},
        "Sample": {"elements": list(image.elements)},
    }
    dense = image.counts.toarray().reshape(*image.shape, -1)
    write_hspy(path, signal(dense, axes, title="Dust", metadata=metadata))
