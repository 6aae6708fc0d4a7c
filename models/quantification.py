"""Compositions of phases from net intensities: weight and atomic percent, oxides, counting errors.

Cliff and Lorimer (1975): C_i = k_i I_i / sum_j k_j I_j. Everything here is a share of a sum: masses are
m = W I with a matrix W (k-factors, oxygen by stoichiometry, oxides, atomic weights), shares are f = m / sum
m, and a counting error s_j of I_j moves f by (W_:j - f sum_i W_ij) / sum m, to first order.

A thick sample differs from a foil by a factor M_i for every line, which depends on the composition that is
sought; k_i / M_i takes the place of k_i, and the composition is found by iteration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data.chemical_formula import USUAL_OXIDES, atomic_mass, oxide_factor
from data.line_sensitivity import bulk_sensitivity, thin_sensitivity
from data.silicon_detector import Instrument
from models.composition_choices import QuantificationChoices
from models.k_factors import KFactors
from models.net_intensities import NetIntensities
from models.quantification_check import own_oxides

#: counting errors by which an element must stand out to count as detected
DETECTED_SIGMA = 3.0
_MOST_ROUNDS, _SETTLED = 20, 2e-4


@dataclass(frozen=True, eq=False)
class Shares:
    """Shares of a sum with their counting errors.

    Attributes
    ----------
    names : of the columns, e.g. elements or oxides
    share, sigma : (n_phases, n_columns) float64, sum 1; NaN where a phase has no composition
    detected : (n_phases, n_columns) bool; stoichiometric oxygen counts as detected
    limit : (n_phases, n_columns) float64, the share that would just be detected
    """

    names: tuple[str, ...]
    share: np.ndarray
    sigma: np.ndarray
    detected: np.ndarray
    limit: np.ndarray


@dataclass(frozen=True, eq=False)
class Quantification:
    """Compositions of several phases.

    Attributes
    ----------
    net : the intensities that they are made of
    factors : the k-factors
    weight, atomic, oxide : by mass, by number of atoms, and as oxides by mass
    mass_per_count : (n_phases, n_lines) float64, k / M of every line: also good for the pixels of a phase
    masked : per phase why it has no composition, empty where it has one
    notes : sentences on what was left out or assumed
    """

    net: NetIntensities
    factors: KFactors
    weight: Shares
    atomic: Shares
    oxide: Shares
    mass_per_count: np.ndarray
    masked: tuple[str, ...]
    notes: tuple[str, ...]


def quantify(net: NetIntensities, factors: KFactors, choices: QuantificationChoices) -> Quantification:
    """Compositions of summed spectra.

    Parameters
    ----------
    net : intensities of one line for each element, of every phase
    factors : k-factors of these lines

    Raises
    ------
    ValueError
        Fewer than two elements are left, so that the only one would always make 100 %.
    """
    kept = [i for i, name in enumerate(net.lines) if name in factors.values]
    notes = [*net.notes]
    notes += [f"{name} is left out: it has no k-factor. {why}" for name, why in factors.missing.items()]
    stoichiometric = choices.oxygen == "stoichiometry"
    left_out = {*choices.leave_out, *(("O",) if stoichiometric else ())}
    whole, net = net, _only(net, [i for i in kept if net.elements[i] not in left_out])
    aside = [one for one in choices.leave_out if one in whole.elements]
    if aside:
        notes.append(f"{' and '.join(aside)} is measured, but left out of the compositions.")
    oxides = {**USUAL_OXIDES, **own_oxides(choices.oxides)}
    n_elements = len(net.elements) + (stoichiometric and any(element in oxides for element in net.elements))
    if n_elements < 2:
        found = f"only {net.lines[0]}" if net.lines else "none"
        raise ValueError(
            f"A composition is made of shares and needs lines of two elements at least; there is {found}. "
            "Map and choose further lines, or take oxygen by stoichiometry."
        )
    if not net.counted:
        notes.append(
            "These maps hold no counts: compositions come without counting errors, and where every map has a "
            "scale of its own they mean nothing until k-factors are taken from a phase that you know."
        )

    with_oxygen = _oxygen_by_stoichiometry(net.elements, oxides) if stoichiometric else np.eye(len(net.lines))
    elements = (*net.elements, "O") if stoichiometric else net.elements
    k = np.array([factors.values[name] for name in net.lines])
    counts = np.maximum(net.counts, 0.0)
    masked = tuple(
        _why_masked(net, row, choices.least_counts) or _mostly_aside(whole, row, aside)
        for row in range(len(counts))
    )
    mass_per_count = np.tile(k, (len(counts), 1))
    if factors.bulk:
        for row, why in enumerate(masked):
            if not why:
                correction = matrix_factors(
                    net.lines, elements, counts[row] * k, with_oxygen, factors.detector
                )
                mass_per_count[row] = k / correction
    atoms = 1.0 / np.array([atomic_mass(element) for element in elements])
    as_oxides, oxide_names = _as_oxides(net.elements, oxides)

    def shares(names: tuple[str, ...], linear: np.ndarray) -> Shares:
        return _shares(names, linear, counts, net.sigma, mass_per_count, masked, net.counted)

    return Quantification(
        net=net,
        factors=factors,
        weight=shares(elements, with_oxygen),
        atomic=shares(elements, with_oxygen * atoms[:, None]),
        oxide=shares(oxide_names, as_oxides),
        mass_per_count=mass_per_count,
        masked=masked,
        notes=tuple(notes),
    )


def matrix_factors(
    lines: Sequence[str],
    elements: Sequence[str],
    thin_mass: np.ndarray,
    with_oxygen: np.ndarray,
    detector: Instrument,
) -> np.ndarray:
    """How many times the counts per mass of a foil a thick sample of this composition gives, (n_lines,).

    Up to a common factor. The composition is iterated: it follows from the factors, and they from it.

    Parameters
    ----------
    lines, elements : of the measurement; elements has oxygen at its end where that is stoichiometric
    thin_mass : (n_lines,) k I, masses as if of a foil
    with_oxygen : (n_elements, n_lines) masses of elements per mass behind a line
    """
    factor = np.ones(len(lines))
    thin = np.array([thin_sensitivity(name, detector) for name in lines])
    before = np.zeros(len(elements))
    for _ in range(_MOST_ROUNDS):
        mass = with_oxygen @ (thin_mass / factor)
        fraction = mass / mass.sum()
        if np.abs(fraction - before).max() < _SETTLED:
            break
        # the mean of two rounds: absorption in what is left of an element can swing it to and fro
        fraction = fraction if not before.any() else 0.5 * (fraction + before)
        before = fraction
        material = dict(zip(elements, fraction, strict=True))
        bulk = np.array([bulk_sensitivity(name, material, detector) for name in lines])
        factor = bulk / thin
        factor /= factor.max()
    return factor


def _only(net: NetIntensities, kept: Sequence[int]) -> NetIntensities:
    kept = list(kept)
    return NetIntensities(
        tuple(net.lines[i] for i in kept),
        tuple(net.elements[i] for i in kept),
        net.counts[:, kept],
        net.sigma[:, kept],
        net.counted,
        net.notes,
    )


def _why_masked(net: NetIntensities, row: int, least_counts: int) -> str:
    """Why a phase gets no composition: with hardly any counts, noise alone would make up 100 %."""
    counts, sigma = net.counts[row], net.sigma[row]
    if not np.any(counts > 0):
        return "no pixel, or no counts of these lines"
    if not net.counted:
        return ""
    found = float(counts[counts > DETECTED_SIGMA * sigma].sum())
    if found < least_counts:
        return f"too few counts: {found:,.0f} above detection limits, {least_counts:,} are needed"
    return ""


def _mostly_aside(net: NetIntensities, row: int, aside: Sequence[str]) -> str:
    """Why a phase gets no composition where most of it is what was left out."""
    counts = np.maximum(net.counts[row], 0.0)
    for element in aside:
        if counts[net.elements.index(element)] > 0.5 * counts.sum():
            return f"mostly {element}, which is left out of compositions"
    return ""


def _oxygen_by_stoichiometry(elements: Sequence[str], oxides: Mapping[str, str]) -> np.ndarray:
    """Masses of all elements and, last, of oxygen per mass of each element, (n_elements + 1, n_elements)."""
    return np.vstack([np.eye(len(elements)), [_oxide_factor(one, oxides) - 1.0 for one in elements]])


def _as_oxides(elements: Sequence[str], oxides: Mapping[str, str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Masses of oxides per mass of each element, (n_oxides, n_elements), and their names; without oxygen."""
    of_oxides = [i for i, element in enumerate(elements) if element != "O"]
    matrix = np.zeros((len(of_oxides), len(elements)))
    for row, i in enumerate(of_oxides):
        matrix[row, i] = _oxide_factor(elements[i], oxides)
    return matrix, tuple(oxides.get(elements[i], elements[i]) for i in of_oxides)


def _oxide_factor(element: str, oxides: Mapping[str, str]) -> float:
    return oxide_factor(element, oxides[element]) if element in oxides else 1.0


def _shares(
    names: tuple[str, ...],
    linear: np.ndarray,
    counts: np.ndarray,
    sigma: np.ndarray,
    mass_per_count: np.ndarray,
    masked: Sequence[str],
    counted: bool,
) -> Shares:
    """Shares of ``linear @ (mass per count * counts)``, with errors and limits."""
    shape = (len(counts), len(names))
    share, error, limit = (np.full(shape, np.nan) for _ in range(3))
    detected = np.zeros(shape, bool)
    for row in range(len(counts)):
        if masked[row]:
            continue
        to_mass = linear * mass_per_count[row]  # (n_names, n_lines)
        mass = to_mass @ counts[row]
        total = mass.sum()
        if total <= 0:
            continue
        share[row] = mass / total
        slope = (to_mass - share[row][:, None] * to_mass.sum(axis=0)) / total
        error[row] = np.sqrt(slope**2 @ sigma[row] ** 2)
        noise = np.sqrt(to_mass**2 @ sigma[row] ** 2)
        limit[row] = DETECTED_SIGMA * noise / total
        detected[row] = mass > DETECTED_SIGMA * noise if counted else mass > 0
    return Shares(names, share, error, detected, limit)
