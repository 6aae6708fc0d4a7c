"""A crop keeps pixels, images, live time and energies together; a corrected axis moves lines, not counts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from data.axes import EnergyAxis
from data.elemental_maps import ElementalMaps
from data.field_of_view import checked_box
from data.spectrum_image import SpectrumImage


@pytest.fixture
def image():
    """6 x 9 pixels, each with its own number as counts of channel 3; a BSE image twice as fine."""
    counts = np.zeros((54, 8), np.uint16)
    counts[:, 3] = np.arange(54)
    bse = np.kron(np.arange(54).reshape(6, 9), np.ones((2, 2))).astype(np.float32)
    return SpectrumImage(
        sparse.csr_matrix(counts),
        (6, 9),
        EnergyAxis(-0.1, 0.01, 8),
        pixel_size_um=2.0,
        navigation={"BSE": bse, "coarse": np.arange(6.0, dtype=np.float32).reshape(2, 3)},
        live_time_s=54.0,
        dataset_id="numbers",
    )


def test_a_crop_keeps_the_same_pixels_of_counts_and_of_navigation_images(image):
    cropped = image.crop(*checked_box((1, 4, 2, 7), image.shape))
    assert cropped.shape == (3, 5)
    expected = np.arange(54).reshape(6, 9)[1:4, 2:7]
    np.testing.assert_array_equal(cropped.counts[:, 3].toarray().reshape(3, 5), expected)
    np.testing.assert_array_equal(cropped.navigation["BSE"][::2, ::2], expected)
    assert cropped.live_time_s == pytest.approx(15.0)
    assert cropped.pixel_size_um == 2.0
    assert cropped.dataset_id != image.dataset_id


def test_a_crop_between_two_pixels_of_a_coarse_image_keeps_the_one_that_shows_it(image):
    cropped = image.crop(*checked_box((4, 5, 4, 5), image.shape))
    np.testing.assert_array_equal(cropped.navigation["coarse"], [[4.0]])


def test_navigation_images_lose_the_rows_that_rebinning_drops(image):
    binned = image.rebin(4)
    assert binned.shape == (1, 2)
    assert binned.navigation["BSE"].shape == (8, 16)
    assert binned.live_time_s == pytest.approx(32.0)


def test_element_maps_are_cropped_with_their_mask():
    intensity = np.arange(24.0, dtype=np.float32).reshape(4, 6, 1)
    valid = np.ones((4, 6), bool)
    valid[0] = False
    maps = ElementalMaps(intensity, ("Fe",), valid=valid, navigation={"BSE": intensity[:, :, 0]})
    cropped = maps.crop(*checked_box((0, 2, 1, 3), maps.shape))
    np.testing.assert_array_equal(cropped.of("Fe"), [[1, 2], [7, 8]])
    np.testing.assert_array_equal(cropped.valid, [[False, False], [True, True]])
    np.testing.assert_array_equal(cropped.navigation["BSE"], [[1, 2], [7, 8]])


@pytest.mark.parametrize(
    ("box", "says"),
    [
        ((1, 2, 3), "four edges"),
        ((2, 2, 0, 3), "holds no pixel"),
        ((3, 1, 0, 3), "holds no pixel"),
        ((0, 7, 0, 3), "beyond the map"),
        ((-1, 2, 0, 3), "beyond the map"),
    ],
)
def test_a_box_that_is_none_is_refused_with_the_size_of_the_map(box, says):
    with pytest.raises(ValueError, match=says) as refused:
        checked_box(box, (6, 9))
    assert "6 rows and 9 columns" in str(refused.value)


def test_a_corrected_axis_moves_energies_and_leaves_counts_alone(image):
    corrected = image.with_energy(offset_kev=-0.12)
    assert corrected.energy == EnergyAxis(-0.12, 0.01, 8)
    assert corrected.counts is image.counts
    assert corrected.dataset_id != image.dataset_id
    assert image.with_energy() is image


def test_channels_become_energies_once_offset_and_width_are_given(image):
    bare = SpectrumImage(
        image.counts,
        image.shape,
        EnergyAxis(0.0, 1.0, 8, calibrated=False),
        notes=("The file has no usable energy calibration.", "The pixel size is a guess."),
    )
    assert bare.with_energy(-0.1, 0.01).energy == image.energy
    assert bare.with_energy(-0.1, 0.01).notes == ("The pixel size is a guess.",)
    with pytest.raises(ValueError, match="width of a channel"):
        bare.with_energy(offset_kev=-0.1)
    with pytest.raises(ValueError, match="first channel"):
        bare.with_energy(scale_kev=0.01)


@pytest.mark.parametrize("scale", [0.0, -0.01, np.nan, np.inf])
def test_a_channel_without_width_is_no_axis(image, scale):
    with pytest.raises(ValueError, match="larger than 0"):
        image.with_energy(scale_kev=scale)
