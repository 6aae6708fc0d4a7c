"""Claim: a 4096 x 4096 x 2048-channel map opens and clusters in a process of less than 8 GB.

The map is a polished granodiorite of some 50 counts per pixel, computed strip by strip and written in blocks
by a process of its own. It is opened by its reader and goes through the default recipe: line maps, latent
space, latent clusters, refinement, phase map, end-members. Memory is what the process itself holds (resident
and anonymous), sampled fifty times a second; the cache of the disk is not its own. The peer is the same
recipe on a 1024 x 1024 piece of the same map in memory, as time per pixel.

By default the map is 2048 x 2048; ``--side 4096`` is the claim itself, most of an hour on two cores.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.metrics import adjusted_rand_score

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from data import blocked_image  # noqa: E402
from data.block_writer import BlockWriter  # noqa: E402
from data.readers import open_dataset  # noqa: E402
from data.readers.conversions import Room  # noqa: E402
from data.spectrum_image import SpectrumImage  # noqa: E402
from headless.peak_memory import PeakMemory  # noqa: E402

LIMIT_GB = 8.0
STRIP_PIXELS = 2**20
PEER_SIDE = 1024


def held() -> int:
    """Anonymous resident memory of this process, bytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024
    raise OSError("/proc/self/status does not tell RssAnon: this measures on Linux alone.")


def make(folder: Path, side: int, counts_per_pixel: float, seed: int) -> None:
    """Write the map, and the phase of every pixel, into a folder."""
    from data.synthetic import rock_section

    rows = max(32, min(side, STRIP_PIXELS // side))
    label = np.lib.format.open_memmap(folder / "label.npy", mode="w+", dtype=np.int16, shape=(side, side))
    path = folder / f"map{blocked_image.ENDING}"
    with blocked_image.unfinished(path) as partial:
        writer, made = None, None
        for number, top in enumerate(range(0, side, rows)):
            made, truth = rock_section(seed + number, min(rows, side - top), side, counts_per_pixel)
            writer = writer or BlockWriter(partial, side, made.counts.shape[1])
            writer.add(made.counts)
            label[top : top + rows] = truth.label
        writer.finish({})
        whole = replace(made, navigation={}, title="Large granodiorite", dataset_id=f"large-{side}-{seed}")
        blocked_image.describe(partial, whole)
    label.flush()


def find(image: SpectrumImage, memory: PeakMemory) -> tuple[np.ndarray, dict[str, float]]:
    """Labels of the phases under the default recipe, and seconds of every stage."""
    from models.phases import run
    from models.recipe import PhasesRecipe

    stage, result, last = "", None, time.monotonic()
    for report in run(image, PhasesRecipe()):
        if report.stage != stage or time.monotonic() - last > 60:
            stage, last = report.stage, time.monotonic()
            memory.enter(stage)
            print(
                f"  {report.fraction:4.0%} {report.stage:12s} {held() / 1e9:5.2f} GB  {report.message}",
                flush=True,
            )
        result = report.partial or result
    return result.phases.label, dict(result.seconds)


def main() -> int:
    """Make the map, go through it, print the figures; 1 where the limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=2048, help="pixels on a side")
    parser.add_argument("--counts", type=float, default=50.0, help="counts per pixel")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-peer", action="store_true", help="leave out the piece in memory")
    parser.add_argument(
        "--folder", type=Path, help="where the map is kept; by default it is deleted at the end"
    )
    parser.add_argument("--make", action="store_true", help="only make the map, in --folder")
    options = parser.parse_args()
    if options.make:
        make(options.folder, options.side, options.counts, options.seed)
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        path = folder / f"map{blocked_image.ENDING}"
        if not path.exists():
            started = time.perf_counter()
            given = ("--side", options.side, "--counts", options.counts, "--seed", options.seed)
            command = [sys.executable, __file__, "--make", "--folder", folder, *given]
            subprocess.run([str(one) for one in command], check=True)
            print(f"made in {time.perf_counter() - started:.0f} s", flush=True)
        return _measure(path, np.load(folder / "label.npy", mmap_mode="r"), not options.no_peer)


def _measure(path: Path, truth: np.ndarray, with_peer: bool) -> int:
    with PeakMemory(held) as memory:
        memory.enter("open")
        started = time.perf_counter()
        image = open_dataset(path, room=Room(0, path.parent)).datasets[0]
        opened = time.perf_counter() - started
        store, n_y, n_x = image.counts.source.store, *image.shape
        n_counts = image.counts.sum() / image.n_pixels
        print(f"map            {n_y} x {n_x} x {store.n_channels}, {n_counts:.0f} counts per pixel")
        print(f"counts as CSR  {store.n_bytes / 1e9:.1f} GB, in {store.n_blocks} blocks on disk")
        print(f"opened in      {opened:.2f} s", flush=True)
        label, seconds = find(image, memory)
    whole, score = sum(seconds.values()), adjusted_rand_score(truth.ravel(), label.ravel())
    peaks = memory.peaks()  # MB
    peak = max(peaks.values()) / 1e3
    print(f"peak memory    {peak:.2f} GB; limit {LIMIT_GB:g} GB")
    print(f"time           {whole:.0f} s, agreement with the truth {score:.3f}")
    piece, of_piece = None, {}
    if with_peer:
        side = min(PEER_SIDE, n_y, n_x)
        piece = replace(image.crop(slice(0, side), slice(0, side)), dataset_id="")
        if piece.in_blocks:
            piece = replace(piece, counts=piece.counts.at_hand())
        del image, label
        with PeakMemory(held) as other:
            label, of_piece = find(piece, other)
        whole, score = sum(of_piece.values()), adjusted_rand_score(truth[:side, :side].ravel(), label.ravel())
        peak_there = max(other.peaks().values()) / 1e3
        print(f"in memory      {side} x {side}: {whole:.0f} s, {peak_there:.2f} GB, agreement {score:.3f}")
    for stage, spent in seconds.items():
        line = f"  {stage:12s} {peaks.get(stage, float('nan')) / 1e3:5.2f} GB {spent:8.1f} s"
        if of_piece:
            ratio = (spent / (n_y * n_x)) / max(of_piece[stage] / piece.n_pixels, 1e-12)
            line += f", per pixel {ratio:.2f} times that in memory ({of_piece[stage]:.1f} s)"
        print(line)
    return int(peak > LIMIT_GB)


if __name__ == "__main__":
    sys.exit(main())
