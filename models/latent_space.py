"""LatentSpace: the coordinates that an autoencoder gives every pixel of a map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class LatentSpace:
    """Where every pixel lies in latent space, and how well it was reconstructed from there.

    Attributes
    ----------
    coordinates : (n_pixels, n_latent) float32, dimensionless; pixels are row-major
    reconstruction_error : (n_pixels,) float32, mean squared error over the inputs of the network
    map_shape : (n_y, n_x)
    made_by : what made it, in words
    valid : (n_pixels,) bool, or None where every pixel counts; the others take part in nothing
    """

    coordinates: np.ndarray
    reconstruction_error: np.ndarray
    map_shape: tuple[int, int]
    made_by: str = ""
    valid: np.ndarray | None = None

    def __post_init__(self) -> None:
        n_pixels = self.map_shape[0] * self.map_shape[1]
        if self.coordinates.ndim != 2 or self.coordinates.shape[0] != n_pixels:
            raise ValueError(
                f"Latent coordinates of shape {self.coordinates.shape} do not fit a map of "
                f"{self.map_shape[0]} x {self.map_shape[1]} pixels; ({n_pixels}, n_latent) was expected."
            )
        for name, array in (("reconstruction errors", self.reconstruction_error), ("the mask", self.valid)):
            if array is not None and array.shape != (n_pixels,):
                raise ValueError(f"There are {n_pixels} pixels; {name} of shape {array.shape} do not fit.")

    @property
    def n_pixels(self) -> int:
        """Number of pixels, n_y * n_x."""
        return self.coordinates.shape[0]

    @property
    def n_latent(self) -> int:
        """Number of latent coordinates of a pixel."""
        return self.coordinates.shape[1]
