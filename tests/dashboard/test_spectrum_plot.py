"""Names of lines in a spectrum stand at their energies and do not lie on each other."""

from __future__ import annotations

import numpy as np

from dashboard.phases.spectrum_plot import SpectrumPlot, label_heights


def test_names_that_stand_apart_are_on_one_level():
    assert len(set(label_heights([1.0, 2.0, 3.0], 50))) == 1


def test_names_close_together_are_raised_and_come_down_when_zoomed_in():
    energies = [1.74, 1.49, 2.01, 1.25]
    assert len(set(label_heights(energies, 40))) > 1
    assert len(set(label_heights(energies, 400))) == 1


def test_no_name_lies_on_another_while_there_is_room():
    energies = np.arange(0.3, 6, 0.15)
    heights = np.array(label_heights(list(energies), 40))
    for height in set(heights):
        assert (np.diff(energies[heights == height] * 40) >= 12).all()


def test_more_names_than_room_still_have_a_place():
    assert len(label_heights([1.0] * 7, 40)) == 7


def test_marks_keep_their_energies_when_the_axis_changes():
    plot = SpectrumPlot()
    plot.set_marks([0.677, 0.705, 6.40], ["F_Ka", "Fe_La", "Fe_Ka"])
    plot.set_energy(0, 20, "Energy (keV)")
    plot.set_marks([0.677, 0.705, 6.40], ["F_Ka", "Fe_La", "Fe_Ka"])
    assert plot.marks.data["energy"] == [0.677, 0.705, 6.40]
    assert plot.marks.data["height"][0] != plot.marks.data["height"][1]
    plot.energy_range.update(start=0.6, end=0.8)
    plot._stagger()
    assert len(set(plot.marks.data["height"])) == 1
