"""The synthetic scenes: what they promise, and that their truth is the truth."""

from __future__ import annotations

import time

import numba
import numpy as np
import pytest

from data import synthetic
from data.sparse_counts import project
from data.synthetic import cached_demo, demo, particulate, rock_section
from data.synthetic_events import draw_counts

SCENES = {"demo": demo, "rock_section": rock_section, "particulate": particulate}


@pytest.fixture(scope="module")
def small_scenes():
    """Every scene at 128 x 128, by name."""
    return {name: make(5, n_y=128, n_x=128) for name, make in SCENES.items()}


@pytest.mark.parametrize("name", SCENES)
def test_the_truth_is_consistent(small_scenes, name):
    image, truth = small_scenes[name]
    n_phases = len(truth.phase_names)
    assert truth.spectra.shape == (n_phases, image.energy.n_channels)
    assert truth.spectra.sum(axis=1) == pytest.approx(np.ones(n_phases))
    assert truth.share.shape == (*image.shape, n_phases)
    assert truth.share.sum(axis=-1) == pytest.approx(np.ones(image.shape), abs=1e-4)
    assert (truth.label == truth.share.argmax(axis=-1)).all()
    assert image.counts.dtype in (np.uint8, np.uint16)
    assert image.counts.has_sorted_indices
    assert image.beam_kev in (15.0, 20.0)
    assert image.pixel_size_um > 0
    assert {"Si", "O", "Ca"} <= set(image.elements)


@pytest.mark.parametrize("name", SCENES)
def test_the_counts_are_poisson_draws_of_the_truth(small_scenes, name):
    image, truth = small_scenes[name]
    expected = np.einsum("yxp,yx->p", truth.share, truth.mean_counts, dtype=np.float64) @ truth.spectra
    seen = expected > 5
    deviation = (image.sum_spectrum()[seen] - expected[seen]) / np.sqrt(expected[seen])
    assert np.mean(deviation**2) == pytest.approx(1.0, abs=0.15)
    totals = (image.counts_per_pixel() - truth.mean_counts) / np.sqrt(truth.mean_counts)
    assert totals.mean() == pytest.approx(0.0, abs=0.03)
    assert totals.var() == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("name", SCENES)
def test_seven_minerals_or_more_and_a_trace_phase_below_half_a_per_cent(name):
    for seed in (1, 2, 3):
        _, truth = SCENES[name](seed, n_y=128, n_x=128, counts_per_pixel=20)
        area = np.bincount(truth.label.ravel(), minlength=len(truth.phase_names)) / truth.label.size
        assert 0.001 < area[truth.trace] < 0.005
        assert (area >= 0.01).sum() >= 7
        assert (area > 0).all()


def test_the_substrate_shows_through_thin_particles():
    _, truth = particulate(1)
    tape = truth.share[..., truth.phase_names.index("Carbon tape")]
    inside = truth.label != truth.phase_names.index("Carbon tape")
    assert (tape[inside] > 0.15).mean() > 0.1


def test_the_interaction_volume_mixes_neighbours_in_a_rock():
    _, truth = rock_section(1)
    purity = truth.share.max(axis=-1)
    assert 0.03 < (purity < 0.7).mean() < 0.3
    assert (purity > 0.99).mean() > 0.4


def test_a_scene_has_the_size_and_the_dose_that_were_asked_for():
    image, truth = rock_section(2, n_y=48, n_x=80, counts_per_pixel=35)
    assert image.shape == truth.label.shape == (48, 80)
    assert image.counts_per_pixel().mean() == pytest.approx(35, rel=0.03)
    assert image.navigation["BSE"].shape == (96, 160)
    with pytest.raises(ValueError, match="must be positive"):
        rock_section(2, n_y=16, n_x=16, counts_per_pixel=0)


def test_there_is_a_zero_peak_and_nothing_between_it_and_the_threshold(small_scenes):
    image, truth = small_scenes["rock_section"]
    energy_kev = image.energy.energy_kev
    share = truth.spectra[:, np.abs(energy_kev) < 0.1].sum(axis=1)
    assert ((share > 0.02) & (share < 0.15)).all()


def test_a_seed_gives_the_same_counts_whatever_the_number_of_threads():
    first, _ = particulate(3, n_y=40, n_x=40)
    threads = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        again, _ = particulate(3, n_y=40, n_x=40)
    finally:
        numba.set_num_threads(threads)
    other, _ = particulate(4, n_y=40, n_x=40)
    assert (first.counts != again.counts).nnz == 0
    assert first.dataset_id == again.dataset_id != other.dataset_id


def test_bright_phases_give_bright_pixels_in_the_backscatter_image(small_scenes):
    image, truth = small_scenes["rock_section"]
    grey = image.navigation["BSE"].reshape(128, 2, 128, 2).mean(axis=(1, 3))
    order = [truth.phase_names.index(name) for name in ("Quartz", "Biotite", "Magnetite")]
    means = [grey[truth.label == phase].mean() for phase in order]
    assert means == sorted(means)


def test_the_oracle_finds_the_dominant_phases(small_scenes):
    """The likelihood of each pure spectrum alone labels four pixels in five and more."""
    image, truth = small_scenes["rock_section"]
    log_likelihood = project(image.counts, np.log(np.maximum(truth.spectra, 1e-12)).T)
    assert (log_likelihood.argmax(axis=1) == truth.label.ravel()).mean() > 0.85


def test_events_fall_into_channels_as_the_spectra_say():
    rng = np.random.default_rng(2)
    spectra = rng.random((3, 50)) ** 6
    spectra /= spectra.sum(axis=1, keepdims=True)
    expected = rng.random((2000, 3)) * 400
    counts = draw_counts(expected, spectra, np.random.default_rng(8))
    mean = expected @ spectra
    deviation = (counts.toarray() - mean) / np.sqrt(mean)
    assert deviation.mean() == pytest.approx(0.0, abs=0.02)
    assert deviation.var() == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize(("events", "dtype"), [(100, np.uint8), (5000, np.uint16), (200_000, np.uint32)])
def test_counts_are_stored_in_the_smallest_unsigned_type_that_holds_them(events, dtype):
    counts = draw_counts(np.full((3, 1), float(events)), np.ones((1, 1)), np.random.default_rng(1))
    assert counts.dtype == dtype
    assert counts.data.mean() == pytest.approx(events, rel=0.3)


def test_the_demo_takes_less_than_ten_seconds():
    demo(n_y=32, n_x=32)  # compiles, once in the life of an installation
    start = time.perf_counter()
    image, _ = demo()
    assert time.perf_counter() - start < 10
    assert image.shape == (256, 256)
    assert image.energy.n_channels == 2048
    assert image.counts_per_pixel().mean() == pytest.approx(150, rel=0.01)


def test_the_demo_is_read_from_its_cache_and_remade_when_that_is_damaged(tmp_path, monkeypatch):
    small = demo(n_y=24, n_x=24)
    made = []
    monkeypatch.setattr(synthetic, "demo", lambda: made.append(1) or small)
    first, _ = cached_demo(tmp_path / "cache")
    again, truth = cached_demo(tmp_path / "cache")
    assert len(made) == 1
    assert (first.counts != again.counts).nnz == 0
    assert again.dataset_id == small[0].dataset_id
    assert again.navigation["BSE"] == pytest.approx(small[0].navigation["BSE"])
    assert truth.phase_names == small[1].phase_names
    assert truth.share == pytest.approx(small[1].share)

    (file,) = (tmp_path / "cache").iterdir()
    file.write_bytes(file.read_bytes()[:3000])
    assert cached_demo(tmp_path / "cache")[0].dataset_id == small[0].dataset_id
    assert len(made) == 2
    cached_demo(tmp_path / "cache")
    assert len(made) == 2


def test_a_folder_that_cannot_be_written_does_not_keep_the_demo_away(tmp_path, monkeypatch):
    small = demo(n_y=24, n_x=24)
    monkeypatch.setattr(synthetic, "demo", lambda: small)
    (tmp_path / "file").write_text("in the way")
    assert cached_demo(tmp_path / "file" / "cache")[0] is small[0]
