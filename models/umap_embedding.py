"""UMAP as a latent space (McInnes, Healy & Melville 2018, arXiv 1802.03426).

Some pixels are fitted, all others are placed among them. Neighbours come from a search tree, exactly: the
maps have few lines, and UMAP's own search would first have to be compiled for a minute.
"""

from __future__ import annotations

import warnings
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial import KDTree

from models.latent_space import LatentSpace
from models.recipe import LatentChoices

if TYPE_CHECKING:
    from umap import UMAP

_BLOCK = 4096
_EPOCHS = 200


@dataclass(frozen=True, eq=False)
class FittedEmbedding:
    """Pixels with their places in the plane, from which every other pixel gets its own.

    Attributes
    ----------
    inputs : (n_fitted, n_inputs) float32, normalised line intensities
    places : (n_fitted, n_latent) float32
    n_neighbours, least_distance, seed : as fitted
    """

    inputs: np.ndarray
    places: np.ndarray
    n_neighbours: int
    least_distance: float
    seed: int

    @property
    def n_inputs(self) -> int:
        """Number of element maps."""
        return self.inputs.shape[1]


def fit(
    values: np.ndarray,
    choices: LatentChoices,
    n_latent: int,
    seed: int,
    valid: np.ndarray | None = None,
) -> FittedEmbedding:
    """Fit UMAP to at most ``choices.fitted_pixels`` of the valid pixels, drawn without replacement.

    Parameters
    ----------
    values : (n_pixels, n_inputs) array, normalised element maps
    choices : settings of UMAP
    n_latent : number of coordinates
    seed : of the drawing and of UMAP
    valid : (n_pixels,) bool, or None where every pixel counts

    Raises
    ------
    ValueError
        There are too few valid pixels to have neighbours.
    """
    used = np.arange(len(values)) if valid is None else np.flatnonzero(valid)
    if used.size < n_latent + 3:
        raise ValueError(
            f"UMAP needs at least {n_latent + 3} valid pixels for {n_latent} coordinates; this map has "
            f"{used.size}. Use principal components."
        )
    if used.size > choices.fitted_pixels:
        used = np.sort(np.random.default_rng(seed).choice(used, choices.fitted_pixels, replace=False))
    inputs = np.ascontiguousarray(values[used], np.float32)
    n_neighbours = min(choices.n_neighbours, used.size - 1)
    model = _embedded(inputs, n_latent, n_neighbours, choices.least_distance, seed, "pca", _EPOCHS)
    return FittedEmbedding(inputs, model.embedding_, n_neighbours, choices.least_distance, seed)


def place_blocks(
    fitted: FittedEmbedding, values: np.ndarray, map_shape: tuple[int, int], valid: np.ndarray | None = None
) -> Generator[float, None, LatentSpace]:
    """Coordinates of all pixels, block by block; pixels not valid get NaN, as does every error.

    A pixel is placed among its nearest fitted pixels and pulled into place by UMAP's own steps, which
    depend on the seed and on the pixels of its block alone.

    Yields
    ------
    float
        Share of the pixels that is done.
    """
    # the tree of the fitted pixels again, without a step: their places are known
    n_latent = fitted.places.shape[1]
    model = _embedded(
        fitted.inputs, n_latent, fitted.n_neighbours, fitted.least_distance, fitted.seed, fitted.places, 0
    )
    model.embedding_, model.n_epochs = fitted.places, _EPOCHS
    used = np.arange(len(values)) if valid is None else np.flatnonzero(valid)
    coordinates = np.full((len(values), n_latent), np.nan, np.float32)
    for start in range(0, used.size, _BLOCK):
        pixel = used[start : start + _BLOCK]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            coordinates[pixel] = model.transform(np.ascontiguousarray(values[pixel], np.float32))
        yield min(1.0, (start + _BLOCK) / used.size)
    # UMAP has no way back from the plane to the maps
    error = np.full(len(values), np.nan, np.float32)
    made_by = f"UMAP of {len(fitted.inputs):,} pixels, seed {fitted.seed}"
    return LatentSpace(coordinates, error, map_shape, made_by, valid)


def _embedded(
    inputs: np.ndarray,
    n_latent: int,
    n_neighbours: int,
    least_distance: float,
    seed: int,
    init: str | np.ndarray,
    n_epochs: int,
) -> UMAP:
    # some seconds, and only who asks for UMAP should wait for them
    from umap import UMAP

    search = _search_in(inputs)
    indices, distances = search.query(inputs, n_neighbours)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of spectral starts and threads, which are chosen here
        return UMAP(
            n_neighbors=n_neighbours,
            n_components=n_latent,
            min_dist=least_distance,
            init=init,
            n_epochs=n_epochs,
            random_state=seed,
            transform_seed=seed,
            n_jobs=1,
            precomputed_knn=(indices, distances, search),
            force_approximation_algorithm=True,  # else few points would be searched by all their pairs
        ).fit(inputs)


def _search_in(inputs: np.ndarray) -> Any:
    """A search tree that UMAP takes for one of its own."""
    from pynndescent import NNDescent

    class ExactNeighbours(NNDescent):
        """Nearest neighbours by a k-d tree, in the place of approximate ones."""

        def __init__(self) -> None:
            self._tree, self._angular_trees = KDTree(inputs), False

        def query(
            self, query_data: np.ndarray, k: int = 10, epsilon: float = 0.0
        ) -> tuple[np.ndarray, np.ndarray]:
            distances, indices = self._tree.query(query_data, k)
            return indices.astype(np.int32), distances.astype(np.float32)

    return ExactNeighbours()
