"""Maps on a sheet come back as they were, and never touch."""

import numpy as np
from scipy import sparse

from data.sheet import GAP, Sheet, at_map_resolution

SHAPES = [(5, 8), (12, 3), (7, 7), (2, 30)]


def test_maps_do_not_overlap_and_keep_their_distance():
    sheet = Sheet.lay(SHAPES)
    owner = np.full(sheet.shape, -1)
    for number, place in enumerate(sheet.places):
        assert (owner[place.part] == -1).all()
        owner[place.part] = number
    assert (owner >= 0).sum() == sum(y * x for y, x in SHAPES)
    for number, place in enumerate(sheet.places):
        rows, columns = place.part
        around = owner[
            max(rows.start - GAP, 0) : rows.stop + GAP, max(columns.start - GAP, 0) : columns.stop + GAP
        ]
        assert set(np.unique(around)) <= {-1, number}


def test_counts_and_images_come_back_as_they_were():
    rng = np.random.default_rng(0)
    counts = [sparse.csr_matrix(rng.poisson(0.5, (y * x, 20)).astype(np.uint16)) for y, x in SHAPES]
    images = [rng.random(shape).astype(np.float32) for shape in SHAPES]
    sheet = Sheet.lay(SHAPES)
    pasted, image = sheet.paste_counts(counts), sheet.paste(images)
    assert pasted.shape == (sheet.n_pixels, 20)
    assert pasted.sum() == sum(one.sum() for one in counts)
    for number, place in enumerate(sheet.places):
        back = pasted[sheet.pixels(number)]
        np.testing.assert_array_equal(back.toarray(), counts[number].toarray())
        np.testing.assert_array_equal(image[place.part], images[number])
    assert not pasted[~sheet.covered().ravel()].nnz


def test_a_navigation_image_is_taken_at_the_pixels_of_its_map():
    fine = np.repeat(np.repeat(np.arange(6.0).reshape(2, 3), 4, axis=0), 4, axis=1)
    np.testing.assert_array_equal(at_map_resolution(fine, (2, 3)), np.arange(6.0).reshape(2, 3))
