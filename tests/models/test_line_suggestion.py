"""Suggested lines: what real and synthetic maps show, without a word from their metadata."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from data.axes import EnergyAxis
from data.readers import open_dataset
from data.spectrum_image import SpectrumImage
from data.synthetic import demo, particulate, rock_section
from models.line_suggestion import suggest_lines

# Carbon: the coating that metadata do not name
COATING = {"C"}


def suggested(image: SpectrumImage, **options) -> set[str]:
    return {one.element for one in suggest_lines(replace(image, elements=()), **options)}


def opened(shared_data, name: str) -> SpectrumImage:
    return open_dataset(shared_data / "eds" / "bruker" / name).datasets[0]


def test_a_dacite_at_22_counts_per_pixel_shows_its_ten_elements_and_no_other(shared_data):
    image = opened(shared_data, "P45_the_default_job.bcf")
    expected = {"O", "Na", "Mg", "Al", "Si", "K", "Ca", "Ti", "Fe"}
    assert suggested(image) - COATING == expected


def test_a_better_counted_dacite_shows_the_phosphorus_of_its_few_grains_of_apatite(shared_data):
    image = opened(shared_data, "P45_8bit_compressed_80keV_range.bcf")
    found, named = suggested(image), set(image.elements)
    assert named == {"Al", "Ca", "Cl", "Fe", "K", "Mg", "Na", "O", "P", "Si", "Ti"}
    assert found - COATING <= named
    # chlorine, 0.1 % of the counts, is missed
    assert len(found & named) >= 10


def test_a_rare_earth_bearing_rock_shows_its_main_elements(shared_data):
    image = opened(shared_data, "30x30_instructively_packed_16bit_compressed.bcf")
    found = suggested(image)
    assert {"O", "Na", "Mg", "Al", "Si", "P", "K", "Ca", "Ti", "Mn", "Fe"} <= found
    # manganese stands clearly in the spectrum although the metadata do not name it; two more at most
    assert len(found - set(image.elements) - COATING - {"Mn"}) <= 2


def test_metals_are_found_by_the_lines_that_the_beam_excites(shared_data):
    image = opened(shared_data, "bcf_v2_50x50px.bcf")
    lines = {one.line for one in suggest_lines(replace(image, elements=()))}
    assert {"Ag_La", "Al_Ka", "C_Ka", "Cu_Ka", "O_Ka"} <= lines
    assert len(lines) <= 7


def test_a_map_of_two_counts_per_pixel_shows_its_two_metals(shared_data):
    assert {"Al", "Cu"} <= suggested(opened(shared_data, "Hitachi_TM3030Plus.bcf")) <= {"Al", "Cu", "C", "O"}


@pytest.mark.parametrize("make", [demo, rock_section, particulate])
def test_synthetic_maps_show_what_their_minerals_hold_and_nothing_else(make):
    image, _ = make(1, n_y=128, n_x=128, counts_per_pixel=200)
    found, truth = suggested(image), set(image.elements)
    assert found - COATING <= truth
    # what hides: F under Fe L, Zr of a trace under P, the rare earths and Th of a trace under each other
    assert len(found & truth) >= len(truth) - 4
    assert truth - found <= {"F", "Zr", "La", "Ce", "Nd", "Th", "P"}


def test_few_counts_make_fewer_elements_but_not_wrong_ones():
    image, _ = rock_section(4, n_y=64, n_x=64, counts_per_pixel=4)
    found = suggested(image)
    assert {"O", "Al", "Si", "Fe"} <= found
    assert found - COATING <= set(image.elements)


def test_a_calibration_that_is_30_ev_off_is_seen_through():
    image, _ = rock_section(2, n_y=96, n_x=96)
    shifted = replace(image.energy, offset_kev=image.energy.offset_kev + 0.03)
    assert suggested(replace(image, energy=shifted)) == suggested(image)


def test_the_clearest_line_comes_first_and_the_number_is_limited():
    image, _ = rock_section(2, n_y=64, n_x=64)
    three = suggest_lines(image, max_lines=3)
    assert [one.line for one in three] == [one.line for one in suggest_lines(image)[:3]]
    assert "Si_Ka" in {one.line for one in three}
    assert [one.score for one in three] == sorted((one.score for one in three), reverse=True)
    assert "counts above background at" in three[0].reason


def test_an_excluded_element_is_not_suggested_and_nothing_else_claims_its_peaks():
    image, _ = particulate(1, n_y=96, n_x=96)
    everything = suggested(image)
    assert suggested(image, exclude=("C", "Si")) == everything - {"C", "Si"}


def test_an_unknown_beam_energy_is_read_from_the_end_of_the_bremsstrahlung():
    image, _ = particulate(1, n_y=96, n_x=96)
    assert suggested(replace(image, beam_kev=None)) >= {"Si", "O", "Fe", "Ca", "Ti", "C"}


def empty_image(n_channels: int = 2048, **facts) -> SpectrumImage:
    counts = sparse.csr_matrix((4, n_channels), dtype=np.uint8)
    return SpectrumImage(counts, (2, 2), EnergyAxis(-0.1, 0.01, n_channels), **facts)


@pytest.mark.parametrize("beam_kev", [None, 20.0])
@pytest.mark.parametrize("n_channels", [2048, 40, 1])
def test_a_map_without_counts_suggests_nothing(beam_kev, n_channels):
    assert suggest_lines(empty_image(n_channels, beam_kev=beam_kev)) == ()


def test_bremsstrahlung_alone_suggests_nothing():
    axis = EnergyAxis(-0.1, 0.01, 2048)
    rng = np.random.default_rng(6)
    brake = 30.0 * np.clip(20.0 / np.maximum(axis.energy_kev, 0.3) - 1.0, 0.0, None)
    counts = sparse.csr_matrix(rng.poisson(brake, (16, 2048)).astype(np.uint16))
    assert suggest_lines(SpectrumImage(counts, (4, 4), axis, beam_kev=20.0)) == ()


def test_without_calibration_peaks_have_no_names():
    image = empty_image()
    with pytest.raises(ValueError, match="no calibration"):
        suggest_lines(replace(image, energy=replace(image.energy, calibrated=False)))
