"""Masks in and out of image files."""

from __future__ import annotations

import io

import numpy as np
import pytest
import tifffile
from PIL import Image

from data.elemental_maps import ElementalMaps
from models.mask_files import mask_tiff, read_mask
from models.pixel_table import pixel_table

MASK = np.zeros((5, 7), bool)
MASK[1:3, 2:6] = True


def as_file(image: np.ndarray, kind: str) -> bytes:
    buffer = io.BytesIO()
    if kind == "tif":
        tifffile.imwrite(buffer, image)
    else:
        Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_mask_comes_back_from_its_file_with_its_pixel_size():
    content = mask_tiff(MASK, 0.25)
    np.testing.assert_array_equal(read_mask(content, "mask.tif"), MASK)
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        assert file.asarray().dtype == np.uint8
        assert set(np.unique(file.asarray())) == {0, 255}
        assert 'PhysicalSizeX="0.25"' in file.ome_metadata


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (MASK.astype(np.uint8), "tif"),
        (MASK.astype(np.float32) * 0.5, "tif"),
        (np.where(MASK, 7, 0).astype(np.int16), "tif"),
        (np.where(MASK, np.nan, 0).astype(np.float32) + np.where(MASK, 0, 0), "none"),
        (MASK.astype(np.uint8) * 255, "png"),
        (np.repeat((MASK * 255).astype(np.uint8)[:, :, None], 3, axis=2), "png"),
        (np.dstack([(MASK * 255).astype(np.uint8)] * 3 + [np.full(MASK.shape, 255, np.uint8)]), "png"),
        (np.stack([MASK, ~MASK]).astype(np.uint8), "tif"),
    ],
)
def test_what_is_not_zero_is_selected_whatever_the_type_of_the_image(image, kind):
    if kind == "none":
        with pytest.raises(ValueError, match="selects nothing"):
            read_mask(as_file(image, "tif"), "mask.tif")
        return
    np.testing.assert_array_equal(read_mask(as_file(image, kind), f"mask.{kind}"), MASK)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "cannot be read as an image"),
        (b"no image at all", "cannot be read as an image"),
        (as_file(MASK.astype(np.uint8), "tif")[:60], "cannot be read as an image"),
        (as_file(np.zeros((5, 7), np.uint8), "tif"), "all of its 35 pixels are zero"),
    ],
)
def test_a_file_that_is_no_mask_says_what_to_give(content, said):
    with pytest.raises(ValueError, match=said):
        read_mask(content, "mask.tif")


def test_the_pixels_of_a_selection_have_place_phase_and_intensities():
    intensity = np.arange(70, dtype=np.float32).reshape(5, 7, 2)
    maps = ElementalMaps(intensity, ("Fe_Ka", "Si_Ka"), pixel_size_um=2.0)
    label = np.where(np.arange(7) < 4, 0, -1)[None, :].repeat(5, axis=0)
    table = pixel_table(maps, MASK, label, ["Olivine"])
    assert list(table) == ["x", "y", "x_um", "y_um", "phase", "Fe_Ka", "Si_Ka"]
    assert list(table["x"]) == [2, 3, 4, 5] * 2
    assert list(table["y_um"]) == [3.0] * 4 + [5.0] * 4
    assert list(table["phase"]) == ["Olivine", "Olivine", "", ""] * 2
    np.testing.assert_array_equal(table["Si_Ka"], intensity[:, :, 1][MASK])
