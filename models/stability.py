"""How far phases were found again from resampled data, phase by phase.

A phase is as real as its return: from another start, and from other counts that the same sample could have
given (cluster-wise stability by resampling: Hennig, Comput. Stat. Data Anal. 52, 258, 2007, who calls a
mean Jaccard index of 0.75 and more stable, and one below 0.5 dissolved). ``stability_runs`` makes the runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models import agreement
from models.shown_phases import LivePhases

STABLE, DOUBTFUL = 0.75, 0.5  # mean Jaccard indices from which a phase is stable, and from which doubtful
MOST_NUMBERS = 20
_LEAST_PIXELS = 5  # of a phase among the pixels of a run: with fewer, the run says nothing of it


@dataclass(frozen=True, eq=False)
class Stability:
    """How far the phases shown were found again.

    Attributes
    ----------
    ids : lasting numbers of the phases, in the order of their labels
    jaccard, rand : (n_runs, n_phases) float64, best match of every phase in every run: pixels in common over
        pixels of either, and adjusted Rand index of the phase against the rest; NaN where a run held too
        few pixels of a phase
    overall : (n_runs,) adjusted Rand index of all phases together
    found : (n_runs,) number of phases of every run
    numbers, by_number : (n_numbers,), and (n_runs, n_numbers) adjusted Rand index of the run's phases against
        those shown where both are cut at the same number; NaN where a run has no such cut
    returned : (n_y, n_x) float32, in which share of the runs that held a pixel its phase came back to it; NaN
        where no run held it, or it has no phase
    what : what was resampled, sentences for a person
    """

    ids: tuple[int, ...]
    jaccard: np.ndarray
    rand: np.ndarray
    overall: np.ndarray
    found: np.ndarray
    numbers: np.ndarray
    by_number: np.ndarray
    returned: np.ndarray
    what: str

    @property
    def n_runs(self) -> int:
        """Number of runs."""
        return len(self.overall)

    def verdict(self, phase: int) -> str:
        """What the mean Jaccard index of a phase means, by its label: a word for a person."""
        known = self.jaccard[:, phase][np.isfinite(self.jaccard[:, phase])]
        if not known.size:
            return "not tested"
        mean = known.mean()
        return "stable" if mean >= STABLE else "doubtful" if mean >= DOUBTFUL else "not found again"


@dataclass(frozen=True, eq=False)
class Run:
    """One run on resampled data.

    Attributes
    ----------
    pixels : (n,) index of every pixel that the run held
    label : (n,) its phases at these pixels, below 0: none
    n_phases : number of its phases
    cuts : number of phases -> (n,) labels at that number
    """

    pixels: np.ndarray
    label: np.ndarray
    n_phases: int
    cuts: dict[int, np.ndarray]


def compared(
    runs: Sequence[Run], shown: LivePhases, reference: Mapping[int, np.ndarray], what: str
) -> Stability:
    """Compare runs with the phases that are shown.

    Parameters
    ----------
    runs : at least one
    shown : the phases
    reference : number of phases -> (n_pixels,) the phases shown, cut at that number
    what : what was resampled
    """
    label, n_phases = shown.phase_map.label.ravel(), shown.n_phases
    numbers = np.array(sorted(reference), int)
    jaccard, rand = np.full((len(runs), n_phases), np.nan), np.full((len(runs), n_phases), np.nan)
    overall = np.full(len(runs), np.nan)
    by_number = np.full((len(runs), numbers.size), np.nan)
    held, back = np.zeros(label.size, np.int32), np.zeros(label.size, np.int32)
    for number, run in enumerate(runs):
        here = label[run.pixels]
        table = agreement.contingency(here, run.label, n_phases, run.n_phases)
        matches = agreement.best_matches(table)
        enough = table.sum(axis=1) >= _LEAST_PIXELS
        jaccard[number, enough], rand[number, enough] = matches.jaccard[enough], matches.rand[enough]
        overall[number] = agreement.adjusted_rand(table)
        for place, k in enumerate(numbers):
            if k in run.cuts:
                cut = agreement.contingency(reference[k][run.pixels], run.cuts[k], k, k)
                by_number[number, place] = agreement.adjusted_rand(cut)
        partner = np.append(matches.partner, -2)[here]
        inside = here >= 0
        np.add.at(held, run.pixels[inside], 1)
        np.add.at(back, run.pixels[inside], (partner == run.label)[inside])
    returned = np.divide(back, held, out=np.full(label.size, np.nan), where=held > 0)
    return Stability(
        ids=shown.ids,
        jaccard=jaccard,
        rand=rand,
        overall=overall,
        found=np.array([run.n_phases for run in runs]),
        numbers=numbers,
        by_number=by_number,
        returned=returned.reshape(shown.phase_map.shape).astype(np.float32),
        what=what,
    )
