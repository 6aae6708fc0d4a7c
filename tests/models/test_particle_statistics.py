"""Particles: connected regions and what is measured of them."""

import time

import numpy as np
import pytest
from scipy import ndimage
from skimage import measure

from data.elemental_maps import ElementalMaps
from models.composition_choices import ParticleChoices
from models.particle_statistics import particles
from models.phase_map import PhaseMap

ALL = ParticleChoices(least_pixels=1)


def phase_map(label):
    label = np.asarray(label, np.int16)
    return PhaseMap(label, np.ones(label.shape, np.float32), int(label.max(initial=-1)) + 1, "test")


def line_maps(shape, pixel_size_um=None, seed=1):
    intensity = np.random.default_rng(seed).random((*shape, 2)).astype(np.float32)
    return ElementalMaps(intensity, ("Fe_Ka", "Si_Ka"), pixel_size_um=pixel_size_um)


def patches(shape=(60, 80), n_phases=3, seed=2):
    rng = np.random.default_rng(seed)
    noise = [ndimage.gaussian_filter(rng.standard_normal(shape), 2) for _ in range(n_phases + 1)]
    return np.argmax(noise, axis=0) - 1


def test_phase_0_has_particles_like_any_other():
    label = np.full((8, 8), -1)
    label[1:4, 1:4], label[5:7, 5:7] = 0, 1
    found = particles(phase_map(label), line_maps((8, 8)), ALL)
    assert found.phase.tolist() == [0, 1]
    assert found.pixels.tolist() == [9, 4]


def test_sizes_follow_the_size_of_a_pixel():
    label = np.full((10, 10), -1)
    label[2:6, 2:6] = 0
    found = particles(phase_map(label), line_maps((10, 10), 0.5), ALL)
    assert found.area[0] == pytest.approx(4.0)
    assert found.equivalent_diameter[0] == pytest.approx(2 * np.sqrt(4.0 / np.pi))
    table = found.columns({0: "Quartz"})
    assert table["area_um2"][0] == 4.0
    assert table["centroid_x_um"][0] == table["centroid_y_um"][0] == 2.0


def test_corners_join_regions_at_8_neighbours_and_part_them_at_4():
    label = np.full((6, 6), -1)
    label[1:3, 1:3] = label[3:5, 3:5] = 0
    joined = particles(phase_map(label), line_maps((6, 6)), ParticleChoices(8, 1))
    parted = particles(phase_map(label), line_maps((6, 6)), ParticleChoices(4, 1))
    assert joined.pixels.tolist() == [8]
    assert parted.pixels.tolist() == [4, 4]


def test_regions_agree_with_scikit_image():
    label, maps = patches(), line_maps((60, 80), 0.5)
    found = particles(phase_map(label), maps, ALL)
    theirs = measure.regionprops(measure.label(label, background=-1, connectivity=2), maps.intensity)
    assert len(found) == len(theirs)
    for one in theirs:
        y, x = one.coords[0]
        number = found.at(int(y), int(x))
        assert found.pixels[number] == one.area
        np.testing.assert_allclose(found.centroid[number], one.centroid)
        # scikit-image takes pixels for points: the moments of a square are 1/12 more, those of the axes 16/12
        axes = np.sqrt(np.array([one.axis_major_length, one.axis_minor_length]) ** 2 + 16 / 12)
        np.testing.assert_allclose(found.axes[number], axes, rtol=1e-6)
        np.testing.assert_allclose(found.least[number], one.intensity_min)
        np.testing.assert_allclose(found.mean[number], one.intensity_mean, rtol=1e-5)
        np.testing.assert_allclose(found.most[number], one.intensity_max)


def test_a_needle_is_long_thin_and_lies_as_it_is_drawn():
    label = np.full((30, 30), -1)
    for step in range(20):  # from the lower left to the upper right
        label[25 - step, 5 + step] = 0
    found = particles(phase_map(label), line_maps((30, 30)), ALL)
    assert found.axes[0, 0] > 10 * found.axes[0, 1]
    assert found.orientation_deg[0] == pytest.approx(45.0)


def test_a_filled_hole_belongs_to_the_region_and_one_at_the_edge_does_not():
    label = np.ones((9, 9))
    label[2:7, 2:7] = 0
    label[4, 4] = 1
    open_ = particles(phase_map(label), line_maps((9, 9)), ALL, [0])
    filled = particles(phase_map(label), line_maps((9, 9)), ParticleChoices(8, 1, True), [0])
    assert open_.pixels.tolist() == [24]
    assert filled.pixels.tolist() == [25]
    frame = particles(phase_map(label), line_maps((9, 9)), ParticleChoices(8, 1, True), [1])
    assert frame.pixels.tolist() == [81]  # the island in the hole is part of what is filled
    label[2:7, 0:2] = 0  # the region reaches the edge of the map: phase 1 on its left is no hole of it
    assert particles(phase_map(label), line_maps((9, 9)), ParticleChoices(4, 1, True), [0]).pixels[0] == 35


def test_specks_are_left_out_and_counted():
    label = np.full((10, 10), -1)
    label[1:4, 1:4], label[8, 8] = 0, 0
    found = particles(phase_map(label), line_maps((10, 10)), ParticleChoices(8, 4))
    assert (len(found), found.n_left_out) == (1, 1)


def test_regions_at_the_edge_are_marked():
    label = np.full((10, 10), -1)
    label[0:3, 4:6], label[5:8, 4:6] = 0, 0
    found = particles(phase_map(label), line_maps((10, 10)), ALL)
    assert sorted(zip(found.centroid[:, 0].tolist(), found.touches_edge.tolist(), strict=True)) == [
        (1.0, True), (6.0, False),
    ]  # fmt: skip


def test_a_phase_without_pixels_has_no_particles():
    label = np.full((6, 6), -1)
    label[0, 0] = 2
    found = particles(phase_map(label), line_maps((6, 6)), ALL, [1])
    assert len(found) == 0
    assert found.columns({1: "Nothing"})["pixels"].size == 0
    assert not found.mask([]).any()


def test_the_mask_of_a_particle_is_its_region():
    label = patches()
    found = particles(phase_map(label), line_maps((60, 80)), ALL)
    mask = found.mask([3])
    assert mask.sum() == found.pixels[3]
    assert set(np.unique(label[mask])) == {found.phase[3]}


def test_maps_of_another_shape_and_unknown_phases_are_told():
    with pytest.raises(ValueError, match="Find the phases again"):
        particles(phase_map(np.zeros((5, 5))), line_maps((4, 5)), ALL)
    with pytest.raises(ValueError, match="no phase 3"):
        particles(phase_map(np.zeros((5, 5))), line_maps((5, 5)), ALL, [3])


def test_a_noisy_megapixel_takes_seconds_not_minutes():
    label = np.random.default_rng(3).integers(0, 6, (1000, 1000))
    started = time.perf_counter()
    found = particles(phase_map(label), line_maps((1000, 1000)), ALL)
    assert len(found) > 100_000
    assert time.perf_counter() - started < 15  # 1.5 s on an idle core
