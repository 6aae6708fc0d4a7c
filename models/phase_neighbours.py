"""Which phase lies beside which: where the counts of mixed pixels come from."""

from __future__ import annotations

import numpy as np


def borders(label: np.ndarray, n_phases: int) -> np.ndarray:
    """Lengths of the borders between phases, in edges of pixels: (n_phases, n_phases) int64, symmetric.

    Parameters
    ----------
    label : (n_y, n_x) integers; -1 belongs to no phase and has no border
    """
    counts = np.zeros(n_phases * n_phases, np.int64)
    for first, second in ((label[:, :-1], label[:, 1:]), (label[:-1], label[1:])):
        differ = (first != second) & (first >= 0) & (second >= 0)
        pairs = first[differ].astype(np.intp) * n_phases + second[differ]
        counts += np.bincount(pairs, minlength=n_phases * n_phases)
    table = counts.reshape(n_phases, n_phases)
    return table + table.T


def main_neighbours(label: np.ndarray, n_phases: int) -> np.ndarray:
    """For every phase the one with which it shares most of its border, (n_phases,) int; -1: it has none."""
    shared = borders(label, n_phases)
    return np.where(shared.any(axis=1), shared.argmax(axis=1), -1) if n_phases else np.zeros(0, int)
