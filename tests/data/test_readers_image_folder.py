"""A folder with one image per element opens as element maps, and says what it could not use."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from PIL import Image

from data.readers import UnreadableFile, is_dataset, open_dataset
from data.readers.image_files import read_image, read_matrix
from data.readers.image_names import lines_of_names


def maps_of(folder):
    (maps,) = open_dataset(folder).datasets
    return maps


def ramp(shape=(6, 8), largest=200, kind=np.uint8):
    return np.linspace(0, largest, shape[0] * shape[1]).reshape(shape).astype(kind)


def write(folder, **images):
    """TIFF images by the stems of their names."""
    folder.mkdir(exist_ok=True)
    for name, values in images.items():
        tifffile.imwrite(folder / f"{name}.tif", values)
    return folder


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("2_Zagami5_Ca_3.map.tif", "Ca"),
        ("2_Zagami5_K_2.map.tif", "K"),
        ("obj1_32bt_Al.tif", "Al"),
        ("Fe_Ka.png", "Fe_Ka"),
        ("Si.csv", "Si"),
        ("Fe Kα1.tiff", "Fe_Ka"),
        ("K Kα1.tif", "K_Ka"),
        ("Ce La.tif", "Ce_La"),
        ("La_La.tif", "La_La"),
        ("Map-FeKA.png", "Fe_Ka"),
        ("FeKb1.tif", "Fe_Kb"),
        ("Pb_Ma.tif", "Pb_Ma"),
        ("Ca-K.tif", "Ca_Ka"),
        ("sample_SiO2.csv", "Si"),
        ("Al2O3.tif", "Al"),
        ("FeO.tif", "Fe"),
        ("K2O wt%.csv", "K"),
        ("S1_Site 3_Ti.bmp", "Ti"),
    ],
)
def test_a_name_says_its_element_or_line(name, line):
    assert lines_of_names([name]) == {name: line}


@pytest.mark.parametrize(
    "name",
    ["BSE.tif", "SE.tif", "2_Zagami5_CP_6.map.tif", "HAADF.png", "obj1_mask.tif", "Sum.tif", "LT52_B6.tif"],
)
def test_other_names_are_no_element(name):
    assert lines_of_names([name]) == {}


def test_words_that_all_names_share_are_the_sample_not_an_element():
    names = ["As_received_Fe_At%.tif", "As_received_Si_At%.tif", "As_received_BSE_At%.tif"]
    assert lines_of_names(names) == {names[0]: "Fe", names[1]: "Si"}


def test_lines_that_all_names_share_are_kept():
    assert lines_of_names(["Fe_Ka.tif", "Si_Ka.tif"]) == {"Fe_Ka.tif": "Fe_Ka", "Si_Ka.tif": "Si_Ka"}


def test_case_is_ignored_only_where_no_name_is_spelt_as_symbols_are():
    assert lines_of_names(["fe.png", "SI_KA.png", "bse.png"]) == {"fe.png": "Fe", "SI_KA.png": "Si_Ka"}
    assert lines_of_names(["Fe.png", "si.png"]) == {"Fe.png": "Fe"}


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.uint32, np.int16, np.float32, np.float64])
def test_intensities_of_any_type_are_kept(tmp_path, kind):
    values = {"Fe_Ka": ramp(kind=kind), "Si_Ka": ramp(kind=kind)[::-1]}
    maps = maps_of(write(tmp_path / "sample", **values))
    assert maps.lines == ("Fe_Ka", "Si_Ka")
    assert maps.intensity.dtype == np.float32
    assert np.allclose(maps.of("Fe_Ka"), values["Fe_Ka"])
    assert maps.title == "sample"
    assert len(maps.dataset_id) == 16


def test_images_that_are_no_element_navigate_and_a_mask_says_which_pixels_count(tmp_path):
    mask = np.zeros((6, 8), np.uint8)
    mask[1:4, 2:5] = 255
    maps = maps_of(write(tmp_path, s_Fe=ramp(), s_Si=ramp(), s_BSE=ramp((12, 16)), s_mask=mask))
    assert maps.lines == ("Fe", "Si")
    assert maps.navigation["BSE"].shape == (12, 16)
    assert np.array_equal(maps.valid, mask > 0)


def test_a_mask_of_another_size_is_left_out_with_the_reason_and_the_way_out(tmp_path):
    maps = maps_of(write(tmp_path, Fe=ramp(), Si=ramp(), mask=np.ones((7, 8), np.uint8)))
    assert maps.shape == (6, 8)
    assert maps.valid is None
    (note,) = [note for note in maps.notes if "mask" in note]
    assert "7 x 8" in note and "6 x 8" in note and "Export it at the size of the maps" in note


def test_a_map_of_another_size_is_an_error_that_names_it_and_both_sizes(tmp_path):
    write(tmp_path, Fe=ramp(), Si=ramp(), Mg=ramp((6, 9)))
    with pytest.raises(UnreadableFile, match=r"Mg\.tif is 6 x 9 .* 2 of the 3 maps .* are 6 x 8"):
        open_dataset(tmp_path)


def test_two_images_of_one_line_are_an_error_but_copies_are_not(tmp_path):
    write(tmp_path, Fe=ramp(), Si=ramp())
    Image.fromarray(ramp()).save(tmp_path / "Fe.png")
    maps = maps_of(tmp_path)
    assert maps.lines == ("Fe", "Si")
    assert any("same image" in note for note in maps.notes)
    Image.fromarray(ramp()[::-1]).save(tmp_path / "Fe.png")
    with pytest.raises(UnreadableFile, match=r"named after Fe: Fe\.png and Fe\.tif"):
        open_dataset(tmp_path)


def test_csv_matrices_open_with_any_separator(tmp_path):
    values = ramp((4, 5), 50, np.float32)
    written = {
        "Fe.csv": "\n".join(",".join(f"{v:.4f}" for v in row) for row in values),
        "Si.csv": "EPMA export\nx/y;1;2\n"
        + "\n".join(";".join(f"{v:.4f}".replace(".", ",") for v in row) for row in values),
        "Mg.txt": "\n".join("  ".join(f"{v:.4f}" for v in row) for row in values),
        "Ca.tsv": "\n".join("\t".join(f"{v:.4f}" for v in row) + "\t" for row in values),
    }
    for name, text in written.items():
        (tmp_path / name).write_text(text, encoding="utf-8-sig")
    (tmp_path / "readme.txt").write_text("Measured on Monday")
    maps = maps_of(tmp_path)
    assert set(maps.lines) == {"Fe", "Si", "Mg", "Ca"}
    for line in maps.lines:
        assert np.allclose(maps.of(line), values, atol=1e-3)


@pytest.mark.parametrize(
    ("text", "message"),
    [("1,2\n3\n", "rows of 1 to 2"), ("a,b\nc,d\n", "no numbers"), ("1,2\nx,y\n", "line 2")],
)
def test_a_table_that_is_no_matrix_is_refused(tmp_path, text, message):
    (tmp_path / "Fe.csv").write_text(text)
    with pytest.raises(UnreadableFile, match=message):
        read_matrix(tmp_path / "Fe.csv")


def test_empty_fields_are_pixels_without_a_measurement(tmp_path):
    (tmp_path / "Fe.csv").write_text("1,2,3\n4,,6\n")
    (tmp_path / "Si.csv").write_text("1,2,3\n4,5,6\n")
    maps = maps_of(tmp_path)
    assert maps.valid.sum() == 5
    assert not maps.valid[1, 1]
    assert maps.of("Fe")[1, 1] == 0
    assert any("1 pixels without a number" in note for note in maps.notes)


def test_grey_and_tinted_colour_images_give_their_intensity_exactly(tmp_path):
    values = ramp(largest=255)
    tinted = (values[..., None] * np.array([1.0, 0.2, 0.4])).round().astype(np.uint8)
    Image.fromarray(np.repeat(values[..., None], 3, axis=-1)).save(tmp_path / "Fe.png")
    Image.fromarray(tinted).save(tmp_path / "Si.png")
    Image.fromarray(np.dstack([tinted, np.full_like(values, 255)])).save(tmp_path / "Mg.png")
    maps = maps_of(tmp_path)
    for line in ("Fe", "Si", "Mg"):
        assert np.array_equal(maps.of(line), values)
    assert not any("colours" in note for note in maps.notes)


def test_an_image_drawn_with_a_palette_opens_with_a_warning(tmp_path):
    rainbow = np.dstack([ramp(largest=255), ramp(largest=255)[::-1], ramp(largest=255)[:, ::-1]])
    write(tmp_path, Fe=rainbow, Si=ramp())
    maps = maps_of(tmp_path)
    assert np.allclose(maps.of("Fe"), rainbow.mean(axis=-1))
    assert any("Fe.tif is drawn in colours" in note for note in maps.notes)


def test_16_bit_png_keeps_its_range(tmp_path):
    values = ramp(largest=60_000, kind=np.uint16)
    Image.fromarray(values).save(tmp_path / "Fe.png")
    assert np.array_equal(read_image(tmp_path / "Fe.png").values, values)


@pytest.mark.parametrize(
    ("options", "side_um"),
    [
        ({"imagej": True, "resolution": (0.05, 0.05), "metadata": {"unit": "um"}}, 20.0),
        ({"imagej": True, "resolution": (0.05, 0.05), "metadata": {"unit": "micron"}}, 20.0),
        ({"imagej": True, "resolution": (2.0, 2.0), "metadata": {"unit": "mm"}}, 500.0),
        ({"resolution": (100, 100), "resolutionunit": "INCH"}, None),  # for printing
        ({"resolution": (20_000, 20_000), "resolutionunit": "CENTIMETER"}, 0.5),
        ({"ome": True, "metadata": {"PhysicalSizeX": 250.0, "PhysicalSizeXUnit": "nm"}}, 0.25),
        ({}, None),
    ],
)
def test_pixel_sizes_come_from_the_tags_that_mean_them(tmp_path, options, side_um):
    for name in ("Fe", "Si"):
        ending = ".ome.tif" if options.get("ome") else ".tif"
        tifffile.imwrite(tmp_path / f"{name}{ending}", ramp(), **options)
    maps = maps_of(tmp_path)
    assert set(maps.lines) == {"Fe", "Si"}
    assert maps.pixel_size_um == (None if side_um is None else pytest.approx(side_um))
    assert any("no pixel size" in note for note in maps.notes) == (side_um is None)


def test_a_stack_in_one_file_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "Fe.tif", np.zeros((5, 6, 8), np.uint8), photometric="minisblack")
    write(tmp_path, Si=ramp())
    with pytest.raises(UnreadableFile, match=r"Fe\.tif holds 5 images"):
        open_dataset(tmp_path)


def test_a_damaged_map_is_an_error_and_a_damaged_other_image_a_note(tmp_path):
    write(tmp_path, Fe=ramp(), Si=ramp())
    (tmp_path / "BSE.tif").write_bytes(b"II*\0 and nothing more")
    assert any("BSE.tif cannot be read as an image" in note for note in maps_of(tmp_path).notes)
    (tmp_path / "Mg.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(UnreadableFile, match=r"Mg\.png cannot be read as an image"):
        open_dataset(tmp_path)


def test_folders_without_element_images_say_so(tmp_path):
    with pytest.raises(UnreadableFile, match="holds no images"):
        open_dataset(tmp_path)
    write(tmp_path, first=ramp(), second=ramp())
    with pytest.raises(UnreadableFile, match=r"None of the 2 images .* is named after an element"):
        open_dataset(tmp_path)
    assert not is_dataset(tmp_path)


def test_a_folder_is_recognised_by_its_names_alone(tmp_path):
    for name in ("Fe.tif", "Si.tif"):
        (tmp_path / name).touch()
    assert is_dataset(tmp_path)
