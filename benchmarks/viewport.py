"""How long it takes to show what is visible and to select it, beside the usual tools on the same data.

    python -m benchmarks.viewport [--side 1024 2048] [--repeats 9]

Medians in ms on latent points and maps that look like real ones: grains on the map, one cloud in latent space
each. The screen is 600 x 600 pixels for maps and 480 x 480 for the latent space.

    view of an element map     area means        datashader.Canvas.raster
    view of a phase map        nearest pixels    datashader.Canvas.raster
    latent points, new view    bins and labels   datashader.Canvas.points by category, then the largest
    latent points, new labels  labels alone      the same: datashader starts from the points again
    lasso of n vertices        exact             skimage.measure.points_in_poly
    lasso on the map           exact             skimage.draw.polygon2mask
    spectrum of a selection    exact             scipy: counts[mask].sum
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import datashader
import numpy as np
import pandas as pd
import xarray
from scipy import sparse
from skimage.draw import polygon2mask
from skimage.measure import points_in_poly

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dashboard.lasso import lasso_in_points, lasso_on_map
from dashboard.latent_bins import LatentBins
from dashboard.viewport import Viewport, sample_mean, sample_nearest
from data import sparse_counts

SCREEN, LATENT_SCREEN = 600, 480
N_PHASES, EVENTS_PER_PIXEL, N_CHANNELS = 8, 100, 2048


def median_ms(work: Callable[[], object], repeats: int, patience_s: float = 3.0) -> float:
    """Median time of some work in ms, after a first run that may compile; fewer repeats where it is slow."""
    work()
    times: list[float] = []
    while len(times) < repeats and sum(times) < 1e3 * patience_s:
        start = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def grains(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels of square grains (side, side) int16, and a latent point of every pixel (side * side, 2)."""
    rng = np.random.default_rng(4)
    label = np.kron(rng.integers(0, N_PHASES, (32, 32)), np.ones((side // 32, side // 32))).astype(np.int16)
    centre = rng.normal(scale=3, size=(N_PHASES, 2))
    points = centre[label.ravel()] + rng.normal(scale=0.5, size=(label.size, 2))
    return label, points.astype(np.float32)


def star(n_vertices: int, size: float, x: float, y: float) -> np.ndarray:
    """A lasso with seven bays, (n_vertices, 2)."""
    angle = np.linspace(0, 2 * np.pi, n_vertices, endpoint=False)
    radius = size * (1 + 0.3 * np.sin(7 * angle))
    return np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])


def some_counts(n_pixels: int) -> sparse.csr_matrix:
    """A spectrum of 100 events at every pixel; 1024 different ones are enough to measure speed."""
    channel = np.sort(np.random.default_rng(4).integers(0, N_CHANNELS, (1024, EVENTS_PER_PIXEL)), axis=1)
    indices = np.tile(channel.astype(np.int32), (n_pixels // 1024, 1)).ravel()
    indptr = np.arange(n_pixels + 1, dtype=np.int32) * EVENTS_PER_PIXEL
    return sparse.csr_matrix(
        (np.ones(indices.size, np.uint16), indices, indptr), shape=(n_pixels, N_CHANNELS)
    )


def maps(side: int) -> Iterator[tuple[str, Callable[[], object], Callable[[], object]]]:
    """Views of maps: what, ours, the peer's."""
    label, _ = grains(side)
    intensity = np.random.default_rng(4).poisson(20, (side, side)).astype(np.float32)
    view = Viewport.whole(label.shape, SCREEN, SCREEN)
    canvas = datashader.Canvas(SCREEN, SCREEN)

    def raster(image: np.ndarray, how: str) -> object:
        return canvas.raster(xarray.DataArray(image, dims=("y", "x")), agg=how)

    yield "view of an element map", lambda: sample_mean(intensity, view), lambda: raster(intensity, "mean")
    yield "view of a phase map", lambda: sample_nearest(label, view), lambda: raster(label, "first")


def latent(side: int) -> Iterator[tuple[str, Callable[[], object], Callable[[], object]]]:
    """Latent points: what, ours, the peer's."""
    label, points = grains(side)
    low, high = points.min(axis=0), points.max(axis=0)
    view = Viewport(low[0], high[0], low[1], high[1], LATENT_SCREEN, LATENT_SCREEN)
    canvas = datashader.Canvas(LATENT_SCREEN, LATENT_SCREEN)
    table = pd.DataFrame({"x": points[:, 0], "y": points[:, 1], "phase": pd.Categorical(label.ravel())})
    bins = LatentBins.build(points, view, bin_side=1)

    def peer() -> object:
        return canvas.points(table, "x", "y", datashader.count_cat("phase")).argmax("phase")

    def new_view() -> object:
        return LatentBins.build(points, view, bin_side=1).dominant(label, N_PHASES)

    yield "latent points, new view", new_view, peer
    yield "latent points, new labels", lambda: bins.dominant(label, N_PHASES), peer


def selections(side: int) -> Iterator[tuple[str, Callable[[], object], Callable[[], object]]]:
    """Lassos and their spectra: what, ours, the peer's."""
    _, points = grains(side)
    for n_vertices in (30, 200):
        polygon = star(n_vertices, 3, *points.mean(axis=0))
        yield (
            f"lasso of {n_vertices} vertices",
            lambda polygon=polygon: lasso_in_points(points, polygon),
            lambda polygon=polygon: points_in_poly(points, polygon),
        )
    polygon = star(200, side / 3, side / 2, side / 2)
    yield (
        "lasso on the map",
        lambda: lasso_on_map((side, side), polygon),
        lambda: polygon2mask((side, side), polygon[:, ::-1] - 0.5),
    )
    counts = some_counts(side * side)
    mask = lasso_in_points(points, star(200, 3, *points.mean(axis=0)))
    yield (
        f"spectrum of {mask.mean():.0%} of the pixels",
        lambda: sparse_counts.sum_where(counts, mask),
        lambda: counts[mask].sum(axis=0),
    )


def main() -> None:
    """Print one line per claim."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--side", type=int, nargs="+", default=[1024, 2048], help="pixels, a multiple of 1024"
    )
    parser.add_argument("--repeats", type=int, default=9)
    choices = parser.parse_args()
    if any(side < 1024 or side % 1024 for side in choices.side) or choices.repeats < 1:
        parser.error("--side takes multiples of 1024, --repeats at least 1")
    for side in choices.side:
        print(f"{side} x {side} pixels{'ours':>20}{'peer':>11}{'ratio':>9}")
        for subject in (maps, latent, selections):
            for what, ours, peer in subject(side):
                of_ours = median_ms(ours, choices.repeats)
                of_peer = median_ms(peer, choices.repeats)
                print(f"  {what:30}{of_ours:8.1f} ms{of_peer:8.0f} ms{of_peer / of_ours:8.1f}x", flush=True)


if __name__ == "__main__":
    main()
