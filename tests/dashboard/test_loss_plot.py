"""The loss curve of a training: ticks that can be read, whatever the losses are."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.phases.loss_plot import LossPlot, ticks_between


@pytest.mark.parametrize(
    ("low", "high"), [(4e-4, 5e-3), (4.5e-4, 6e-4), (1e-5, 1.0), (0.011, 0.019), (0.0121, 0.0122)]
)
def test_ticks_lie_within_and_apart(low, high):
    ticks = ticks_between(low, high)
    assert 1 <= len(ticks) <= 5
    assert low <= ticks[0] and ticks[-1] <= high
    assert (np.diff(np.log(ticks)) > 0.2 * np.log(high / low)).all()


def test_the_axis_follows_the_curve():
    plot = LossPlot()
    plot.add([(0.5, 0.02, 0.03), (1.0, 0.01, 0.02)])
    assert plot.figure.yaxis.ticker.ticks == [0.01, 0.015, 0.02, 0.03]
    plot.add([(2.0, 0.0001, 0.0002)])
    assert plot.figure.yaxis.ticker.ticks == [0.0001, 0.001, 0.01]
    plot.clear()
    assert len(plot.source.data["epoch"]) == 0
