"""Formats that store arrays, written here and opened again: counts, units, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from instrument_files import EMI, write_dm, write_rpl, write_ser, write_spd
from reader_files import axis, image_signal, poisson_map, signal, write_hspy, write_zspy

from data.readers import UnreadableFile, open_dataset


def opened(path):
    return open_dataset(path).datasets


def dense(image):
    return image.counts.toarray().reshape(*image.shape, -1)


def spectrum_axes(n_y, n_x, n_channels, units="keV", scale=0.02, offset=-0.1, nav_units="um"):
    return [
        axis("height", n_y, 0.5, nav_units, index=0),
        axis("width", n_x, 0.5, nav_units, index=1),
        axis("Energy", n_channels, scale, units, offset, navigate=False, index=2),
    ]


@pytest.mark.parametrize("ending", [".hspy", ".zspy", ".zip.zspy", ".rpl", ".nxs", ".emd"])
def test_a_map_written_by_rosettasciio_comes_back(tmp_path, ending):
    counts = poisson_map()
    path = tmp_path / f"map{ending}"
    if ending == ".hspy":
        write_hspy(path, signal(counts))
    elif ending.endswith(".zspy"):
        write_zspy(path, signal(counts), zipped=ending == ".zip.zspy")
    else:
        module = {".rpl": "ripple", ".nxs": "nexus", ".emd": "emd"}[ending]
        writer = pytest.importorskip(f"rsciio.{module}").file_writer
        writer(str(path), [signal(counts)] if ending == ".nxs" else signal(counts))
    (image,) = opened(path)
    assert np.array_equal(dense(image), counts)
    assert image.counts.dtype == np.uint8
    assert image.energy.offset_kev == pytest.approx(-0.1)
    assert image.energy.scale_kev == pytest.approx(0.02)
    assert image.pixel_size_um == pytest.approx(0.5)
    if ending != ".emd":  # whose Berkeley kind has no place for it
        assert image.beam_kev == 15
    if ending in (".hspy", ".zspy", ".zip.zspy"):
        assert image.elements == ("Fe", "Si")
        assert image.live_time_s == 3


def test_an_edax_map_takes_its_calibrations_from_the_files_beside_it(tmp_path):
    counts = poisson_map()
    (image,) = opened(write_spd(tmp_path / "map.spd", counts))
    assert np.array_equal(dense(image), counts)
    assert image.energy.scale_kev == pytest.approx(0.01)
    assert (image.beam_kev, image.live_time_s, image.pixel_size_um) == (20, 4, 0.25)
    assert set(image.elements) == {"Fe", "Si"}


def test_an_edax_map_alone_opens_without_calibration(tmp_path):
    (image,) = opened(write_spd(tmp_path / "map.spd", poisson_map(), calibrated=False))
    assert not image.energy.calibrated
    assert image.pixel_size_um is None
    assert any("no usable energy calibration" in note for note in image.notes)


def test_a_tia_series_opens_alone_and_with_the_beam_energy_of_its_emi(tmp_path):
    counts = poisson_map(4, 5, 512)
    (alone,) = opened(write_ser(tmp_path / "map_1.ser", counts))
    (tmp_path / "map.emi").write_bytes(EMI)
    (with_emi,) = opened(tmp_path / "map.emi")
    for image in (alone, with_emi):
        assert np.array_equal(dense(image), counts)
        assert image.energy.offset_kev == pytest.approx(-0.02)
        assert image.pixel_size_um == pytest.approx(0.005)
    assert alone.beam_kev is None
    assert with_emi.beam_kev == 200


@pytest.mark.parametrize("ending", [".dm3", ".dm4"])
@pytest.mark.parametrize("kind", ["uint16", "float32"])
def test_a_digital_micrograph_map_is_stored_energy_first_and_may_be_float(tmp_path, ending, kind):
    counts = poisson_map(6, 5, 512)
    (image,) = opened(write_dm(tmp_path / f"map{ending}", counts.astype(kind)))
    assert np.array_equal(dense(image), counts)
    assert image.energy.offset_kev == pytest.approx(-0.2)
    assert image.beam_kev == 200
    assert image.pixel_size_um == pytest.approx(0.005)


@pytest.mark.parametrize("record_by", ["vector", "image"])
def test_ripple_gives_ev_per_channel_from_zero(tmp_path, record_by):
    counts = poisson_map(5, 7, 300)
    (image,) = opened(write_rpl(tmp_path / "map.rpl", counts, record_by, "ev-per-chan\t10\n"))
    assert np.array_equal(dense(image), counts)
    assert (image.energy.offset_kev, image.energy.scale_kev) == (0, pytest.approx(0.01))
    assert image.energy.calibrated


@pytest.mark.parametrize(("units", "scale"), [("keV", 0.02), ("eV", 20.0), ("KeV", 0.02), ("ev", 20.0)])
def test_energies_are_in_kev_whatever_the_file_writes(tmp_path, units, scale):
    axes = spectrum_axes(5, 7, 300, units, scale, offset=-5 * scale)
    (image,) = opened(write_hspy(tmp_path / "map.hspy", signal(poisson_map(), axes)))
    assert image.energy.scale_kev == pytest.approx(0.02)
    assert image.energy.offset_kev == pytest.approx(-0.1)


@pytest.mark.parametrize(
    ("units", "scale"), [("", 1.0), ("keV", 0.0), ("keV", -0.01), ("keV", 10.0), ("pix", 1.0)]
)
def test_an_axis_that_no_detector_has_counts_channels(tmp_path, units, scale):
    axes = spectrum_axes(5, 7, 300, units, scale)
    (image,) = opened(write_hspy(tmp_path / "map.hspy", signal(poisson_map(), axes)))
    assert not image.energy.calibrated
    assert (image.energy.offset_kev, image.energy.scale_kev) == (0, 1)
    assert any("X-ray lines cannot be placed" in note for note in image.notes)


@pytest.mark.parametrize(("units", "um"), [("nm", 5e-4), ("um", 0.5), ("µm", 0.5), ("mm", 500.0), ("m", 5e5)])
def test_pixel_sizes_are_in_um_whatever_the_file_writes(tmp_path, units, um):
    axes = spectrum_axes(5, 7, 300, nav_units=units)
    (image,) = opened(write_hspy(tmp_path / "map.hspy", signal(poisson_map(), axes)))
    assert image.pixel_size_um == pytest.approx(um)


def test_pixels_without_a_length_have_no_size(tmp_path):
    axes = spectrum_axes(5, 7, 300, nav_units="pix")
    (image,) = opened(write_hspy(tmp_path / "map.hspy", signal(poisson_map(), axes)))
    assert image.pixel_size_um is None
    assert any("distances are in pixels" in note for note in image.notes)


@pytest.mark.parametrize(
    ("largest", "kind"), [(255, np.uint8), (256, np.uint16), (65_535, np.uint16), (65_536, np.uint32)]
)
@pytest.mark.parametrize("stored", [np.int64, np.float64, np.uint32])
def test_counts_take_the_smallest_type_that_holds_them_and_sums_do_not_overflow(
    tmp_path, largest, kind, stored
):
    counts = np.full((3, 4, 100), largest, stored)
    (image,) = opened(write_hspy(tmp_path / "map.hspy", signal(counts)))
    assert image.counts.dtype == kind
    assert image.sum_spectrum()[0] == 12 * largest


@pytest.mark.parametrize(
    ("value", "message"), [(0.5, "fractions such as 0.5"), (-1.0, "negative values"), (np.nan, "no numbers")]
)
def test_processed_intensities_are_refused_not_rounded(tmp_path, value, message):
    data = poisson_map().astype(np.float32)
    data[2, 3, 4] = value
    with pytest.raises(UnreadableFile, match=message):
        opened(write_hspy(tmp_path / "map.hspy", signal(data)))


def test_whole_numbers_that_float_arithmetic_has_touched_are_counts(tmp_path):
    counts = poisson_map()
    (image,) = opened(write_hspy(tmp_path / "map.hspy", signal(counts * np.float64(1 + 1e-7))))
    assert np.array_equal(dense(image), counts)


def test_frames_are_summed(tmp_path):
    counts = np.stack([poisson_map(seed=seed) for seed in range(4)])
    axes = [axis("Time", 4, 1.0, "s", index=0)]
    axes += [{**one, "index_in_array": i + 1} for i, one in enumerate(spectrum_axes(5, 7, 300))]
    (image,) = opened(write_hspy(tmp_path / "map.hspy", signal(counts, axes)))
    assert np.array_equal(dense(image), counts.sum(axis=0))
    assert any("4 frames were summed" in note for note in image.notes)


def test_a_stack_of_slices_is_no_map(tmp_path):
    counts = np.stack([poisson_map(seed=seed) for seed in range(4)])
    axes = [axis("z", 4, 1.0, "um", index=0)]
    axes += [{**one, "index_in_array": i + 1} for i, one in enumerate(spectrum_axes(5, 7, 300))]
    with pytest.raises(UnreadableFile, match="4 x 5 x 7 places"):
        opened(write_hspy(tmp_path / "map.hspy", signal(counts, axes)))


def test_a_line_becomes_a_map_of_one_row(tmp_path):
    counts = poisson_map()[0]
    axes = [axis("x", 7, 0.5, index=0), axis("Energy", 300, 0.02, "keV", navigate=False, index=1)]
    (image,) = opened(write_hspy(tmp_path / "line.hspy", signal(counts, axes)))
    assert image.shape == (1, 7)
    assert np.array_equal(dense(image)[0], counts)


def test_one_pixel_opens_with_a_note(tmp_path):
    for name, counts in (("one", poisson_map()[:1, :1]), ("spectrum", poisson_map()[0, 0])):
        axes = None if counts.ndim == 3 else [axis("Energy", 300, 0.02, "keV", navigate=False)]
        (image,) = opened(write_hspy(tmp_path / f"{name}.hspy", signal(counts, axes)))
        assert image.shape == (1, 1)
        assert any("one pixel" in note for note in image.notes)


def test_of_several_signals_the_eds_maps_are_offered_and_images_navigate(tmp_path):
    bright, dim = poisson_map(seed=1) * 3, poisson_map(seed=2)
    image = np.arange(35.0).reshape(5, 7)
    loss = axis("Energy loss", 300, 1.0, "eV", 200.0, navigate=False, index=2)
    eels = signal(poisson_map(), [*spectrum_axes(5, 7, 300)[:2], loss], "EELS", "loss")
    path = write_hspy(
        tmp_path / "all.hspy",
        signal(dim, title="dim"),
        image_signal(image),
        eels,
        signal(bright, title="bright"),
        image_signal(np.zeros((5, 7)), title="blank"),
    )
    datasets = opened(path)
    assert [one.title for one in datasets] == ["all: bright", "all: dim", "all: loss"]
    assert [one.energy.kind for one in datasets] == ["xray", "xray", "loss"]
    for one in datasets:
        assert np.array_equal(one.navigation["BSE"], image)
        assert list(one.navigation) == ["BSE"]
        assert any("1 blank image was left out" in note for note in one.notes)


def test_energy_losses_open_as_counts_on_their_own_axis(tmp_path):
    loss = axis("Energy loss", 300, 0.5, "eV", 200.0, navigate=False, index=2)
    eels = signal(poisson_map(), [*spectrum_axes(5, 7, 300)[:2], loss], "EELS", "loss")
    (image,) = opened(write_hspy(tmp_path / "eels.hspy", eels))
    assert (image.energy.kind, image.energy.unit, image.energy.label) == ("loss", "eV", "Energy loss (eV)")
    np.testing.assert_allclose(image.energy.shown[[0, -1]], [200.0, 349.5])
    assert not image.energy.has_xray_lines and not image.counts_are_events
    assert np.array_equal(image.counts.toarray(), poisson_map().reshape(35, 300))


def test_processed_energy_losses_open_as_bands(tmp_path):
    loss = axis("Energy loss", 300, 0.5, "eV", 200.0, navigate=False, index=2)
    values = poisson_map().astype(np.float32) - 3.5
    eels = signal(values, [*spectrum_axes(5, 7, 300)[:2], loss], "EELS", "loss")
    (maps,) = opened(write_hspy(tmp_path / "eels.hspy", eels))
    assert maps.axis.label == "Energy loss (eV)"
    np.testing.assert_allclose(maps.intensity, values)
    assert any("shown as bands" in note for note in maps.notes)


@pytest.mark.parametrize(
    ("kind", "name", "units", "offset", "scale", "label", "line"),
    [
        ("CL", "Wavelength", "nm", 400.0, 1.0, "Wavelength (nm)", "400 nm"),
        ("Raman", "Raman shift", "1/cm", 100.0, 4.0, "Wavenumber (cm⁻¹)", "100 cm⁻¹"),
        ("", "Energy", "eV", 280.0, 0.1, "Energy (eV)", "280.0 eV"),
    ],
)
def test_spectra_of_light_and_absorption_open_as_bands(
    tmp_path, kind, name, units, offset, scale, label, line
):
    spectral = axis(name, 300, scale, units, offset, navigate=False, index=2)
    values = poisson_map().astype(np.float32) * 0.25
    one = signal(values, [*spectrum_axes(5, 7, 300)[:2], spectral], kind, "light")
    (maps,) = opened(write_hspy(tmp_path / "light.hspy", one))
    assert maps.axis.label == label
    assert maps.lines[0] == line and len(set(maps.lines)) == 300
    np.testing.assert_allclose(maps.intensity, values)


def test_more_channels_than_bands_are_averaged_with_their_neighbours(tmp_path):
    spectral = axis("Wavelength", 1000, 0.5, "nm", 300.0, navigate=False, index=2)
    values = np.random.default_rng(0).random((3, 4, 1000)).astype(np.float32)
    one = signal(values, [*spectrum_axes(3, 4, 1000)[:2], spectral], "CL", "light")
    (maps,) = opened(write_hspy(tmp_path / "light.hspy", one))
    assert maps.intensity.shape == (3, 4, 250)
    np.testing.assert_allclose(maps.intensity[..., 0], values[..., :4].mean(axis=-1), rtol=1e-5)
    assert maps.axis.centre[0] == pytest.approx(300.75)


def test_a_file_with_no_spectra_says_what_it_holds(tmp_path):
    unknown = axis("Mass", 300, 1.0, "amu", 0.0, navigate=False, index=2)
    masses = signal(poisson_map(), [*spectrum_axes(5, 7, 300)[:2], unknown], "SIMS", "ions")
    with pytest.raises(UnreadableFile, match="ions holds spectra in amu"):
        opened(write_hspy(tmp_path / "sims.hspy", masses))
    with pytest.raises(UnreadableFile, match="only 1 image"):
        opened(write_hspy(tmp_path / "image.hspy", image_signal(np.arange(35.0).reshape(5, 7))))
    (narrow,) = opened(
        write_dm(tmp_path / "narrow.dm3", poisson_map(), "", ("nm", "nm", "eV"), (5.0, 5.0, 4.0))
    )
    assert narrow.axis.label == "Energy (eV)"


def test_an_empty_map_is_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="no counts"):
        opened(write_hspy(tmp_path / "map.hspy", signal(np.zeros((5, 7, 300), np.uint16))))


@pytest.mark.parametrize("chunks", [(1, 7, 300), (5, 7, 4), (2, 3, 50), (5, 7, 300)])
def test_the_chunks_of_a_file_do_not_matter(tmp_path, chunks, monkeypatch):
    monkeypatch.setattr("data.readers.dense_blocks.BLOCK_BYTES", 1000)
    counts = poisson_map()
    (image,) = opened(write_hspy(tmp_path / "map.hspy", signal(counts), chunks=chunks))
    assert np.array_equal(dense(image), counts)
    assert image.counts.has_canonical_format
    rising = np.diff(image.counts.indices) > 0
    assert rising[np.setdiff1d(np.arange(rising.size), image.counts.indptr[1:-1] - 1)].all()


def test_the_file_is_closed_after_reading(tmp_path):
    path = write_hspy(tmp_path / "map.hspy", signal(poisson_map()))
    opened(path)
    # HDF5 refuses to truncate a file that is open
    write_hspy(path, signal(poisson_map(seed=5)))
    assert np.array_equal(dense(opened(path)[0]), poisson_map(seed=5))


def test_equal_content_has_an_equal_id_in_another_format(tmp_path):
    one = opened(write_hspy(tmp_path / "a.hspy", signal(poisson_map())))[0]
    other = opened(write_zspy(tmp_path / "b.zspy", signal(poisson_map())))[0]
    different = opened(write_hspy(tmp_path / "c.hspy", signal(poisson_map(seed=1))))[0]
    assert one.dataset_id == other.dataset_id != different.dataset_id


def test_progress_rises_to_one(tmp_path, monkeypatch):
    monkeypatch.setattr("data.readers.arrays.BLOCK_BYTES", 5000)
    monkeypatch.setattr("data.readers.dense_blocks.BLOCK_BYTES", 5000)
    told = []
    open_dataset(
        write_rpl(tmp_path / "map.rpl", poisson_map()),
        lambda fraction, message: told.append((fraction, message)),
    )
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert len(fractions) > 3
