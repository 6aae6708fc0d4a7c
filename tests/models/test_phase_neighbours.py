"""Which phase lies beside which."""

import numpy as np

from models.phase_neighbours import borders, main_neighbours


def test_borders_are_counted_in_edges_of_pixels():
    label = np.array([[0, 0, 1], [0, 2, 1], [-1, 2, 1]])
    assert borders(label, 3).tolist() == [[0, 1, 2], [1, 0, 2], [2, 2, 0]]


def test_the_main_neighbour_shares_most_of_the_border():
    label = np.ones((9, 9), int)
    label[3:6, 3:6] = 0
    label[4, 6] = 2
    assert main_neighbours(label, 4).tolist() == [1, 0, 1, -1]
