"""The linear fit takes overlapping lines apart, on spectra computed from formulas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from data import sparse_counts
from data.axes import EnergyAxis
from data.line_maps import line_maps
from data.silicon_detector import Instrument
from data.spectrum_image import SpectrumImage
from data.synthetic_spectra import Material, emission
from models.line_fit import fit_lines, line_weights
from models.phases_preparation import make_line_maps
from models.recipe import LineMapChoices

AXIS = EnergyAxis(-0.1, 0.01, 2048)
INSTRUMENT = Instrument(beam_kev=20.0)
N_PIXELS, COUNTS = 150, 2000


def scene(*formulas: str, axis: EnergyAxis = AXIS) -> SpectrumImage:
    """A row of pixels for every material, 2000 counts each, with counting noise."""
    spectra = np.stack([emission(Material(name, name, 4.0), INSTRUMENT, axis) for name in formulas])
    expected = COUNTS * spectra / spectra.sum(axis=1, keepdims=True)
    rng = np.random.default_rng(7)
    counts = rng.poisson(np.repeat(expected, N_PIXELS, axis=0)).astype(np.uint16)
    return SpectrumImage(
        sparse.csr_matrix(counts),
        (len(formulas), N_PIXELS),
        axis,
        beam_kev=20.0,
        dataset_id="/".join(formulas) + str(axis),
    )


def means(image: SpectrumImage, lines: tuple[str, ...], method: str) -> dict[str, np.ndarray]:
    """Mean intensity of every line per material, line -> (n_materials,)."""
    weights = line_weights(image, lines, method)
    maps = sparse_counts.project(image.counts, weights).reshape(*image.shape, len(lines))
    return dict(zip(lines, maps.mean(axis=1).T, strict=True))


def test_fluorine_is_not_found_in_hematite_where_windows_see_iron_la():
    image = scene("Fe2O3", "CaF2", "Fe2SiO4")
    lines = ("F_Ka", "Fe_Ka", "O_Ka", "Ca_Ka", "Si_Ka")
    fitted, windows = means(image, lines, "fit"), means(image, lines, "windows")
    hematite, fluorite, fayalite = range(3)
    assert windows["F_Ka"][hematite] > 0.7 * windows["F_Ka"][fluorite]
    assert abs(fitted["F_Ka"][hematite]) < 0.1 * fitted["F_Ka"][fluorite]
    assert abs(fitted["F_Ka"][fayalite]) < 0.1 * fitted["F_Ka"][fluorite]
    assert abs(fitted["Ca_Ka"][hematite]) < 0.01 * fitted["Ca_Ka"][fluorite]


def test_phosphorus_is_told_from_zirconium_la():
    image = scene("ZrSiO4", "Ca5P3O12F", "SiO2")
    lines = ("P_Ka", "Zr_La", "Si_Ka", "Ca_Ka", "O_Ka")
    fitted, windows = means(image, lines, "fit"), means(image, lines, "windows")
    zircon, apatite, quartz = range(3)
    assert windows["P_Ka"][zircon] > 0.7 * windows["P_Ka"][apatite]
    assert abs(fitted["P_Ka"][zircon]) < 0.1 * fitted["P_Ka"][apatite]
    assert abs(fitted["Zr_La"][apatite]) < 0.1 * fitted["Zr_La"][zircon]
    assert abs(fitted["P_Ka"][quartz]) < 0.03 * fitted["P_Ka"][apatite]


def test_sulfur_molybdenum_and_lead_come_apart():
    image = scene("MoS2", "PbS", "FeS2", "PbO", "CaMoO4")
    lines = ("S_Ka", "Mo_La", "Pb_Ma", "Fe_Ka", "Ca_Ka", "O_Ka")
    fitted = means(image, lines, "fit")
    molybdenite, galena, pyrite, litharge, powellite = range(5)
    strongest = {name: value.max() for name, value in fitted.items()}
    for name, absent in {
        "S_Ka": (litharge, powellite),
        "Mo_La": (galena, pyrite, litharge),
        "Pb_Ma": (molybdenite, pyrite, powellite),
    }.items():
        for material in absent:
            assert abs(fitted[name][material]) < 0.12 * strongest[name], (name, material)
    assert fitted["S_Ka"][pyrite] > fitted["S_Ka"][molybdenite] > fitted["S_Ka"][galena] > 0


def test_the_fit_counts_all_of_a_line_that_stands_alone():
    image = scene("SiO2", "Fe2O3")
    gross = line_maps(image, ("Fe_Ka",)).intensity[1].mean()
    fitted = means(image, ("Fe_Ka", "Si_Ka"), "fit")["Fe_Ka"][1]
    # a window of 1.2 FWHM holds 84 % of a Gaussian line
    assert fitted == pytest.approx(gross / 0.84, rel=0.06)


def test_a_wrong_axis_is_put_right_by_the_peaks_themselves():
    image = scene("Fe2O3", "CaF2", "Fe2SiO4")
    lines = ("F_Ka", "Fe_Ka", "O_Ka", "Ca_Ka", "Si_Ka")
    high = replace(image, energy=replace(AXIS, offset_kev=-0.08), dataset_id="20 eV high")
    right, wrong = means(image, lines, "fit"), means(high, lines, "fit")
    for name in lines:
        np.testing.assert_allclose(wrong[name], right[name], atol=0.05 * right[name].max())


def test_the_fitted_curve_lies_on_the_spectrum():
    image = scene("Fe2O3", "CaF2", "Fe2SiO4")
    total = image.sum_spectrum()
    model = fit_lines(image, ("F_Ka", "Fe_Ka", "O_Ka", "Ca_Ka", "Si_Ka")).model(total)
    fitted = np.isfinite(model)
    assert fitted[AXIS.channel(0.3) : AXIS.channel(15)].all()
    assert np.abs(model - total)[fitted].sum() < 0.06 * total[fitted].sum()


def test_lines_of_one_family_share_their_map_and_that_is_said():
    image = scene("Fe2O3", "SiO2")
    choices = LineMapChoices(lines=("Fe_Ka", "Fe_Kb", "Si_Ka"), background="fit")
    maps = make_line_maps(image, choices)
    assert np.corrcoef(maps.of("Fe_Ka").ravel(), maps.of("Fe_Kb").ravel())[0, 1] > 0.999
    assert any("Fe_Ka and Fe_Kb" in note for note in maps.notes)


def test_what_cannot_be_fitted_is_refused_like_a_window():
    image = scene("SiO2", "Fe2O3")
    with pytest.raises(ValueError, match="needs a beam above"):
        fit_lines(image, ("Ag_Ka",))
    with pytest.raises(ValueError, match="Fe_Kx"):
        fit_lines(image, ("Fe_Kx",))
