"""Claim: a whole batch run on 512 x 512 x 2048 at 200 counts per pixel takes less than 1.5 GB, with torch.

The peer is the dense float32 copy of the same map, with which the usual notebooks begin. The map is computed,
written as a HyperSpy file and given to ``batch.py`` in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from data.spectrum_image import SpectrumImage  # noqa: E402
from data.synthetic import rock_section  # noqa: E402

LIMIT_MB = 1500


def write_hspy(image: SpectrumImage, path: Path) -> None:
    """Write a map as a HyperSpy file, one row of pixels at a time."""
    import dask.array as da
    from rsciio.hspy import file_writer

    n_y, n_x = image.shape
    n_channels = image.energy.n_channels
    rows = [image.counts[y * n_x : (y + 1) * n_x] for y in range(n_y)]

    def dense_rows(block_info=None) -> np.ndarray:
        (first, last), *_ = block_info[None]["array-location"]
        block = [rows[y].toarray().astype(np.uint8) for y in range(first, last)]
        return np.stack(block)

    data = da.map_blocks(dense_rows, chunks=((8,) * (n_y // 8), (n_x,), (n_channels,)), dtype=np.uint8)
    axes = [
        {"name": name, "size": size, "index_in_array": i, "scale": scale, "offset": offset, "units": unit,
         "navigate": i < 2}
        for i, (name, size, scale, offset, unit) in enumerate(
            [
                ("y", n_y, image.pixel_size_um, 0.0, "um"),
                ("x", n_x, image.pixel_size_um, 0.0, "um"),
                ("Energy", n_channels, image.energy.scale_kev, image.energy.offset_kev, "keV"),
            ]
        )
    ]  # fmt: skip
    metadata = {
        "General": {"title": image.title},
        "Signal": {"signal_type": "EDS_SEM"},
        "Sample": {"elements": list(image.elements)},
        "Acquisition_instrument": {"SEM": {"beam_energy": image.beam_kev}},
    }
    signal = {
        "data": data,
        "axes": axes,
        "metadata": metadata,
        "original_metadata": {},
        "attributes": {"_lazy": True},
        "package_info": {"package": "lodestone", "package_version": "0.1.0"},
        "learning_results": {},
        "models": {},
        "tmp_parameters": {},
    }
    file_writer(str(path), signal, compression=None, show_progressbar=False)


def main() -> int:
    """Make the map, run the batch, print the figures; 1 where the limit is exceeded."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--size", type=int, default=512, help="pixels on a side")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "map.hspy", Path(folder) / "result"
        image, _ = rock_section(1, options.size, options.size, 200.0)
        dense_mb = 4e-6 * image.n_pixels * image.energy.n_channels
        counts = image.counts_per_pixel().mean()
        write_hspy(image, path)
        del image
        started = time.perf_counter()
        command = [sys.executable, str(ROOT / "batch.py"), "phases", str(path), "--out", str(out)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        if status:
            return os.waitstatus_to_exitcode(status)
        metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    # kilobytes on Linux, bytes on macOS
    peak_mb = usage.ru_maxrss * (1024 if sys.platform != "darwin" else 1) / 1e6
    print(f"map            {options.size} x {options.size} x 2048, {counts:.0f} counts per pixel")
    print(f"dense float32  {dense_mb:6.0f} MB")
    print(
        f"whole batch    {peak_mb:6.0f} MB at most, {dense_mb / peak_mb:.1f} times less; limit {LIMIT_MB} MB"
    )
    for stage, peak in metrics["peak_memory_mb"].items():
        print(f"  {stage:12s} {peak:6.0f} MB {metrics['seconds'].get(stage, 0):7.1f} s")
    print(f"time           {seconds:6.0f} s, {metrics['phases']['found']} phases")
    return int(peak_mb > LIMIT_MB)


if __name__ == "__main__":
    sys.exit(main())
