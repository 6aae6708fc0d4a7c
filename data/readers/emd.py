"""Electron microscopy datasets (.emd): two formats that share an ending."""

from __future__ import annotations

from pathlib import Path

from data.readers import arrays, velox
from data.readers.dense_blocks import Progress
from data.spectrum_image import SpectrumImage


def read(path: Path, progress: Progress) -> tuple[SpectrumImage, ...]:
    """The EDS signals of a Velox file (event streams) or of one of the Berkeley kind (arrays)."""
    return (velox if velox.is_velox(path) else arrays).read(path, progress)
