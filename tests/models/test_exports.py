"""Exports keep values, units and names; figures have the size, the text and the scale that were asked for."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
import zipfile

import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image
from rsciio.msa import file_reader

from data.axes import EnergyAxis
from models.exports_figure import FigureStyle, render
from models.exports_files import file_name, table_csv, zipped
from models.exports_maps import ColourDrawing, IntensityDrawing, PhaseEntry, PhasesDrawing, scale_bar_um
from models.exports_plots import BarGroup, BarsDrawing, CurvesDrawing, DrawnCurve, PlaneDrawing
from models.exports_spectra import NamedSpectrum, spectra_csv, spectra_msa, spectrum_msa
from models.exports_tiff import image_tiff, stack_tiff

GREYS = tuple(f"#{i:02x}{i:02x}{i:02x}" for i in range(256))
MAP = np.random.default_rng(1).normal(10, 4, (30, 40)).astype(np.float32)
STYLE = FigureStyle(width_mm=60, dpi=100)


def tiff(content: bytes) -> tifffile.TiffFile:
    return tifffile.TiffFile(io.BytesIO(content))


def test_a_32_bit_tiff_holds_the_values_and_the_pixel_size():
    with tiff(image_tiff(MAP, 0.25, 32)) as file:
        np.testing.assert_array_equal(file.asarray(), MAP)
        assert 'PhysicalSizeX="0.25"' in file.ome_metadata
        above, below = file.pages[0].tags["XResolution"].value
        assert above / below == pytest.approx(1e4 / 0.25)  # pixels per cm


def test_a_16_bit_tiff_gives_net_intensities_back_by_its_calibration():
    with tiff(image_tiff(MAP, 2.0, 16)) as file:
        stored, about = file.asarray(), file.imagej_metadata
    assert stored.dtype == np.uint16
    assert about["unit"] == "um"
    np.testing.assert_allclose(about["c0"] + about["c1"] * stored, MAP, atol=np.ptp(MAP) / 65535)


def test_counts_are_stored_as_they_are():
    counts = np.arange(12, dtype=np.float32).reshape(3, 4)
    with tiff(image_tiff(counts, None, 16)) as file:
        np.testing.assert_array_equal(file.asarray(), counts)
        assert "c1" not in file.imagej_metadata


def test_labels_keep_unassigned_pixels():
    label = np.array([[-1, 0], [1, 2]], np.int16)
    with tiff(image_tiff(label, 1.0)) as file:
        np.testing.assert_array_equal(file.asarray(), label)


@pytest.mark.parametrize("bits", [16, 32])
def test_maps_become_named_pages(bits):
    content = stack_tiff([MAP, MAP + 5], ["Fe_Ka", "Si_Ka"], 1.5, bits)
    with tiff(content) as file:
        assert file.asarray().shape == (2, 30, 40)
        names = file.ome_metadata if bits == 32 else str(file.imagej_metadata["Labels"])
        assert "Fe_Ka" in names and "Si_Ka" in names


def test_maps_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        stack_tiff([MAP, MAP[:5]], ["a", "b"], None)


def test_an_msa_file_is_read_back_with_its_axis_and_beam(tmp_path):
    energy = EnergyAxis(-0.472, 0.02, 300)
    counts = np.arange(300)
    text = spectrum_msa(NamedSpectrum("Biotite: core µ", counts), energy, beam_kev=20.0, live_time_s=12.5)
    path = tmp_path / "s.msa"
    path.write_bytes(text)
    read = file_reader(path)[0]
    np.testing.assert_array_equal(read["data"], counts)
    assert read["axes"][0]["scale"] == pytest.approx(0.02)
    assert read["axes"][0]["offset"] == pytest.approx(-0.472)
    assert read["axes"][0]["units"] == "keV"
    assert read["original_metadata"]["BEAMKV"] == 20
    keywords = [line[1:13].strip() for line in text.decode("ascii").splitlines() if line.startswith("#")]
    # ISO 22029: these, in this order, come first, and the data are closed by the last
    assert keywords[:6] == ["FORMAT", "VERSION", "TITLE", "DATE", "TIME", "OWNER"]
    assert keywords[-2:] == ["SPECTRUM", "ENDOFDATA"]


def test_several_spectra_are_a_zip_and_a_table_with_distinct_names():
    energy = EnergyAxis(0, 0.01, 5)
    spectra = [NamedSpectrum("相", np.ones(5)), NamedSpectrum("相", np.zeros(5))]
    content, ending = spectra_msa(spectra, energy)
    assert ending == "zip"
    assert len(zipfile.ZipFile(io.BytesIO(content)).namelist()) == 2
    table = pd.read_csv(io.BytesIO(spectra_csv(spectra, energy.energy_kev)))
    assert list(table.columns) == ["energy_kev", "相", "相 (2)"]


def test_a_spectrum_that_does_not_fit_its_axis_is_refused():
    with pytest.raises(ValueError, match="does not fit an axis of 7"):
        spectrum_msa(NamedSpectrum("s", np.ones(5)), EnergyAxis(0, 0.01, 7))


def test_tables_and_names_of_files():
    assert table_csv({"a": [1, 2], "b": [0.5, 1e-9]}) == b"a,b\n1,0.5\n2,1e-09\n"
    with pytest.raises(ValueError, match="differ in length"):
        table_csv({"a": [1], "b": [1, 2]})
    assert file_name("P45/8 bit", "Fe_Ka", ending="tif") == "P45_8_bit_Fe_Ka.tif"
    assert file_name("相", ending="csv") == "lodestone.csv"
    with pytest.raises(ValueError, match="nothing to export"):
        zipped({})


def test_a_scale_bar_is_a_round_length_below_a_third_of_the_field():
    assert [scale_bar_um(width) for width in (20_000.0, 874.0, 0.8)] == [5000, 200, pytest.approx(0.2)]


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_every_panel_can_be_drawn(kind):
    label = np.zeros((30, 40), np.int16)
    label[:, 20:] = -1
    x = np.linspace(0, 10, 50)
    panels = [
        IntensityDrawing(MAP, GREYS, "Fe_Ka", 1.0, gamma=0.5),
        ColourDrawing(np.zeros((30, 40, 3), np.uint8), ["Fe", "Si", "Ca"]),
        PhasesDrawing(label, [PhaseEntry("Quartz $a_b", "#ff0000", 0.31)], background=MAP),
        CurvesDrawing(x, [DrawnCurve("Sum", x + 1, "#123456")], marks=[(6.4, "Fe_Ka")], log=True),
        CurvesDrawing(["Fe", "Si"], [DrawnCurve("_hidden", np.ones(2), "#123456")] * 2),
        PlaneDrawing(np.zeros((4, 4, 4), np.uint8), (0, 1, 0, 1), "Fe", "Si", legend=[("A", "#ff0000")]),
        BarsDrawing(["Fe", "Si"], [BarGroup("Part", np.ones(2), "#ff0000", np.ones(2))] * 2, "Counts"),
        BarsDrawing(["Fe", "Si"], [BarGroup("Part", np.ones(2), "#ff0000")], "Ratio", horizontal=True),
    ]  # fmt: skip
    content = render(panels, FigureStyle(width_mm=175, dpi=60, title="All"), kind, columns=3)
    assert content == render(panels, FigureStyle(width_mm=175, dpi=60, title="All"), kind, columns=3)


def test_a_png_has_the_width_and_the_resolution_that_were_asked_for():
    image = Image.open(io.BytesIO(render([IntensityDrawing(MAP, GREYS)], STYLE)))
    assert image.width == pytest.approx(60 / 25.4 * 100, abs=1)
    assert image.info["dpi"][0] == pytest.approx(100, abs=0.1)


def test_the_text_of_an_svg_stays_text():
    drawing = PhasesDrawing(np.zeros((30, 40), np.int16), [PhaseEntry("Apatite", "#ff0000", 0.71)], "", 2.5)
    root = ET.fromstring(render([drawing], STYLE, "svg"))
    text = " ".join(part for node in root.iter() if node.tag.endswith("text") for part in node.itertext())
    assert "Apatite" in text and "0.71 %" in text
    assert "20 µm" in text  # of 100 um


def test_a_phase_map_is_painted_in_its_colours_over_the_background():
    label = np.array([[0, 1, -1]], np.int16)
    phases = [PhaseEntry("A", "#ff0000"), PhaseEntry("B", "#0000ff", visible=False)]
    colours = PhasesDrawing(label, phases).colour_image()
    np.testing.assert_array_equal(colours[0], [[255, 0, 0], [255, 255, 255], [255, 255, 255]])


def test_a_figure_that_cannot_be_is_refused_with_a_way_out():
    with pytest.raises(ValueError, match="fewer dpi"):
        FigureStyle(width_mm=1000, dpi=2400)
    with pytest.raises(ValueError, match="wider figure"):
        render([IntensityDrawing(MAP, GREYS)] * 8, FigureStyle(width_mm=40), columns=8)
    with pytest.raises(ValueError, match="nothing to draw"):
        render([], STYLE)
