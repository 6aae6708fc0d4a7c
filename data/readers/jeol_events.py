"""The event stream of a JEOL .pts file -> counts of every pixel, without a dense map.

A stream of 16-bit words, the upper four bits telling what the lower twelve are:

    0x8000  x of the beam, in 4096ths of the frame
    0x9000  y of the beam, likewise; when it falls, a new frame (sweep) has begun
    0xA000  intensity of the electron detector at this place
    0xB000  channel of one X-ray
    others  live time and the like

Source: the .pts reader of rosettasciio, with which the tests compare. This decoder differs where that
one fails: memory (there 100 bytes or more per event, or a dense map), images that are not square, and
scans of a part of the frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numba import njit
from scipy import sparse

from data.readers.sparse_rows import from_events

_WORDS = 2**21  # words read at once
_FRAME_UNITS = 4096


@dataclass(frozen=True)
class Area:
    """The scanned rectangle of a frame of ``grid`` x ``grid`` pixels, first and last pixel inclusive."""

    grid: int
    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def shape(self) -> tuple[int, int]:
        """(n_y, n_x)."""
        return self.y1 - self.y0 + 1, self.x1 - self.x0 + 1


@dataclass(frozen=True, eq=False)
class Sweeps:
    """What a stream holds: counts (n_y * n_x, n_channels), the electron image or None, complete frames."""

    counts: sparse.csr_matrix
    image: np.ndarray | None
    n_frames: int
    n_incomplete: int


def read_sweeps(
    path: Path, first_byte: int, area: Area, n_channels: int, report: Callable[[float], None]
) -> Sweeps:
    """All complete frames of the stream that starts at a byte of a file and goes to its end, summed.

    A frame that the acquisition broke off is left out: its first lines would count once more than the
    others.
    """
    n_y, n_x = area.shape
    geometry = np.array([area.grid, area.x0, area.y0, n_y, n_x], np.int64)
    size = max(1, (path.stat().st_size - first_byte) // 2)

    # where frames begin, which are complete, and how many words belong to the last complete one
    state, frames = _new_state(), np.zeros((0, 4), np.int64)
    for words, _ in _stream(path, first_byte):
        frames = np.concatenate([frames, _frames(words, geometry, state)])
    frames = np.concatenate([frames, [state[[_START, _POSITION, _LAST_Y, _LAST_X]]]])
    has_image = bool(state[_HAS_IMAGE])
    complete = (frames[:, 2] >= n_y - 1) & ((frames[:, 3] >= n_x - 1) | (not has_image))
    starts, stops = frames[complete, 0], frames[complete, 1]
    report(0.2)

    n_events = np.zeros(n_y * n_x, np.int64)
    image = np.zeros((n_y, n_x), np.int64)
    for stage in (0, 1):
        if stage == 0:
            cursor, channel = n_events, np.empty(0, np.uint16)
        else:
            cursor = np.zeros(n_y * n_x, np.int64)
            np.cumsum(n_events[:-1], out=cursor[1:])
            channel = np.empty(int(n_events.sum()), np.uint16)
        state = _new_state()
        for words, done in _stream(path, first_byte):
            _collect(words, geometry, n_channels, state, starts, stops, stage, cursor, channel, image)
            report(0.2 + 0.4 * stage + 0.4 * done / size)
    counts = from_events(n_events, channel, n_channels)
    n_frames = int(complete.sum())
    return Sweeps(counts, image if has_image else None, n_frames, len(frames) - n_frames)


def _stream(path: Path, first_byte: int) -> Iterator[tuple[np.ndarray, int]]:
    with path.open("rb") as file:
        file.seek(first_byte)
        done = 0
        while (words := np.fromfile(file, "<u2", _WORDS)).size:
            done += words.size
            yield words, done


# the scan between two pieces of the stream
_POSITION, _X, _Y, _RAW_Y, _START, _LAST_Y, _LAST_X, _HAS_IMAGE, _FRAME = range(9)


def _new_state() -> np.ndarray:
    state = np.zeros(9, np.int64)
    state[[_X, _Y, _RAW_Y, _LAST_Y, _LAST_X]] = -1
    return state


@njit(cache=True, nogil=True)
def _place(value, grid, first):
    # to the nearest pixel: 4096 is no multiple of grids that are no power of two
    return (2 * value * grid + _FRAME_UNITS) // (2 * _FRAME_UNITS) - first


@njit(cache=True, nogil=True)
def _frames(words, geometry, state):
    """(start, stop, last line, last pixel of it) of the frames that end in this piece."""
    grid, x0, y0 = geometry[0], geometry[1], geometry[2]
    found = np.empty((64, 4), np.int64)
    n_found = 0
    for word in words:
        kind, value = word & 0xF000, np.int64(word & 0x0FFF)
        if kind == 0x8000:
            state[_LAST_X] = _place(value, grid, x0)
        elif kind == 0x9000:
            if value < state[_RAW_Y]:
                if n_found == found.shape[0]:
                    larger = np.empty((2 * n_found, 4), np.int64)
                    larger[:n_found] = found
                    found = larger
                found[n_found, 0] = state[_START]
                found[n_found, 1] = state[_POSITION]
                found[n_found, 2] = state[_LAST_Y]
                found[n_found, 3] = state[_LAST_X]
                n_found += 1
                state[_START] = state[_POSITION]
            state[_RAW_Y] = value
            state[_LAST_Y] = _place(value, grid, y0)
        elif kind == 0xA000:
            state[_HAS_IMAGE] = 1
        state[_POSITION] += 1
    return found[:n_found]


@njit(cache=True, nogil=True)
def _collect(words, geometry, n_channels, state, starts, stops, stage, cursor, channel, image):
    """Stage 0 counts the events of every pixel in ``cursor``; stage 1 puts their channels in place."""
    grid, x0, y0, n_y, n_x = geometry[0], geometry[1], geometry[2], geometry[3], geometry[4]
    for word in words:
        position = state[_POSITION]
        state[_POSITION] += 1
        while state[_FRAME] < stops.size and position >= stops[state[_FRAME]]:
            state[_FRAME] += 1
        kind, value = word & 0xF000, np.int64(word & 0x0FFF)
        if kind == 0x8000:
            state[_X] = _place(value, grid, x0)
        elif kind == 0x9000:
            state[_Y] = _place(value, grid, y0)
        if kind != 0xA000 and kind != 0xB000:
            continue
        if state[_FRAME] == stops.size or position < starts[state[_FRAME]]:
            continue
        x, y = state[_X], state[_Y]
        if x < 0 or y < 0 or x >= n_x or y >= n_y:
            continue
        if kind == 0xA000:
            if stage == 0:
                image[y, x] += value
        elif value < n_channels:
            pixel = y * n_x + x
            if stage == 1:
                channel[cursor[pixel]] = value
            cursor[pixel] += 1
