"""A synthetic map and its truth on disk, as npz without pickles."""

from __future__ import annotations

import dataclasses
import json
import os
import threading
import zipfile
import zlib
from pathlib import Path

import numpy as np
from scipy import sparse

from data.axes import EnergyAxis
from data.spectrum_image import SpectrumImage
from data.synthetic_truth import SyntheticTruth

# what numpy, zip, JSON and our own types raise where a file holds something else than was written
DAMAGE = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error)


def save(path: Path, image: SpectrumImage, truth: SyntheticTruth) -> None:
    """Write a synthetic map with its truth; raises OSError where that is not possible.

    It is written under a temporary name and renamed: another process never reads half a file.
    """
    facts = {
        "shape": image.shape,
        "energy": dataclasses.asdict(image.energy),
        "pixel_size_um": image.pixel_size_um,
        "beam_kev": image.beam_kev,
        "elements": image.elements,
        "title": image.title,
        "dataset_id": image.dataset_id,
        "notes": image.notes,
        "phase_names": truth.phase_names,
        "trace": truth.trace,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        with partial.open("wb") as file:
            np.savez(
                file,
                facts=np.array(json.dumps(facts)),
                indptr=image.counts.indptr,
                indices=image.counts.indices.astype(np.uint16),
                data=image.counts.data,
                spectra=truth.spectra,
                share=truth.share,
                label=truth.label,
                mean_counts=truth.mean_counts,
                **{f"navigation/{name}": grey for name, grey in image.navigation.items()},
            )
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def load(path: Path) -> tuple[SpectrumImage, SyntheticTruth]:
    """Read what :func:`save` wrote; raises FileNotFoundError, or one of DAMAGE."""
    with np.load(path, allow_pickle=False) as stored:
        facts = json.loads(str(stored["facts"]))
        n_y, n_x = facts["shape"]
        energy = EnergyAxis(**facts["energy"])
        counts = sparse.csr_matrix(
            (stored["data"], stored["indices"].astype(np.int32), stored["indptr"]),
            shape=(n_y * n_x, energy.n_channels),
        )
        image = SpectrumImage(
            counts=counts,
            shape=(n_y, n_x),
            energy=energy,
            pixel_size_um=facts["pixel_size_um"],
            navigation={
                name.partition("/")[2]: stored[name]
                for name in stored.files
                if name.startswith("navigation/")
            },
            beam_kev=facts["beam_kev"],
            elements=tuple(facts["elements"]),
            title=facts["title"],
            dataset_id=facts["dataset_id"],
            notes=tuple(facts["notes"]),
        )
        return image, SyntheticTruth(
            phase_names=tuple(facts["phase_names"]),
            spectra=stored["spectra"],
            share=stored["share"],
            label=stored["label"],
            mean_counts=stored["mean_counts"],
            trace=facts["trace"],
        )
