"""The first lasso must not wait for a compiler: every kernel of the page runs once, on a map of 16 pixels.

Compiled kernels are kept on disk, so only the first start after an installation takes its time.
"""

from __future__ import annotations

import contextlib

import numpy as np
from scipy import sparse

from dashboard.contrast import to_uint8
from dashboard.lasso import box_in_points, lasso_in_points, lasso_on_map
from dashboard.latent_bins import LatentBins
from dashboard.map_pyramid import MapPyramid
from dashboard.viewport import Viewport, sample_mean
from data import sparse_counts
from data.elemental_maps import ElementalMaps
from models import hdbscan
from models.latent_ellipses import spread_of_labels
from models.latent_grid import LatentGrid
from models.latent_space import LatentSpace
from models.line_correlation import joint_histogram
from models.line_means import line_means
from models.phase_identity import match_labels
from models.phase_map import PhaseMap

SHAPE = (4, 4)


def compile_kernels() -> None:
    """Run every kernel that a handler of the page may call, for the array types that it calls them with."""
    view = Viewport.whole(SHAPE, 3, 3)
    stack = np.ones((*SHAPE, 2), np.float32)
    for image in (stack[:, :, 0].copy(), stack[:, :, 0], np.ones(SHAPE, bool)):
        sampled, _ = sample_mean(image, view)
    to_uint8(sampled, 0, 1)
    pyramid = MapPyramid.build(np.ones((260, 4, 2), np.float32))
    for side in (1, 4):  # drawn from a halved map, and from the full one
        shown = Viewport.whole((260, 4), side, side)
        pyramid.view([0], np.array([[0.0, 1.0]]), np.ones(1), shown)
    maps = ElementalMaps(stack, ("a", "b"))
    line_means(maps, np.ones(SHAPE, bool))
    joint_histogram(maps.of("a"), maps.of("b"), (0, 2, 0, 2))

    n_pixels = SHAPE[0] * SHAPE[1]
    y, x = np.divmod(np.arange(n_pixels), SHAPE[1])
    points = np.column_stack([x, y]).astype(np.float32)
    label, everything = np.zeros(n_pixels, np.int16), np.ones(n_pixels, bool)
    bins = LatentBins.build(points, Viewport(0, 4, 0, 4, 8, 8))
    bins.dominant(label, 1, everything)
    bins.selected_share(everything)
    bins.selected_counts(everything)
    bins.mean(np.ones(n_pixels, np.float32), everything)
    spread_of_labels(points, label, 1)
    grid = LatentGrid.build(LatentSpace(points, np.zeros(n_pixels, np.float32), SHAPE))
    with contextlib.suppress(ValueError):  # such a map has no cluster
        hdbscan.fit(grid, 0.4, 0.1)
    match_labels(label, label, None, 1, 1)
    PhaseMap(label.reshape(SHAPE), np.ones(SHAPE, np.float32), 1, "one phase").pixels()

    triangle = np.array([[0.0, 0], [4, 0], [0, 4]])
    lasso_in_points(points, triangle)
    box_in_points(points, 0, 2, 0, 2)
    lasso_on_map(SHAPE, triangle)

    for counts_type in (np.uint8, np.uint16, np.uint32):
        counts = sparse.csr_matrix(np.eye(n_pixels, dtype=counts_type))
        sparse_counts.sum_where(counts, everything)
        sparse_counts.sum_by_label(counts, label, 1)
