"""Event streams of Bruker, JEOL, Velox and Phenom decode to the counts that rosettasciio finds densely."""

from __future__ import annotations

import numpy as np
import pytest
from instrument_files import jeol_frame, write_pts, write_velox
from reader_files import poisson_map

from data.readers import UnreadableFile, open_dataset


def dense(image):
    return image.counts.toarray().reshape(*image.shape, -1)


@pytest.mark.parametrize(
    "name",
    [
        "P45_8bit_compressed_80keV_range",
        "P45_the_default_job",
        "30x30_instructively_packed_16bit_compressed",
        "bcf_v2_50x50px",
        "test_TEM",
        "over16bit",
        "4on3_full",
    ],
)
def test_a_bruker_map_equals_the_dense_one(shared_data, name):
    from rsciio.bruker import file_reader

    path = shared_data / f"eds/bruker/{name}.bcf"
    (reference,) = file_reader(str(path), select_type="spectrum_image")
    assert np.array_equal(dense(open_dataset(path).datasets[0]), reference["data"])


@pytest.mark.parametrize("name", ["bcf_v2_50x50px", "Hitachi_TM3030Plus", "P45_the_default_job", "test_TEM"])
def test_a_bruker_map_adds_up_to_the_sum_spectrum_in_its_header(shared_data, name):
    from rsciio.bruker._api import BCF_reader

    path = shared_data / f"eds/bruker/{name}.bcf"
    in_header = BCF_reader(str(path)).header.spectra_data[0].data
    assert np.array_equal(open_dataset(path).datasets[0].sum_spectrum(), in_header)


def test_jeol_maps_equal_the_dense_ones(shared_data):
    from rsciio.jeol import file_reader

    path = shared_data / "eds/broken/jeol_InvalidFrame/Sample/00_Dummy-Data/Dummy-Data_0000015.pts"
    (reference,) = file_reader(str(path))
    (image,) = open_dataset(path).datasets
    assert np.array_equal(dense(image), reference["data"])
    assert image.live_time_s == pytest.approx(27.27)


def test_the_large_jeol_map_has_the_counts_of_every_pixel_and_channel(shared_data):
    from rsciio.jeol import file_reader

    path = shared_data / "eds/jeol/Sample/00_View000/View000_0000006.pts"
    image = open_dataset(path).datasets[0]
    # binned by rosettasciio, which is small: all channels of a pixel, and every 8 channels of 32 x 32 pixels
    (pixels,) = file_reader(str(path), rebin_energy=4096, SI_dtype=np.uint32)
    assert np.array_equal(np.asarray(image.counts.sum(axis=1)).reshape(512, 512), pixels["data"][..., 0])
    (coarse,) = file_reader(str(path), rebin_energy=8, downsample=32, SI_dtype=np.uint32)
    binned = image.rebin(32).counts.toarray().reshape(16, 16, 512, 8).sum(axis=-1)
    assert np.array_equal(binned, coarse["data"])


def test_a_velox_map_sums_detectors_and_frames(shared_data):
    from rsciio.emd import file_reader

    path = shared_data / "eds/velox/Test SI 16x16 215 kx.emd"
    (reference,) = file_reader(str(path), select_type="spectrum_image")
    (image,) = open_dataset(path).datasets
    assert np.array_equal(dense(image), reference["data"])
    assert any("4 detectors were summed" in note for note in image.notes)


def test_phenom_maps_equal_the_dense_ones(shared_data):
    from rsciio.phenom import file_reader

    path = shared_data / "eds/phenom/Elid2Version4.elid"
    reference = {one["metadata"]["General"]["title"]: one for one in file_reader(str(path))}
    for image in open_dataset(path).datasets:
        one = reference[image.title.removeprefix("Elid2Version4: ")]
        assert np.array_equal(dense(image).reshape(one["data"].shape), one["data"])
        assert image.energy.scale_kev == pytest.approx(one["axes"][-1]["scale"])


def test_jeol_frames_are_summed_and_an_interrupted_one_is_left_out(tmp_path):
    counts = [poisson_map(64, 64, 40, seed) for seed in range(3)]
    words = jeol_frame(counts[0]) + jeol_frame(counts[1]) + jeol_frame(counts[2], n_lines=20)
    (image,) = open_dataset(write_pts(tmp_path / "map.pts", words)).datasets
    assert np.array_equal(dense(image)[..., :40], counts[0] + counts[1])
    assert any("interrupted and left out; 2 are complete" in note for note in image.notes)
    assert image.energy.offset_kev == pytest.approx(-0.97)
    assert image.pixel_size_um == pytest.approx(1.0)
    assert image.beam_kev == 200


def test_a_jeol_scan_of_a_part_of_the_frame_holds_that_part(tmp_path):
    counts = poisson_map(64, 64, 40)
    counts[:10] = counts[50:] = counts[:, :5] = counts[:, 60:] = 0
    words = jeol_frame(counts[:50])[:]
    (image,) = open_dataset(write_pts(tmp_path / "map.pts", words, aim=(5, 10, 59, 49))).datasets
    assert image.shape == (40, 55)
    assert np.array_equal(dense(image)[..., :40], counts[10:50, 5:60])


def test_the_electron_image_of_a_jeol_map_is_for_navigation(tmp_path):
    words = jeol_frame(poisson_map(64, 64, 40), electron_image=True)
    (image,) = open_dataset(write_pts(tmp_path / "map.pts", words)).datasets
    (electrons,) = image.navigation.values()
    assert np.array_equal(electrons, np.add.outer(np.arange(64), np.arange(64)))


def test_a_jeol_map_without_a_complete_frame_is_refused(tmp_path):
    words = jeol_frame(poisson_map(64, 64, 40), n_lines=63)
    with pytest.raises(UnreadableFile, match="no complete frame"):
        open_dataset(write_pts(tmp_path / "map.pts", words))


def test_a_velox_map_beside_a_larger_overview_keeps_its_own_size(tmp_path):
    frames = [
        [poisson_map(6, 9, 256, seed) for seed in (1, 2)],
        [poisson_map(6, 9, 256, seed) for seed in (3, 4)],
    ]
    overview = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    (image,) = open_dataset(write_velox(tmp_path / "map.emd", frames, overview=overview, eels=True)).datasets
    assert np.array_equal(dense(image), sum(frame for one in frames for frame in one))
    assert image.beam_kev == 300
    assert image.elements == ("Fe", "O")
    assert image.live_time_s == pytest.approx(2.5)
    assert image.energy.offset_kev == pytest.approx(-0.25)
    assert image.pixel_size_um == pytest.approx(0.002)
    shapes = {name: one.shape for name, one in image.navigation.items()}
    assert sorted(shapes.values()) == [(6, 9), (64, 64)]
    assert any("EELS signal of the file could not be read" in note for note in image.notes)
    # frames of an image are averaged, not only the first one taken
    (haadf,) = [one for one in image.navigation.values() if one.shape == (6, 9)]
    assert np.allclose(haadf, np.arange(6 * 9 * 2).reshape(6, 9, 2).mean(axis=-1))


def test_a_pruned_velox_file_is_refused_with_the_way_out(tmp_path):
    with pytest.raises(UnreadableFile, match="pruned"):
        open_dataset(write_velox(tmp_path / "map.emd", [[poisson_map(4, 4, 64)]], pruned=True))
