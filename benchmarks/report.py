"""Claim: the report of a finished map is made in less than 10 s.

    python -m benchmarks.report [--side 512]

A granodiorite of 200 counts per pixel with its phases, compositions, nearest minerals and end-members. The
peer is a heap of figures as a notebook saves them: the same number of matplotlib figures of the same maps, as
PNG of the same size, without tables, compositions or text.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from data.synthetic import rock_section
from models.live_phases import live_phases
from models.phases import finished, run
from models.recipe import PhasesRecipe, with_settings
from models.report import report_html
from models.report_content import content_of, program_version

WANTED_S = 10.0
_N_FIGURES = 6


def notebook_figures(maps: np.ndarray, names: tuple[str, ...]) -> int:
    """As many figures as a report has, each of the maps in a grid; bytes in all."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    size = 0
    for _ in range(_N_FIGURES):
        figure = Figure(figsize=(6.9, 6.9), dpi=160, layout="constrained")
        shown = min(12, len(names))
        for i, axes in enumerate(figure.subplots(3, 4).ravel()[:shown]):
            axes.imshow(maps[:, :, i], cmap="inferno")
            axes.set_title(names[i])
        FigureCanvasAgg(figure).print_png(buffer := io.BytesIO())
        size += len(buffer.getvalue())
    return size


def main() -> int:
    """Measure and print; 1 where the claim does not hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--side", type=int, default=512, help="pixels on a side")
    side = parser.parse_args().side
    image, _ = rock_section(3, side, side, counts_per_pixel=200.0)
    recipe = with_settings(PhasesRecipe(), {"latent.method": "pca"})
    result = finished(run(image, recipe))
    shown = live_phases(result, recipe)
    start = time.perf_counter()
    html = report_html(content_of(result, "granodiorite", "now", program_version(), recipe, shown))
    report_s = time.perf_counter() - start
    start = time.perf_counter()
    size = notebook_figures(result.maps.intensity, result.maps.lines)
    peer_s = time.perf_counter() - start
    print(
        f"{'ok ' if report_s < WANTED_S else 'NOT'} report of a {side} x {side} map with {shown.n_phases} "
        f"phases: wanted below {WANTED_S:.0f} s, measured {report_s:.1f} s, {len(html) / 1e6:.1f} MB; "
        f"{_N_FIGURES} figures of a notebook alone {peer_s:.1f} s, {size / 1e6:.1f} MB "
        f"({report_s / peer_s:.2f} of their time)"
    )
    return 0 if report_s < WANTED_S else 1


if __name__ == "__main__":
    sys.exit(main())
