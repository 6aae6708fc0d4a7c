"""Images of several bands: ENVI, GeoTIFF, Landsat; wavelengths where the file says them, and a word where "
"not."""

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from data.catalogue import Catalogue
from data.readers import UnreadableFile, open_dataset

WAVELENGTHS = [450.0, 2200.0, 550.0, 860.0]


def reflectance(kind=np.float32, scale=1.0):
    rng = np.random.default_rng(4)
    return ((0.1 + 0.4 * rng.random((4, 6, 9))) * scale).astype(kind)


def write_envi(folder, values, extra="", interleave="bsq", ending=".img"):
    n_bands, n_y, n_x = values.shape
    order = {"bsq": (0, 1, 2), "bil": (1, 0, 2), "bip": (1, 2, 0)}[interleave]
    code = {"float32": 4, "int16": 2, "uint16": 12}[values.dtype.name]
    (folder / f"scene{ending}").write_bytes(np.ascontiguousarray(values.transpose(order)).tobytes())
    header = folder / "scene.hdr"
    header.write_text(
        f"ENVI\nsamples = {n_x}\nlines = {n_y}\nbands = {n_bands}\nheader offset = 0\nfile type = ENVI "
        "Standard\n"
        f"data type = {code}\ninterleave = {interleave}\nbyte order = 0\n{extra}\n"
    )
    return header


def write_tiff(path, values, descriptions=(), tags=(), **profile):
    n_bands, n_y, n_x = values.shape
    profile = {"crs": "EPSG:32633", "transform": from_origin(5e5, 5e6, 30, 30), **profile}
    with rasterio.open(
        path, "w", driver="GTiff", width=n_x, height=n_y, count=n_bands, dtype=values.dtype, **profile
    ) as file:
        file.write(values)
        for number, text in enumerate(descriptions, 1):
            file.set_band_description(number, text)
        for number, one in enumerate(tags, 1):
            file.update_tags(number, **one)
    return path


def only(path):
    (maps,) = open_dataset(path).datasets
    return maps


@pytest.mark.parametrize("interleave", ["bsq", "bil", "bip"])
def test_an_envi_image_comes_back_in_the_order_of_its_wavelengths(tmp_path, interleave):
    values = reflectance()
    listed = ", ".join(map(str, WAVELENGTHS))
    maps = only(
        write_envi(tmp_path, values, f"wavelength = {{{listed}}}\nwavelength units = Nanometers", interleave)
    )
    assert maps.axis.centre == (450.0, 550.0, 860.0, 2200.0)
    assert maps.lines == ("450 nm", "550 nm", "860 nm", "2200 nm")
    assert (maps.axis.label, maps.quantity) == ("Wavelength (nm)", "Reflectance")
    np.testing.assert_array_equal(maps.intensity, values[[0, 2, 3, 1]].transpose(1, 2, 0))


def test_micrometres_scaled_integers_bad_bands_and_nodata_are_understood(tmp_path):
    values = reflectance(np.int16, 10_000)
    values[:, 2, 3] = -9999
    listed = ", ".join(str(one / 1000) for one in WAVELENGTHS)
    header = write_envi(
        tmp_path,
        values,
        f"wavelength = {{{listed}}}\nwavelength units = Micrometers\nbbl = {{1, 0, 1, 1}}\n"
        "data ignore value = -9999\nreflectance scale factor = 10000",
        ending=".dat",
    )
    maps = only(header)
    np.testing.assert_allclose(maps.axis.centre, [450, 550, 860])
    assert not maps.valid[2, 3] and maps.valid.sum() == 53
    np.testing.assert_allclose(maps.intensity[0, 0], values[[0, 2, 3], 0, 0] / 1e4, rtol=1e-6)
    assert maps.quantity == "Reflectance"
    assert any("1 of 4 bands are marked as bad" in note for note in maps.notes)


def test_an_envi_header_without_its_data_names_what_is_missing(tmp_path):
    header = write_envi(tmp_path, reflectance())
    (tmp_path / "scene.img").unlink()
    with pytest.raises(UnreadableFile, match=r"Copy the file scene \(or scene.img"):
        open_dataset(header)


def test_a_truncated_image_is_said_to_be_damaged(tmp_path):
    header = write_envi(tmp_path, reflectance())
    (tmp_path / "scene.img").write_bytes(b"12345678")
    with pytest.raises(UnreadableFile, match=r"scene.hdr .*(damaged|measured)"):
        open_dataset(header)


@pytest.mark.parametrize(
    ("descriptions", "tags"),
    [
        ((), [{"wavelength": str(one), "wavelength_units": "Nanometers"} for one in WAVELENGTHS]),
        ((), [{"wavelength": str(one / 1000)} for one in WAVELENGTHS]),
        ([f"Band {i} ({one:g} nm)" for i, one in enumerate(WAVELENGTHS)], ()),
        ([f"{one / 1000:g} Micrometers" for one in WAVELENGTHS], ()),
    ],
)
def test_wavelengths_of_a_geotiff_are_found_in_its_metadata_or_names(tmp_path, descriptions, tags):
    maps = only(write_tiff(tmp_path / "scene.tif", reflectance(), descriptions, tags))
    np.testing.assert_allclose(maps.axis.centre, sorted(WAVELENGTHS))
    assert maps.pixel_size_um == 30e6


def test_a_geotiff_without_wavelengths_opens_with_numbered_bands_and_says_so(tmp_path):
    maps = only(write_tiff(tmp_path / "scene.tif", reflectance(np.uint16, 3000), ["red", "", "blue", ""]))
    assert maps.lines == ("red", "Band 2", "blue", "Band 4")
    assert (maps.axis.label, maps.axis.unit, maps.quantity) == ("Band", "", "Intensity")
    assert any("gives no wavelengths" in note for note in maps.notes)


def test_nodata_and_degrees_are_said(tmp_path):
    values = reflectance()
    values[1, 0, 0] = -1
    path = write_tiff(
        tmp_path / "scene.tif", values, nodata=-1, crs="EPSG:4326", transform=from_origin(10, 50, 1e-4, 1e-4)
    )
    maps = only(path)
    assert maps.pixel_size_um is None
    assert not maps.valid[0, 0]
    assert any("no pixel size in metres" in note for note in maps.notes)


def test_a_geotiff_of_one_band_is_no_dataset(tmp_path):
    path = write_tiff(tmp_path / "one.tif", reflectance()[:1])
    assert [entry.id for entry in Catalogue(tmp_path).entries()] == ["demo"]
    with pytest.raises(UnreadableFile, match="GeoTIFF or with an ENVI header"):
        open_dataset(path)


def test_a_header_of_another_kind_is_said_to_be_none(tmp_path):
    path = tmp_path / "stack.hdr"
    path.write_text('ScanDefinition = { Label = "2017"; }')
    with pytest.raises(UnreadableFile, match="no ENVI header"):
        open_dataset(path)


def test_scenes_are_listed_and_their_data_belong_to_them(tmp_path):
    header = write_envi(tmp_path, reflectance())
    entries = Catalogue(tmp_path).entries()
    assert [entry.id for entry in entries] == ["demo", "scene.hdr"]
    assert entries[1].size_bytes == header.stat().st_size + (tmp_path / "scene.img").stat().st_size


def test_a_landsat_folder_has_the_bands_of_its_sensor(shared_data):
    maps = only(shared_data / "geo" / "landsat5_tm")
    assert maps.lines == ("485 nm", "560 nm", "660 nm", "830 nm", "1650 nm", "2215 nm", "11450 nm")
    assert maps.shape == (310, 287) and maps.pixel_size_um == 30e6
    # green leaves: near infrared above red nearly everywhere in the Amazon
    assert (maps.of("830 nm") > maps.of("660 nm")).mean() > 0.8


def test_bands_of_a_folder_without_a_sensor_are_numbered(tmp_path):
    for band in ("1", "2", "3"):
        write_tiff(tmp_path / f"x_B{band}.tif", reflectance(np.uint16, 3000)[:1])
    maps = only(tmp_path)
    assert maps.lines == ("Band 1", "Band 2", "Band 3")
    assert any("which sensor" in note for note in maps.notes)


def test_a_velox_file_offers_its_energy_losses_beside_its_x_rays(shared_data):
    datasets = open_dataset(shared_data / "eds" / "velox" / "velox_EELS_EDS.zip").datasets
    assert [one.energy.kind for one in datasets] == ["xray", "loss", "loss", "loss"]
    losses = datasets[2]
    assert losses.shape == (16, 20)
    np.testing.assert_allclose(losses.energy.shown[:2], [480.0, 480.1692])
