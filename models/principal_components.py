"""Principal components of the normalised maps as a latent space: linear, exact, without a training."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA

from models.latent_space import LatentSpace

_BLOCK = 1 << 18


@dataclass(frozen=True, eq=False)
class FittedComponents:
    """Principal components of the pixels of a map.

    Attributes
    ----------
    mean : (n_inputs,) float32
    components : (n_latent, n_inputs) float32, orthonormal rows, the one of the largest variance first
    variance_share : (n_latent,) float32, of the variance of all inputs
    """

    mean: np.ndarray
    components: np.ndarray
    variance_share: np.ndarray

    @property
    def n_inputs(self) -> int:
        """Number of element maps."""
        return self.mean.size


def fit(values: np.ndarray, n_latent: int, valid: np.ndarray | None = None) -> FittedComponents:
    """The principal components of all valid pixels.

    Parameters
    ----------
    values : (n_pixels, n_inputs) array, normalised element maps
    n_latent : number of components
    valid : (n_pixels,) bool, or None where every pixel counts

    Raises
    ------
    ValueError
        There are fewer maps or pixels than components.
    """
    used = values if valid is None else values[valid]
    if n_latent > min(used.shape):
        raise ValueError(
            f"{n_latent} principal components were asked for, but there are {used.shape[1]} line maps of "
            f"{used.shape[0]} valid pixels. Map more lines or choose fewer latent coordinates."
        )
    found = PCA(n_latent, svd_solver="covariance_eigh").fit(used)
    # without contrast every share is 0 / 0
    share = np.nan_to_num(found.explained_variance_ratio_)
    return FittedComponents(
        found.mean_.astype(np.float32), found.components_.astype(np.float32), share.astype(np.float32)
    )


def place_blocks(
    fitted: FittedComponents, values: np.ndarray, map_shape: tuple[int, int], valid: np.ndarray | None = None
) -> Generator[float, None, LatentSpace]:
    """Coordinates and reconstruction errors of all pixels, block by block; pixels not valid get NaN.

    Yields
    ------
    float
        Share of the pixels that is done.
    """
    coordinates = np.full((len(values), len(fitted.components)), np.nan, np.float32)
    error = np.full(len(values), np.nan, np.float32)
    for start in range(0, len(values), _BLOCK):
        block = slice(start, start + _BLOCK)
        centred = np.asarray(values[block], np.float32) - fitted.mean
        coordinates[block] = centred @ fitted.components.T
        error[block] = np.square(centred - coordinates[block] @ fitted.components).mean(axis=1)
        yield min(1.0, (start + _BLOCK) / len(values))
    if valid is not None:
        coordinates[~valid], error[~valid] = np.nan, np.nan
    explained = 100 * float(fitted.variance_share.sum())
    made_by = f"principal components with {explained:.3g} % of the variance"
    return LatentSpace(coordinates, error, map_shape, made_by, valid)
