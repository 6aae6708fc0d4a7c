"""PCA denoising of line maps: what all pixels have in common is kept, the rest is noise.

Counts are scaled so that their noise is alike everywhere before the components are sought, as by Keenan &
Kotula, Surf. Interface Anal. 36, 203 (2004): without that, the noise of the brightest line would pass for a
component. The noise of a map of net counts is the sum of that of the channels it was made of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_BLOCK = 200_000  # pixels at a time


@dataclass(frozen=True, eq=False)
class Components:
    """Principal components of line maps.

    Attributes
    ----------
    vectors : (n_lines, n_lines) float64, one component per column, in scaled units, strongest first
    strength : (n_lines,) float64, variance of every component in units of the counting noise of one pixel;
        where noise is not known (maps that are no counts), in units of the mean variance of a line
    line_scale : (n_lines,) float64, standard deviation of the noise of every line
    pixel_scale : (n_pixels,) float32, noise of every pixel relative to the mean pixel; 1 without counts
    of_counts : whether ``strength`` is in units of the counting noise
    n_above_noise : components stronger than counting noise alone would make them; 0 where it is not known
    """

    vectors: np.ndarray
    strength: np.ndarray
    line_scale: np.ndarray
    pixel_scale: np.ndarray
    of_counts: bool
    n_above_noise: int


def components_of(
    intensity: np.ndarray,
    valid: np.ndarray | None = None,
    line_variance: np.ndarray | None = None,
    counts: np.ndarray | None = None,
) -> Components:
    """Principal components of the valid pixels, not centred: the first is much like the mean.

    Parameters
    ----------
    intensity : (n_y, n_x, n_lines)
    valid : (n_y, n_x) bool, or None where every pixel counts
    line_variance : (n_lines,) variance that counting gives every line in a mean pixel; None: images that
        are no counts, every line is then scaled to a root mean square of 1
    counts : (n_y, n_x) counts of every pixel over all channels, with ``line_variance``

    Raises
    ------
    ValueError
        A valid pixel is not a number.
    """
    values = intensity.reshape(-1, intensity.shape[2])
    inside = np.ones(len(values), bool) if valid is None else valid.ravel()
    of_counts = line_variance is not None and counts is not None
    pixel_scale = np.ones(len(values), np.float32)
    if of_counts:
        relative = counts.ravel() / max(float(counts.ravel()[inside].mean()), 1e-12)
        # a pixel of few counts is not without noise: below a tenth of the mean, the noise of that
        pixel_scale = np.sqrt(np.maximum(relative, 0.1)).astype(np.float32)
        line_scale = np.sqrt(np.maximum(line_variance, 1e-12))
    else:
        line_scale = np.sqrt(np.maximum(np.mean(values[inside].astype(np.float64) ** 2, axis=0), 1e-30))
    moments = np.zeros((values.shape[1], values.shape[1]))
    for start in range(0, len(values), _BLOCK):
        rows = slice(start, start + _BLOCK)
        block = values[rows][inside[rows]] / pixel_scale[rows][inside[rows], None] / line_scale
        if not np.isfinite(block).all():
            raise ValueError("Some valid pixels of the element maps are not numbers. Mask these pixels.")
        moments += block.T @ block
    strength, vectors = np.linalg.eigh(moments / max(int(inside.sum()), 1))
    strength, vectors = strength[::-1], vectors[:, ::-1]
    # largest component that noise of variance 1 makes of so many pixels (Marchenko & Pastur 1967); a fifth
    # more, because phases differ in how their noise is shared out over the lines, and the scaling does not
    edge = (1.0 + np.sqrt(values.shape[1] / max(int(inside.sum()), 1))) ** 2
    above = int((strength > 1.2 * edge).sum()) if of_counts else 0
    return Components(vectors, strength, line_scale, pixel_scale, of_counts, above)


def denoised(intensity: np.ndarray, components: Components, n_components: int) -> np.ndarray:
    """The maps made of their strongest components alone.

    Parameters
    ----------
    intensity : (n_y, n_x, n_lines), as given to :func:`components_of`
    n_components : how many to keep; as many as there are lines changes nothing

    Returns
    -------
    (n_y, n_x, n_lines) float32; pixels that are not numbers stay so

    Raises
    ------
    ValueError
        More components are asked for than there are lines, or fewer than one.
    """
    n_lines = intensity.shape[2]
    if not 1 <= n_components <= n_lines:
        raise ValueError(
            f"{n_components} principal components were asked for; {n_lines} maps have 1 to {n_lines}. "
            f"0 leaves the maps as they are."
        )
    if n_components == n_lines:
        return np.asarray(intensity, np.float32)
    kept = components.vectors[:, :n_components]
    # the scale of a pixel divides and multiplies the same row: only that of the lines is left
    matrix = (kept @ kept.T) / components.line_scale[:, None] * components.line_scale
    values = intensity.reshape(-1, n_lines)
    return (values @ matrix.astype(np.float32)).astype(np.float32).reshape(intensity.shape)
