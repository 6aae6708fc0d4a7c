"""Every real file of a real instrument opens and shows what its folder's README says of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from data.elemental_maps import ElementalMaps
from data.readers import UnreadableFile, open_dataset
from data.spectrum_image import SpectrumImage


@dataclass(frozen=True)
class Facts:
    """What is known of the best dataset of a file; counts are means per pixel."""

    shape: tuple[int, int]
    n_channels: int
    kind: type
    counts: float
    scale_kev: float
    offset_kev: float
    beam_kev: float | None
    elements: str = ""
    pixel_size_um: float | None = None
    navigation: tuple[tuple[int, int], ...] = ()
    total: int | None = None


FACTS = {
    "bruker/P45_8bit_compressed_80keV_range.bcf": Facts(
        (75, 100), 4096, np.uint8, 617, 0.019994, -1.90003, 20, "Al Ca Cl Fe K Mg Na O P Si Ti", 8.737,
        ((75, 100), (75, 100)), 4_627_814),
    "bruker/P45_the_default_job.bcf": Facts(
        (75, 100), 2048, np.uint8, 22, 0.010001, -0.472397, 20, "", 8.737, ((75, 100), (75, 100)), 165_941),
    "bruker/30x30_instructively_packed_16bit_compressed.bcf": Facts(
        (30, 30), 2048, np.uint16, 20_690, 0.009999, -0.472253, 20,
        "Al C Ca Ce Fe Gd K Mg Na Nd O P Si Sm Th Ti", 1.6674, ((30, 30),), 18_621_362),
    "bruker/bcf_v2_50x50px.bcf": Facts(
        (50, 50), 2048, np.uint8, 380, 0.009996, -0.473161, 20, "Ag Al C Cu O", 0.012731,
        ((50, 50), (825, 1100))),
    "bruker/Hitachi_TM3030Plus.bcf": Facts(
        (240, 320), 2048, np.uint8, 2.2, 0.01, -0.4746, 15, "Al Cu", None, ((240, 320),), 171_804),
    "bruker/test_TEM.bcf": Facts(
        (64, 64), 2048, np.uint8, 6.3, 0.010001, -0.475448, 200, "Cu O Pd Ti", 0.000771, ((64, 64),)),
    "bruker/over16bit.bcf": Facts(
        (3, 4), 4096, np.uint32, 14_732_188, 0.020006, -1.90077, 10, "C", 515.887, ((3, 4),), 176_786_251),
    "bruker/4on3_full.bcf": Facts(
        (3, 4), 1024, np.uint16, 19_398.8, 0.01, -0.4701, 15, "", 409.6, ((3, 4),), 232_786),
    "bruker/4on3_full.rpl": Facts((3, 4), 1024, np.uint16, 19_398.8, 1.0, 0.0, None, total=232_786),
    "jeol/rawdata.ASW": Facts(
        (512, 512), 4096, np.uint8, 1.2, 0.00999866, -0.960661, 200, "C O S Fe Cu", 0.0086914,
        ((512, 512),) * 6, 308_261),
    "phenom/Elid2Version4.elid": Facts(
        (16, 16), 2048, np.uint8, 570.6, 0.0098868, -0.04478, 15, "", 2.0301, (), 146_075),
    "velox/Test SI 16x16 215 kx.emd": Facts(
        (16, 16), 4096, np.uint8, 164, 0.01, -0.25, 300, "C O Ca Cu", 0.0035992, ((16, 16),) * 5, 42_097),
    # its 320 pixels fill 16 x 20: the table of the folder says 128 x 128, the size of the overview image
    "velox/velox_EELS_EDS.zip": Facts(
        (16, 20), 4096, np.uint8, 34.7, 0.01, -0.2, 300, "O Fe Co", 0.158658,
        ((16, 20), (16, 20), (16, 20), (16, 20), (128, 128)), 11_093),
    "hspy/88_ES-LP_G8_selection2_cropped2.hspy": Facts(
        (80, 80), 1917, np.uint8, 112, 0.010004678, 0.8315195, 200,
        "Al Ca Fe Hf Lu Mg Nd O Si Sm U", 0.0098591, (), 716_887),
}  # fmt: skip


@pytest.mark.parametrize("name", FACTS)
def test_a_real_file_shows_the_facts_of_its_readme(shared_data, name):
    facts = FACTS[name]
    image = open_dataset(shared_data / "eds" / name).datasets[0]
    assert isinstance(image, SpectrumImage)
    assert image.shape == facts.shape
    assert image.energy.n_channels == facts.n_channels
    assert image.counts.dtype == facts.kind
    assert image.counts.has_canonical_format
    counts = image.counts.sum() / image.n_pixels
    assert counts == pytest.approx(facts.counts, abs=0.6 if facts.counts > 10 else 0.06)
    assert facts.total is None or image.counts.sum() == facts.total
    assert image.energy.scale_kev == pytest.approx(facts.scale_kev, rel=1e-4)
    assert image.energy.offset_kev == pytest.approx(facts.offset_kev, abs=1e-5)
    assert image.beam_kev == facts.beam_kev
    assert set(image.elements) == set(facts.elements.split())
    if facts.pixel_size_um is None:
        assert image.pixel_size_um is None
        assert any("no pixel size" in note for note in image.notes)
    else:
        assert image.pixel_size_um == pytest.approx(facts.pixel_size_um, rel=1e-3)
    assert tuple(navigation.shape for navigation in image.navigation.values()) == facts.navigation
    assert all(navigation.dtype == np.float32 for navigation in image.navigation.values())


def test_the_table_of_facts_names_every_file_that_should_open(shared_data):
    folder = shared_data / "eds"
    endings = (".bcf", ".rpl", ".asw", ".elid", ".emd", ".zip", ".hspy")
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix.lower() in endings}
    assert {name for name in files if not name.startswith("broken")} == set(FACTS)


def test_counts_above_16_bits_are_exact(shared_data):
    image = open_dataset(shared_data / "eds/bruker/over16bit.bcf").datasets[0]
    assert image.counts.max() == 2_455_131
    assert image.sum_spectrum().sum() == 176_786_251


def test_the_same_map_in_two_formats_has_the_same_counts(shared_data):
    bcf, rpl = (
        open_dataset(shared_data / f"eds/bruker/4on3_full.{end}").datasets[0] for end in ("bcf", "rpl")
    )
    assert (bcf.counts != rpl.counts).nnz == 0
    assert bcf.counts.max() == 1744
    assert bcf.energy.calibrated
    assert not rpl.energy.calibrated
    assert any("no usable energy calibration" in note for note in rpl.notes)


def test_all_maps_and_the_line_of_a_phenom_project_are_offered_the_best_first(shared_data):
    datasets = open_dataset(shared_data / "eds/phenom/Elid2Version4.elid").datasets
    assert [image.shape for image in datasets] == [(16, 16), (16, 16), (16, 16), (1, 64)]
    assert [int(image.counts.sum()) for image in datasets] == [146_075, 127_284, 32_790, 67_239]
    assert len({image.title for image in datasets}) == 4
    assert any("single spectra were left out" in note for note in datasets[0].notes)


def test_of_interrupted_scans_those_with_a_complete_frame_are_offered(shared_data):
    datasets = open_dataset(shared_data / "eds/broken/jeol_InvalidFrame/dummy2.ASW").datasets
    assert [image.shape for image in datasets] == [(64, 64), (64, 64)]
    assert [round(image.counts.sum() / image.n_pixels, 1) for image in datasets] == [0.7, 0.6]
    for image in datasets:
        assert any("Dummy-Data_0000007.pts has no complete frame" in note for note in image.notes)
        assert image.elements == ("O", "F", "Mn", "Co")
        assert image.navigation["BF"].shape == (256, 256)


def test_a_project_whose_files_are_missing_names_them(shared_data):
    with pytest.raises(UnreadableFile, match=r"視野000_0000006\.pts.*視野001_0000107\.pts") as caught:
        open_dataset(shared_data / "eds/broken/jeol_missing_files_181019-BN.ASW")
    assert "and 9 more" in str(caught.value)


def test_a_file_that_only_has_the_ending_of_a_bruker_map_is_refused(shared_data):
    with pytest.raises(UnreadableFile, match=r"Nope\.bcf is not a Bruker map"):
        open_dataset(shared_data / "eds/broken/Nope.bcf")


def test_an_absorption_measurement_in_a_nexus_file_is_no_eds_map(shared_data):
    with pytest.raises(UnreadableFile, match="has no spectra to map"):
        open_dataset(shared_data / "stxm/diamond_soleil_hdf5/small_diamond_nxs.nxs")


def test_the_martian_meteorite_opens_as_element_maps(shared_data):
    (maps,) = open_dataset(shared_data / "element_maps/zagami").datasets
    assert isinstance(maps, ElementalMaps)
    assert maps.shape == (1000, 1000)
    assert set(maps.lines) == {"Si", "Mg", "K", "Fe", "Ca"}
    assert maps.pixel_size_um == pytest.approx(20)  # from ImageJ's tags
    assert set(maps.navigation) == {"CP"}
    assert maps.valid is None
    inside = (maps.intensity > 0).any(axis=-1).mean()
    assert inside == pytest.approx(0.6, abs=0.02)


def test_the_mask_of_another_size_is_left_out_and_the_maps_stay_whole(shared_data):
    (maps,) = open_dataset(shared_data / "element_maps/meteorite").datasets
    assert maps.shape == (512, 512)
    assert set(maps.lines) == {"Al", "Ca", "Cr", "Fe", "Mg", "Ni", "P", "S", "Si", "Ti"}
    assert set(maps.navigation) == {"BSE"}
    assert maps.valid is None
    (note,) = [note for note in maps.notes if "obj1_mask.tif" in note]
    assert "515 x 512" in note and "512 x 512" in note and "left out" in note
    # 100 dots per inch is a resolution for printing, not 254 um per pixel
    assert maps.pixel_size_um is None


def test_opening_a_file_twice_gives_the_same_id_and_another_file_another(shared_data):
    names = ("bruker/P45_the_default_job.bcf", "bruker/P45_the_default_job.bcf", "bruker/test_TEM.bcf")
    ids = [open_dataset(shared_data / "eds" / name).datasets[0].dataset_id for name in names]
    assert ids[0] == ids[1] != ids[2]
    assert all(len(one) == 16 for one in ids)
