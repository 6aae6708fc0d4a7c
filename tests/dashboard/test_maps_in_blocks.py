"""A map that is larger than memory opens, is shown and is selected from as any other."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.library import Library
from dashboard.phases.requests import Opened, OpenRequest
from dashboard.phases.selecting import sum_of
from dashboard.selection import Context, drawn, select
from data import blocked_image
from data.catalogue import Catalogue
from data.synthetic import rock_section
from models.recipe import LineMapChoices


@pytest.fixture(scope="module")
def image():
    return rock_section(3, 64, 72, counts_per_pixel=60.0)[0]


@pytest.fixture(scope="module")
def steps(image, tmp_path_factory) -> tuple[list, Opened]:
    """What is told while it opens, and the opened map."""
    folder = tmp_path_factory.mktemp("served")
    blocked_image.save(image, folder / "rock.lodestone.zarr", block_pixels=700)
    # a thousand bytes hold no map: it stays on disk
    library = Library(Catalogue(folder, folder / "cache", memory_bytes=1000), 50 * 2**20)
    request = OpenRequest(library, "rock.lodestone.zarr", 0, LineMapChoices())
    assert request.is_short
    told, work = [], request.run()
    try:
        while True:
            told.append(next(work))
    except StopIteration as end:
        return told, end.value


def test_it_opens_with_steps_on_the_way(image, steps):
    told, opened = steps
    assert opened.dataset.in_blocks and opened.view.image.in_blocks
    assert len(told) > 8
    fractions = [step.fraction for step in told]
    assert fractions == sorted(fractions)
    np.testing.assert_array_equal(
        opened.view.intensity, image.crop_energy(LineMapChoices().low_energy_kev).counts_per_pixel()
    )


def test_the_spectrum_of_a_lasso_is_that_of_its_pixels(image, steps):
    view = steps[1].view
    lasso = {"type": "poly", "x": np.array([10, 60, 50, 12.0]), "y": np.array([5, 9, 50, 40.0])}
    selection = select(drawn("map", lasso), Context(view.maps.shape))
    cut = image.crop_energy(LineMapChoices().low_energy_kev)
    expected = cut.sum_by_label(np.where(selection.mask, 0, -1), 1)[0]
    assert selection.n_selected > 500
    np.testing.assert_array_equal(sum_of(view, selection), expected)
