"""Counts in blocks on disk give what the same counts in memory give, whatever is asked of them."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from data import block_sources, blocked_counts, blocked_image, sparse_counts
from data.block_store import DamagedBlocks
from data.spectrum_image import SpectrumImage
from data.synthetic import AXIS, rock_section


@pytest.fixture(scope="module")
def image() -> SpectrumImage:
    """51 x 40 pixels, the last row bright and the first three without a count."""
    made, _ = rock_section(5, 51, 40, counts_per_pixel=60.0)
    counts = made.counts.tolil()
    counts[:120] = 0
    counts[-3, 700] = 250
    return replace(made, counts=counts.tocsr(), exposure=np.ones((51, 40), np.float32), live_time_s=12.0)


@pytest.fixture(scope="module")
def blocked(image, tmp_path_factory) -> SpectrumImage:
    """The same in seven blocks."""
    path = tmp_path_factory.mktemp("maps") / "rock.lodestone.zarr"
    blocked_image.save(image, path, block_pixels=300)
    return blocked_image.load(path)


@pytest.fixture(params=["whole", "window", "rows", "box", "rebinned", "all of it"])
def pair(request, image, blocked, monkeypatch) -> tuple[SpectrumImage, SpectrumImage]:
    """An image in memory and in blocks, as they are or after what is done to maps before an analysis."""
    monkeypatch.setattr(blocked_counts, "_SMALL_ENTRIES", -1)  # else small ones would go to memory

    def made(one: SpectrumImage) -> SpectrumImage:
        if request.param == "window":
            return one.crop_energy(0.3, 9.0)
        if request.param == "rows":
            return one.crop(slice(7, 33), slice(None))
        if request.param == "box":
            return one.crop(slice(2, 44), slice(5, 38))
        if request.param == "rebinned":
            return one.rebin(4)
        if request.param == "all of it":
            return one.crop(slice(1, 50), slice(3, 40)).rebin(2).crop_energy(0.2)
        return one

    return made(image), made(blocked)


def test_what_is_known_of_a_map_comes_back(image, blocked):
    assert blocked.in_blocks and not image.in_blocks
    assert len(blocked.counts.row_edges) == 8
    for name in ("shape", "energy", "pixel_size_um", "beam_kev", "elements", "live_time_s", "title", "notes"):
        assert getattr(blocked, name) == getattr(image, name)
    assert blocked.dataset_id == image.dataset_id
    assert list(blocked.navigation) == list(image.navigation)
    np.testing.assert_array_equal(blocked.navigation["BSE"], image.navigation["BSE"])
    np.testing.assert_array_equal(blocked.exposure, image.exposure)


def test_blocks_hold_the_same_counts(pair):
    image, blocked = pair
    assert isinstance(blocked.counts, blocked_counts.BlockedCounts)
    assert blocked.counts.shape == image.counts.shape
    assert blocked.counts.nnz == image.counts.nnz
    assert blocked.counts.sum() == image.counts.sum()
    assert blocked.dataset_id == image.dataset_id
    assert (blocked.counts.at_hand() != image.counts).nnz == 0
    assert np.issubdtype(blocked.counts.dtype, np.unsignedinteger)


def test_what_is_found_for_a_pixel_is_the_same_to_the_last_bit(pair):
    image, blocked = pair
    weights = np.random.default_rng(1).random((image.counts.shape[1], 5))
    np.testing.assert_array_equal(
        sparse_counts.project(blocked.counts, weights), sparse_counts.project(image.counts, weights)
    )
    np.testing.assert_array_equal(blocked.counts_per_pixel(), image.counts_per_pixel())
    np.testing.assert_array_equal(blocked.window_counts(1.0, 2.0), image.window_counts(1.0, 2.0))


def test_sums_of_pixels_are_the_same(pair):
    image, blocked = pair
    random = np.random.default_rng(2)
    label = random.integers(-1, 4, image.n_pixels)
    np.testing.assert_array_equal(blocked.sum_spectrum(), image.sum_spectrum())
    np.testing.assert_array_equal(blocked.sum_by_label(label, 4), image.sum_by_label(label, 4))
    merged = sparse_counts.merge_rows(blocked.counts, label, 4)
    assert (merged != sparse_counts.merge_rows(image.counts, label, 4)).nnz == 0
    total = image.sum_spectrum()
    for mask in (label == 1, label >= 0, np.zeros(label.size, bool), np.arange(label.size) > label.size - 9):
        wanted = sparse_counts.sum_where(image.counts, mask)
        np.testing.assert_array_equal(sparse_counts.sum_where(blocked.counts, mask), wanted)
        np.testing.assert_array_equal(sparse_counts.sum_where(blocked.counts, mask, total), wanted)
    share = random.random((image.n_pixels, 3)).astype(np.float32)
    np.testing.assert_allclose(
        sparse_counts.accumulate(blocked.counts, share), sparse_counts.accumulate(image.counts, share), 1e-12
    )


def test_pixels_come_in_the_order_asked_for(pair):
    image, blocked = pair
    random = np.random.default_rng(3)
    for key in (
        random.permutation(image.n_pixels)[:200],
        np.array([5, 5, -1]),
        slice(37, 190),
        slice(40, 3, -7),
        random.random(image.n_pixels) < 0.2,
        np.zeros(0, np.int64),
    ):
        found = blocked.counts[key]
        assert found.shape == image.counts[key].shape
        assert (found != image.counts[key]).nnz == 0
    with pytest.raises(IndexError, match="numbered 0 to"):
        blocked.counts[[image.n_pixels]]


def test_a_wrong_mask_or_label_is_refused_as_in_memory(blocked):
    with pytest.raises(ValueError, match="7 pixels does not fit counts of 2040 pixels"):
        sparse_counts.sum_where(blocked.counts, np.ones(7, bool))
    with pytest.raises(ValueError, match="not below the number of labels"):
        blocked.sum_by_label(np.full(blocked.n_pixels, 3), 3)


def test_a_worker_gets_a_few_words_and_reads_the_blocks_itself(blocked):
    packed = pickle.dumps(blocked.crop_energy(0.3).counts)
    assert len(packed) < 3000
    assert (pickle.loads(packed).at_hand() != blocked.crop_energy(0.3).counts.at_hand()).nnz == 0


def test_small_crops_are_taken_into_memory(image, blocked):
    crop = blocked.crop(slice(3, 20), slice(4, 30))
    assert sparse.issparse(crop.counts)
    assert (crop.counts != image.crop(slice(3, 20), slice(4, 30)).counts).nnz == 0


def test_what_needs_too_much_at_once_says_so(blocked, monkeypatch):
    monkeypatch.setattr(blocked_counts, "_MOST_GATHERED", 1000)
    with pytest.raises(ValueError, match=r"spectra of 2,040 pixels at once.*crop or rebin"):
        blocked.counts[np.arange(blocked.n_pixels)]


def test_a_write_that_is_cut_short_leaves_nothing_that_opens(image, tmp_path, monkeypatch):
    def stopped(image):
        yield from (image.counts[:400],)
        raise KeyboardInterrupt

    monkeypatch.setattr(blocked_image, "row_blocks", stopped)
    with pytest.raises(KeyboardInterrupt):
        blocked_image.save(image, tmp_path / "rock.lodestone.zarr", block_pixels=200)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("part", ["n_nonzero", "indices", "data"])
@pytest.mark.parametrize("how", ["changed", "cut", "gone"])
def test_a_damaged_block_is_named(image, tmp_path, part, how):
    path = tmp_path / "rock.lodestone.zarr"
    blocked_image.save(image, path, block_pixels=300)
    chunk = path / "blocks" / "4" / part / "c" / "0"
    stored = bytearray(chunk.read_bytes())
    stored[len(stored) // 2] ^= 255
    chunk.write_bytes(stored[: len(stored) // 2] if how == "cut" else stored)
    if how == "gone":
        chunk.unlink()
    opened = blocked_image.load(path)
    with pytest.raises(DamagedBlocks, match=r"Block 5 of 7 of rock.*rows 32 to 39.*missing or damaged"):
        opened.counts_per_pixel()
    # what does not need the block works
    assert opened.counts[:100].shape == (100, AXIS.n_channels)


def test_channels_beyond_the_axis_never_reach_a_kernel(image, tmp_path):
    path = tmp_path / "rock.lodestone.zarr"
    wide = sparse.csr_matrix(([1], [5], [0, 1]), shape=(1, 6), dtype=np.uint8)
    blocked_image.save(replace(image, counts=wide, shape=(1, 1), energy=replace(AXIS, n_channels=6)), path)
    described = (path / "zarr.json").read_text()
    (path / "zarr.json").write_text(described.replace('"n_channels": 6', '"n_channels": 5'))
    with pytest.raises(DamagedBlocks, match="missing or damaged"):
        blocked_image.load(path).counts_per_pixel()


def test_the_spectrum_of_the_map_is_known_without_a_pass(image, blocked, monkeypatch):
    monkeypatch.setattr("data.block_store.BlockStore.block", lambda *_: pytest.fail("a block is read"))
    cut = blocked_image.load(Path(blocked.counts.source.store.folder)).crop_energy(0.3, 9.0)
    np.testing.assert_array_equal(cut.sum_spectrum(), image.crop_energy(0.3, 9.0).sum_spectrum())


@pytest.mark.parametrize(
    "text",
    ["", "{", '{"zarr_format": 3, "node_type": "group", "attributes": {"lodestone_map": {"format": 1}}}'],
)
def test_a_folder_without_its_description_says_so(image, tmp_path, text):
    path = tmp_path / "rock.lodestone.zarr"
    blocked_image.save(image, path, block_pixels=300)
    (path / "zarr.json").write_text(text)
    with pytest.raises(DamagedBlocks, match=r"rock\.lodestone\.zarr.*(M|m)ake or copy it again"):
        blocked_image.load(path)


def test_a_map_written_anew_under_the_same_name_is_not_taken_for_the_old_one(image, tmp_path):
    path = tmp_path / "rock.lodestone.zarr"
    blocked_image.save(image, path)
    assert blocked_image.load(path).sum_spectrum().sum() > 0
    flipped = image.counts[::-1]
    blocked_image.save(replace(image, counts=flipped), path)
    np.testing.assert_array_equal(
        blocked_image.load(path).counts_per_pixel().ravel(), sparse_counts.row_sums(flipped)
    )


def test_stacked_pieces_are_a_copy(image):
    piece = image.counts[:50]
    stacked = block_sources.stacked([piece], piece.shape[1], "uint8")
    stacked.data[:] = 0
    assert piece.nnz == 0 or piece.data.any()
