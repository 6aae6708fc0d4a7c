"""Non-negative matrix factorisation of a few spectra, with the choices of the published system.

Tung et al. (2023) factorise the sum spectra of the clusters as they are or scaled to an equal maximum. Here
channels can be weighted for counting noise first (Keenan & Kotula, Surf. Interface Anal. 36, 203, 2004):
without, the strongest peak of all decides.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning

Normalisation = Literal["area", "maximum", "pixel", "none"]
Start = Literal["nndsvda", "nndsvd", "nndsvdar", "random"]

_MOST_STEPS = 2000
_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Factors:
    """What a factorisation found.

    Attributes
    ----------
    spectra : (n_components, n_channels) float64, rows sum to 1
    error : Frobenius norm of what is left, relative to that of the spectra as they were factorised
    """

    spectra: np.ndarray
    error: float


def scaled(spectra: np.ndarray, pixels: np.ndarray, normalisation: Normalisation) -> np.ndarray:
    """Sum spectra without negative parts, as they are to be factorised.

    Parameters
    ----------
    spectra : (n_spectra, n_channels) summed counts
    pixels : (n_spectra,) how many pixels were summed
    normalisation : to an area of 1, to a maximum of 1, counts per pixel, or none

    Returns
    -------
    (n_spectra, n_channels) float64; spectra without counts stay empty
    """
    positive = np.maximum(np.asarray(spectra, np.float64), 0)
    if normalisation == "none":
        return positive
    size = {
        "area": lambda: positive.sum(axis=1),
        "maximum": lambda: positive.max(axis=1, initial=0),
        "pixel": lambda: np.asarray(pixels, np.float64),
    }[normalisation]()
    return np.divide(positive, size[:, None], out=np.zeros_like(positive), where=size[:, None] > 0)


def noise_scale(spectra: np.ndarray) -> np.ndarray:
    """Standard deviation of counting noise in every channel of the mean spectrum, (n_channels,), up to scale.

    Channels with next to no counts get that of a thousandth of the mean: noise in them decides nothing.
    """
    mean = spectra.mean(axis=0)
    return np.sqrt(np.maximum(mean, 1e-3 * mean.mean()))


def factorise(
    spectra: np.ndarray, n_components: int, seed: int, init: Start = "nndsvda", weighted: bool = True
) -> Factors:
    """Non-negative factors of spectra.

    Parameters
    ----------
    spectra : (n_spectra, n_channels), not negative, none empty
    n_components : at most the number of spectra
    seed : of the random numbers that some starts take
    init : how scikit-learn starts
    weighted : channels are divided by their counting noise first, and the factors multiplied by it

    Raises
    ------
    ValueError
        The factorisation came to nothing: a start that leaves all factors empty.
    """
    scale = noise_scale(spectra) if weighted else np.ones(spectra.shape[1])
    data = spectra / scale
    unit = data.max()  # the tolerance and the floor of scikit-learn are made for numbers of about 1
    data = data / unit
    model = NMF(n_components, init=init, max_iter=_MOST_STEPS, tol=_TOLERANCE, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 2000 steps are as settled as is needed
        weights = model.fit_transform(data)
    found = model.components_ * scale * unit
    size = found.sum(axis=1)
    if not (size > 0).all():
        raise ValueError(
            f"{int((size <= 0).sum())} of {n_components} components came out empty: the spectra do not hold "
            "so many. Ask for fewer, or start otherwise (nndsvda, random)."
        )
    error = np.linalg.norm(data - weights @ model.components_) / np.linalg.norm(data)
    return Factors(found / size[:, None], float(error))
