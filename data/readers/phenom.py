"""Phenom .elid: read through rosettasciio, its maps decoded straight into sparse counts.

An .elid file is one bzip2 stream in which a map is a run of numbers of variable length, seven bits to a
byte. rosettasciio takes them one Python call at a time into a dense map (some 2 microseconds a channel,
minutes for a real map), and waits for ever where the stream was cut off. The class below replaces its
way of reading bytes and its way of reading maps, and leaves the rest of the format to it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from rsciio.phenom._api import ElidReader
from scipy import sparse

from data.readers.assembly import Found, datasets
from data.readers.dense_blocks import Progress, Spectra, sparse_spectra
from data.readers.metadata import find
from data.readers.navigation import is_image
from data.readers.signals import energy_dimension, signal_of
from data.readers.sparse_rows import SparseRows, check_size
from data.readers.unreadable import UnreadableFile
from data.spectrum_image import SpectrumImage

_PIECE_BYTES = 2**20


def read(path: Path, progress: Progress) -> tuple[SpectrumImage, ...]:
    """The maps and line scans of a project; its images are for navigation.

    Raises
    ------
    UnreadableFile
        The file is of an old kind, cut off, or has no map.
    """
    project = _SparseElidReader(path, progress)
    images, maps, singles = [], [], []
    for dictionary in project.dictionaries:
        signal = signal_of(dictionary)
        dimension = energy_dimension(signal)
        counts = project.maps.get(id(dictionary["data"]))
        if counts is not None:
            spectra = Spectra(counts, signal.data.shape[:2], *signal.axes, notes=())
            chosen = find(dictionary["original_metadata"], "acquisition.scan.detectors.EDS.included_elements")
            metadata = {**signal.metadata, "Sample": {"elements": chosen}}
            maps.append(Found(spectra, metadata, images, signal.title))
        elif dimension is None:
            images += [signal] if is_image(signal) else []
        else:
            one = Found(
                sparse_spectra(signal, dimension, lambda *_: None), signal.metadata, images, signal.title
            )
            (maps if signal.data.ndim > 1 else singles).append(one)
    if not maps and not singles:
        raise UnreadableFile(f"{path.name} has no EDS signal: it holds only {len(images)} images.")
    notes = []
    if maps and singles:
        notes.append(f"{len(singles)} single spectr{'um was' if len(singles) == 1 else 'a were'} left out.")
    return datasets(path, maps or singles, notes)


class _SparseElidReader(ElidReader):
    """rosettasciio's reader, with ``maps``: id of a signal's (hollow) array -> its counts."""

    def __init__(self, path: Path, progress: Progress) -> None:
        self.maps: dict[int, sparse.csr_matrix] = {}
        self._buffer, self._at = b"", 0
        self._progress = progress
        self._total = max(path.stat().st_size, 1)
        super().__init__(str(path))

    def _read(self, size: int = 1) -> bytes:
        if len(self._buffer) - self._at < size:
            self._fill(size)
        data = self._buffer[self._at : self._at + size]
        self._at += size
        return data

    def _fill(self, size: int) -> None:
        """At least ``size`` more bytes in the buffer."""
        pieces = [self._buffer[self._at :]]
        n_bytes = len(pieces[0])
        while n_bytes < size:
            if self._decompressor.eof:
                raise EOFError("the data end before the project does")
            raw = self._file.read(_PIECE_BYTES) if self._decompressor.needs_input else b""
            if self._decompressor.needs_input and not raw:
                raise EOFError("the file was cut off")
            pieces.append(self._decompressor.decompress(raw, max(_PIECE_BYTES, size - n_bytes)))
            n_bytes += len(pieces[-1])
        self._buffer, self._at = b"".join(pieces), 0

    def _read_MapAnalysis(self, label: str, am: dict[str, Any]) -> dict[str, Any]:
        description, _ = self._read_CommonAnalysis(am)
        self._read(4 * 8)  # left, top, right, bottom
        self._read_float64s()  # colours
        n_x, n_y, n_channels = self._read_uint32(), self._read_uint32(), self._read_uint32()
        check_size(n_y, n_x, n_channels)
        self._read(2 * 8)  # offset and dispersion, as in the sum spectrum
        eds = self._read_eds_metadata(am)
        common = description["acquisition"]["scan"]["detectors"]["EDS"]
        eds.update({key: common[key] for key in ("live_time", "real_time", "included_elements")})
        varies = [self._read_bool(), self._read_bool()]  # real and live time, by pixel
        counts = self._read_counts(n_y, n_x, n_channels)
        for by_pixel in varies:
            self._read(8 * (n_y * n_x if by_pixel else 1))
        metadata = {**am, "acquisition": {"scan": {**am["acquisition"]["scan"], "detectors": {"EDS": eds}}}}
        # an array of the right shape that takes no memory: only its shape is looked at
        hollow = np.broadcast_to(np.uint8(0), (n_y, n_x, n_channels))
        self.maps[id(hollow)] = counts
        title = f"{label}, Map {common['order_nr']}"
        return self._make_map_spectrum_dict(metadata, common["offset"], common["dispersion"], hollow, title)

    def _read_counts(self, n_y: int, n_x: int, n_channels: int) -> sparse.csr_matrix:
        rows = SparseRows(n_y * n_x, n_channels, n_x=n_x)
        # number and shift of the value that is being read, channel, pixel
        state = np.zeros(4, np.int64)
        while state[3] < n_y * n_x:
            if self._at == len(self._buffer):
                self._fill(1)
            data = np.frombuffer(self._buffer, np.uint8)[self._at :]
            pixel, channel, value = (np.empty(data.size, np.int64) for _ in range(3))
            n_read, n_values = _read_varints(data, state, n_channels, n_y * n_x, pixel, channel, value)
            if n_read < 0:
                raise UnreadableFile("A count of the map is larger than 32 bits: the file is damaged.")
            self._at += n_read
            where, n_nonzero = np.unique(pixel[:n_values], return_counts=True)
            rows.add(where, n_nonzero, channel[:n_values], value[:n_values])
            rows.complete(int(state[3]) // n_x)
            self._progress(min(1.0, self._file.tell() / self._total), f"{state[3]} of {n_y * n_x} pixels")
        return rows.matrix()


@njit(cache=True, nogil=True)
def _read_varints(data, state, n_channels, n_pixels, pixel, channel, value):
    n_values = 0
    for at in range(data.size):
        state[0] |= np.int64(data[at] & 127) << state[1]
        state[1] += 7
        if data[at] & 128:
            if state[1] > 35:
                return -1, n_values
            continue
        if state[0] > 0:
            pixel[n_values], channel[n_values], value[n_values] = state[3], state[2], state[0]
            n_values += 1
        state[0] = state[1] = 0
        state[2] += 1
        if state[2] == n_channels:
            state[2] = 0
            state[3] += 1
            if state[3] == n_pixels:
                return at + 1, n_values
    return data.size, n_values
