"""Bruker .bcf: container and header through rosettasciio, spectra decoded straight into sparse counts.

rosettasciio's own decoder fills a dense map, and it guesses the type of that map from the average
pixel (twice the mean of the strongest channel), so that a channel of one bright grain can wrap around.
The packing of spectra, as rosettasciio documents it: after a head of 0x1A0 bytes, for every line the
number of its pixels, and for every pixel

    x (u32), channels of the map (u16), channels of this pixel (u16), ? (u32), packing (u16), ? (u16),
    number of pulses (u16), length of the packed data in bytes (u32), packed data

Packing 0: 16 bits per pulse; 1: 12 bits per pulse; otherwise runs of channels (size, number of
channels, common gain, one value per channel of half that size), a length (u32) and single pulses of
16 bits that were added later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numba import njit

from data.readers.assembly import Found, datasets
from data.readers.dense_blocks import Progress, Spectra
from data.readers.metadata import find
from data.readers.navigation import is_image
from data.readers.signals import Signal, energy_dimension, signal_of
from data.readers.sparse_rows import SparseRows, check_size
from data.readers.unreadable import UnreadableFile
from data.spectrum_image import SpectrumImage

_HEAD_BYTES = 0x1A0
_PIXEL_BYTES = 22
_PIECE_BYTES = 2**20
_DAMAGED, _MORE, _DONE = -1, 0, 1


def read(path: Path, progress: Progress) -> tuple[SpectrumImage, ...]:
    """All maps of a .bcf (version 2 may hold several slices), with its images for navigation.

    Raises
    ------
    UnreadableFile
        The spectra end early or contradict themselves.
    """
    from rsciio.bruker import file_reader
    from rsciio.bruker._api import SFS_reader

    # lazy: the maps are described, not decoded
    signals = [signal_of(one) for one in file_reader(str(path), lazy=True, index="all")]
    images = [_named(one) for one in signals if energy_dimension(one) is None and is_image(one)]
    maps = [one for one in signals if energy_dimension(one) is not None]
    container = SFS_reader(str(path)).vfs["EDSDatabase"]
    streams = sorted(name for name in container if "SpectrumData" in name)
    found = []
    for number, (signal, name) in enumerate(zip(maps, streams, strict=True)):

        def report(fraction: float, message: str, done: int = number) -> None:
            progress((done + fraction) / len(maps), message)

        pieces = _pieces(container[name].get_iter_and_properties()[0])
        counts, shape = _decode(path, pieces, signal.axes[2].size, report)
        y, x, energy = signal.axes
        # rosettasciio gives both axes of the map the height of a pixel; its images have the width too
        x = next((image.axes[1] for image in images if image.data.shape == shape), x)
        spectra = Spectra(counts, shape, y, x, energy, notes=())
        title = f"Map {number + 1}" if len(maps) > 1 else ""
        found.append(Found(spectra, signal.metadata, images, title))
    return datasets(path, found)


def _named(image: Signal) -> Signal:
    """The image, called overview where the map is drawn into it as a rectangle."""
    is_overview = find(image.metadata, "Markers.overview") is not None
    return replace(image, title="Overview") if is_overview else image


def _pieces(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The stream in pieces of at least _PIECE_BYTES: containers store it in chunks of a few kB."""
    waiting: list[bytes] = []
    for chunk in chunks:
        waiting.append(chunk)
        if sum(map(len, waiting)) >= _PIECE_BYTES or len(chunk) >= _PIECE_BYTES:
            yield b"".join(waiting)
            waiting = []
    if waiting:
        yield b"".join(waiting)


def _decode(path: Path, pieces: Iterator[bytes], n_channels: int, progress: Progress):
    """Counts of a stream of packed spectra: CSR (n_y * n_x, n_channels), and (n_y, n_x)."""
    buffer = next(pieces, b"")
    while len(buffer) < _HEAD_BYTES and (piece := next(pieces, None)):
        buffer += piece
    if len(buffer) < _HEAD_BYTES:
        raise _broken(path, 0, 0)
    n_y, n_x = (int(size) for size in np.frombuffer(buffer[:8], "<u4"))
    check_size(n_y, n_x, n_channels)
    rows = SparseRows(n_y * n_x, n_channels, n_x=n_x)
    # line, pixels that it still has, position in the buffer
    state = np.array([-1, 0, _HEAD_BYTES], np.int64)
    scratch = np.zeros(n_channels, np.uint32)
    while True:
        data = np.frombuffer(buffer, np.uint8)
        # a byte holds at most two values, a pixel head is never without its bytes
        n_pixels = data.size // _PIXEL_BYTES + 1
        pixel, n_nonzero = np.empty(n_pixels, np.int64), np.empty(n_pixels, np.int64)
        channel, counts = np.empty(2 * data.size, np.int32), np.empty(2 * data.size, np.uint32)
        outcome, n_done, n_values = _unpack(data, state, n_y, n_x, scratch, pixel, n_nonzero, channel, counts)
        rows.add(pixel[:n_done], n_nonzero[:n_done], channel[:n_values], counts[:n_values])
        rows.complete(int(max(state[0], 0)))
        progress(max(state[0], 0) / n_y, f"{max(state[0], 0)} of {n_y} lines")
        if outcome == _DONE:
            return rows.matrix(), (n_y, n_x)
        piece = next(pieces, None)
        if outcome == _DAMAGED or piece is None:
            raise _broken(path, max(state[0], 0), n_y)
        buffer = buffer[state[2] :] + piece
        state[2] = 0


def _broken(path: Path, line: int, n_y: int) -> UnreadableFile:
    where = f"after line {line} of {n_y}" if n_y else "at their beginning"
    return UnreadableFile(
        f"The spectra of {path.name} break off or are damaged {where}. Copy or export the file again; a "
        f"copy that was interrupted is the usual cause."
    )


@njit(cache=True, nogil=True)
def _u16(data, at):
    return np.int64(data[at]) | np.int64(data[at + 1]) << 8


@njit(cache=True, nogil=True)
def _u32(data, at):
    return _u16(data, at) | _u16(data, at + 2) << 16


@njit(cache=True, nogil=True)
def _unpack(data, state, n_y, n_x, scratch, pixel, n_nonzero, channel, counts):
    """Decode whole pixels until the data end; what is left over is decoded with the next piece."""
    n_pixels, n_values = 0, 0
    n_channels = scratch.size
    while True:
        while state[1] == 0:
            if state[0] == n_y - 1:
                return _DONE, n_pixels, n_values
            if state[2] + 4 > data.size:
                return _MORE, n_pixels, n_values
            state[0] += 1
            state[1] = _u32(data, state[2])
            state[2] += 4
            if state[1] > n_x:
                return _DAMAGED, n_pixels, n_values
        head = state[2]
        body = head + _PIXEL_BYTES
        if body > data.size:
            return _MORE, n_pixels, n_values
        x, packing, n_pulses = _u32(data, head), _u16(data, head + 12), _u16(data, head + 16)
        n_bytes = _u32(data, head + 18)
        if x >= n_x or n_bytes > 16 * 65536:
            return _DAMAGED, n_pixels, n_values
        end = body + n_bytes + (2 * n_pulses if packing > 1 else 0)
        if end > data.size:
            return _MORE, n_pixels, n_values
        if packing == 0:
            good = 2 * n_pulses <= n_bytes and _add_pulses(data, body, n_pulses, scratch)
        elif packing == 1:
            good = (n_pulses + 3) // 4 * 6 <= n_bytes + 5 and _add_12_bit(data, body, n_pulses, scratch)
        else:
            # the length counts the 4 bytes in which the length of the later pulses stands
            good = n_bytes >= 4 and _add_runs(data, body, body + n_bytes - 4, scratch)
            good = good and _add_pulses(data, body + n_bytes, n_pulses, scratch)
        if not good:
            return _DAMAGED, n_pixels, n_values
        first_value = n_values
        for c in range(n_channels):
            if scratch[c] != 0:
                channel[n_values] = c
                counts[n_values] = scratch[c]
                scratch[c] = 0
                n_values += 1
        pixel[n_pixels] = state[0] * n_x + x
        n_nonzero[n_pixels] = n_values - first_value
        n_pixels += 1
        state[1] -= 1
        state[2] = end


@njit(cache=True, nogil=True)
def _add_pulses(data, at, n_pulses, scratch):
    for pulse in range(n_pulses):
        channel = _u16(data, at + 2 * pulse)
        if channel < scratch.size:
            scratch[channel] += 1
    return True


@njit(cache=True, nogil=True)
def _add_12_bit(data, at, n_pulses, scratch):
    """Four pulses lie in three 16-bit words, most significant bits first."""
    for pulse in range(n_pulses):
        first_bit = 12 * pulse
        word, shift = first_bit // 16, first_bit % 16
        if at + 2 * word + 2 > data.size:
            return False
        bits = _u16(data, at + 2 * word) << 16
        if shift > 4:
            if at + 2 * word + 4 > data.size:
                return False
            bits |= _u16(data, at + 2 * word + 2)
        channel = (bits >> (20 - shift)) & 0xFFF
        if channel < scratch.size:
            scratch[channel] += 1
    return True


@njit(cache=True, nogil=True)
def _add_runs(data, at, end, scratch):
    channel = 0
    while at + 2 <= end:
        size, n = np.int64(data[at]), np.int64(data[at + 1])
        at += 2
        if size == 0:
            channel += n
            continue
        if size not in (1, 2, 4, 8):
            return False
        n_bytes = (n + 1) // 2 if size == 1 else n * size // 2
        if at + size + n_bytes > end:
            return False
        gain = np.int64(data[at]) if size == 1 else (_u16(data, at) if size == 2 else _u32(data, at))
        at += size
        for i in range(n):
            if size == 1:
                value = (np.int64(data[at + i // 2]) >> 4 * (i % 2)) & 0xF
            elif size == 2:
                value = np.int64(data[at + i])
            elif size == 4:
                value = _u16(data, at + 2 * i)
            else:
                value = _u32(data, at + 4 * i)
            if channel + i < scratch.size:
                scratch[channel + i] += value + gain
        at += n_bytes
        channel += n
    return True
