"""Which of many cluster spectra are spectra of phases, and which are mixtures of others.

A cluster of boundary pixels, or of thin particles through which the substrate shows, has a spectrum that is a
convex mixture of others; a phase has not. Spectra are picked one by one, each the one that mixtures of
those picked before explain worst (as in successive projection), and dropped again when later ones explain
them. "Explain" is tested on counts that had no part in making the clusters: on the counts that made them,
small clusters always differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Selection:
    """The clusters whose spectra are no mixtures of others.

    Attributes
    ----------
    spectra : (n_selected, n_bins), rows sum to 1
    cluster : (n_selected,) index of the cluster; -1 for the mean of all, where no cluster differs from it
    """

    spectra: np.ndarray
    cluster: np.ndarray


def mixture_weights(spectra: np.ndarray, parts: np.ndarray, iterations: int = 200) -> np.ndarray:
    """Convex weights of ``parts`` that explain each spectrum best (least Kullback-Leibler divergence).

    Parameters
    ----------
    spectra : (n_spectra, n_bins), rows sum to 1
    parts : (n_parts, n_bins), rows sum to 1, positive

    Returns
    -------
    (n_spectra, n_parts), rows sum to 1
    """
    weights = np.full((len(spectra), len(parts)), 1 / len(parts))
    if len(parts) == 1:
        return weights
    for _ in range(iterations):
        weights *= (spectra / (weights @ parts)) @ parts.T
        weights /= weights.sum(axis=1, keepdims=True)
    return weights


def held_out_distance(
    spectra: np.ndarray, explained: np.ndarray, held_out: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How much better held-out counts agree with spectra than with their explanations.

    With q the spectrum, f its explanation and p the true one, the statistic estimates
    sum (p - f) (q - f) / (q + f): zero where the explanation is true, about the Kullback-Leibler
    divergence where it is nearly so, at most 1. It is linear in the held-out counts, so noise in q costs
    power but never makes a difference where there is none.

    Parameters
    ----------
    spectra, explained : (n_spectra, n_bins), rows sum to 1
    held_out : (n_spectra, n_bins) counts

    Returns
    -------
    distance, standard error : (n_spectra,) each
    """
    contrast = (spectra - explained) / (spectra + explained)
    whole = np.maximum(held_out.sum(axis=1), 1)
    mean = (held_out * contrast).sum(axis=1) / whole
    distance = mean - (explained * contrast).sum(axis=1)
    variance = (held_out * contrast**2).sum(axis=1) / whole - mean**2
    # at least the variance that the explanation predicts: a handful of counts may all fall in one bin
    variance = np.maximum(
        variance, (explained * contrast**2).sum(axis=1) - (explained * contrast).sum(axis=1) ** 2
    )
    return distance, np.sqrt(np.maximum(variance, 0) / whole)


def select(
    spectra: np.ndarray,
    counts: np.ndarray,
    held_out: np.ndarray,
    tolerance: float,
    significance: float = 4.0,
    most: int = 32,
) -> Selection:
    """The clusters that are phases.

    Parameters
    ----------
    spectra : (n_clusters, n_bins) cluster spectra, rows sum to 1, positive
    counts : (n_clusters,) counts that made each spectrum
    held_out : (n_clusters, n_bins) counts of the same clusters that had no part in making them
    tolerance : smallest distance between a phase and the mixtures of others: below, a difference may be
        real and still no phase (composition that varies within a mineral, drift of the detector)
    significance : standard errors by which a distance must exceed the tolerance
    most : picked at most
    """
    mean = held_out.sum(axis=0) + 0.5
    mean /= mean.sum()

    # the distance that a spectrum of so many counts has from its own expectation by noise alone
    noise = 0.5 * np.minimum(spectra * counts[:, None], 1.0).sum(axis=1) / np.maximum(counts, 1)

    def excess(rows: list[int] | slice, parts: list[int]) -> np.ndarray:
        """Lower bounds of the distances of clusters from mixtures of others, beyond the noise of these."""
        weights = mixture_weights(spectra[rows], spectra[parts])
        distance, error = held_out_distance(spectra[rows], weights @ spectra[parts], held_out[rows])
        return distance - significance * error - weights**2 @ noise[parts]

    distance, error = held_out_distance(spectra, np.broadcast_to(mean, spectra.shape), held_out)
    low = distance - significance * error
    no_difference = Selection(mean[None], np.array([-1]))
    if low.max() < tolerance:
        return no_difference
    picked = [int(low.argmax())]
    while len(picked) < most:
        low = excess(slice(None), picked)
        low[picked] = -np.inf
        if low.max() < tolerance:
            break
        picked.append(int(low.argmax()))
    while len(picked) > 1:
        low = np.array([excess([one], [other for other in picked if other != one])[0] for one in picked])
        if low.min() >= tolerance:
            break
        del picked[int(low.argmin())]
    return Selection(spectra[picked], np.array(picked)) if len(picked) > 1 else no_difference
