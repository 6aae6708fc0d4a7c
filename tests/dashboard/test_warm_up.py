"""After the warm-up nothing that a handler calls is compiled any more."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from dashboard import contrast, lasso, latent_bins, viewport
from dashboard.warm_up import compile_kernels
from data import sparse_counts


def n_compiled() -> int:
    """Compiled versions of all kernels of these modules."""
    modules = (contrast, lasso, latent_bins, viewport, sparse_counts)
    kernels = [kernel for module in modules for kernel in vars(module).values() if hasattr(kernel, "py_func")]
    assert len(kernels) >= 14
    return sum(len(kernel.signatures) for kernel in kernels)


def test_a_lasso_after_the_warm_up_needs_no_compiler():
    compile_kernels()
    before = n_compiled()
    points = np.random.default_rng(4).random((400, 2)).astype(np.float32)
    maps = np.random.default_rng(5).random((20, 20, 3)).astype(np.float32)
    view = viewport.Viewport(1, 19, 0, 20, 7, 7)
    selected = lasso.lasso_in_points(points, np.array([[0.1, 0], [1, 0.2], [0.4, 1]]))
    lasso.lasso_on_map((20, 20), np.array([[0.1, 0], [10, 2], [4, 15]]))
    lasso.box_in_points(points, 0, 0.5, 0, 0.5)
    contrast.to_uint8(viewport.sample_mean(maps[:, :, 1], view)[0], 0, 1, 0.5)
    viewport.sample_mean(selected.reshape(20, 20), view)
    bins = latent_bins.LatentBins.build(points, viewport.Viewport(0, 1, 0, 1, 50, 50))
    bins.dominant(np.arange(400, dtype=np.int16) % 5, 5)
    bins.dominant(np.arange(400) % 5, 5, selected)
    bins.selected_share(selected)
    counts = sparse.csr_matrix(np.random.default_rng(6).poisson(0.1, (400, 30)).astype(np.uint16))
    sparse_counts.sum_where(counts, selected, sparse_counts.sum_by_label(counts, np.zeros(400, int), 1)[0])
    assert n_compiled() == before
