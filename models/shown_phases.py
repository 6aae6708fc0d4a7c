"""LivePhases: phases ready to show, and the ground that edits were made on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.phase_map import PhaseMap


@dataclass(frozen=True, eq=False)
class Ground:
    """Phases before merges and splits.

    Attributes
    ----------
    label : (n_y, n_x) int16; first the phases found, then the locked ones
    probability : (n_y, n_x) float32, of the label
    ids : lasting number of every label; those of the phases found that no pixel bears mean nothing
    n_found : number of phases found, with those that no pixel bears
    numbering : (n_found,) the numbers of the phases found, from the largest to the smallest
    n_phases : number of labels that a pixel bears
    """

    label: np.ndarray
    probability: np.ndarray
    ids: tuple[int, ...]
    n_found: int
    numbering: tuple[int, ...]
    n_phases: int


@dataclass(frozen=True, eq=False)
class LivePhases:
    """Phases of one recipe, ready to show.

    Attributes
    ----------
    phase_map : label and probability of every pixel, edits and threshold applied
    ids : for every phase a number that it keeps while the recipe moves; colours and names belong to it
    spectra : (n_phases, n_channels) summed counts, or (n_phases, n_lines) summed intensities of element maps
    pixels : (n_phases,) int64, pixels of every phase
    n_valid : pixels that take part, unassigned ones included; those of excluded phases do not
    main_lines : per phase, the lines that it has more of than the map, most telling first
    most_phases : the largest number that can be asked for
    refined : True where the phases come from the counts, False for clusters of the latent space
    why : how the number of phases was chosen, one sentence; empty where a person set it
    n_before_edits : number of phases that the handle for it means: found and locked, nothing merged or split
    ground : the phases before merges and splits, by which the next answer is matched; None where unknown
    n_asked : the number of phases that the model was asked for, or found
    excluded : (phase, pixels) of the phases that a person left out
    locked : the phases that keep their pixels
    notes : sentences on edits that wait for a phase that is not there
    """

    phase_map: PhaseMap
    ids: tuple[int, ...]
    spectra: np.ndarray
    pixels: np.ndarray
    n_valid: int
    main_lines: tuple[tuple[str, ...], ...]
    most_phases: int
    refined: bool
    why: str
    n_before_edits: int = 0
    ground: Ground | None = None
    n_asked: int = 0
    excluded: tuple[tuple[int, int], ...] = ()
    locked: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def n_phases(self) -> int:
        """Number of phases, also those that no pixel bears."""
        return self.phase_map.n_phases

    @property
    def numbering(self) -> tuple[int, ...]:
        """``PhasesRecipe.numbering`` that gives these phases these numbers whatever was shown before."""
        return () if self.ground is None else tuple(number + 1 for number in self.ground.numbering)
