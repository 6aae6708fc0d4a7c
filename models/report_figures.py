"""Figures of a report as PNG: maps, phases, latent space, spectra, end-members."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from data import loss_edges, xray_lines
from data.spectrum_image import SpectrumImage
from models.exports_figure import Drawing, FigureStyle, render
from models.exports_maps import IntensityDrawing, PhaseEntry, PhasesDrawing
from models.exports_plots import CurvesDrawing, DrawnCurve, PlaneDrawing
from models.phase_colours import endmember_colour
from models.report_content import ReportContent

_WIDTH_MM, _DPI = 175.0, 160
_MOST_MAPS, _MAPS_IN_A_ROW = 12, 4
_MOST_CURVES = 12
_MOST_MAP_SIDE = 640  # pixels of a map in a figure; more would only be thrown away in drawing
_LATENT_SIDE = 320
_CLIP = 0.005  # of the pixels at either end of a map are beyond its colours
#: colour scale of maps, from dark to bright (an even ramp of lightness, as inferno has)
_INFERNO = (
    "#000004", "#0d0829", "#280b54", "#480b6a", "#65156e", "#82206c", "#9f2a63", "#bb3755", "#d44842",
    "#e8602d", "#f57d15", "#fc9f07", "#fac228", "#f3e55d", "#fcffa4",
)  # fmt: skip
_GREY = ("#000000", "#ffffff")


@dataclass(frozen=True)
class Figure:
    """One figure: its PNG, what stands below it, and what it shows for those who cannot see it."""

    png: bytes
    caption: str
    alt: str


def figures(content: ReportContent) -> Iterator[Figure]:
    """All figures of a report, in their order; those that a result has nothing for are left out."""
    yield _phase_map(content)
    yield _element_maps(content)
    yield _latent_space(content)
    yield _spectra(content)
    if content.unmixing is not None:
        yield _endmembers(content)
        yield _abundances(content)


def _phase_map(content: ReportContent) -> Figure:
    shown, prepared = content.shown, content.result.prepared
    entries = _entries(content)
    step = _step(shown.phase_map.shape)
    # the legend lists phases as they are drawn: the largest first
    order = [*content.order, *(one for one in range(shown.n_phases) if one not in content.order)]
    entries = [entries[one] for one in order]
    place_of_label = np.append(np.argsort(order), -1)
    label = place_of_label[shown.phase_map.label[::step, ::step]]
    drawings: list[Drawing] = [
        PhasesDrawing(label, entries, "Phases", _stepped(prepared.pixel_size_um, step))
    ]
    name, image = _overview(content)
    step = _step(image.shape)
    drawings.append(
        IntensityDrawing(
            image[::step, ::step],
            _ramp(_GREY),
            name,
            _stepped(_side_of(image, content), step),
            limits=_limits(image),
            label="" if prepared.navigation else _quantity(content),
        )
    )
    caption = f"Phase map with the share of the area of every phase, and {name}."
    return Figure(
        render(drawings, _style(), "png", 2), caption, "Map of the phases beside an image of the field."
    )


def _element_maps(content: ReportContent) -> Figure:
    maps = content.result.maps
    spread = [float(np.ptp(_limits(maps.intensity[:, :, i], maps.valid))) for i in range(len(maps.lines))]
    # bands of a spectrometer are taken evenly, element maps by what they show
    if maps.axis is not None and len(maps.lines) > _MOST_MAPS:
        chosen = np.unique(np.linspace(0, len(maps.lines) - 1, _MOST_MAPS).astype(int))
    else:
        chosen = np.sort(np.argsort(-np.array(spread), kind="stable")[:_MOST_MAPS])
    step = _step(maps.shape)
    drawings = []
    for i in chosen:
        image = maps.intensity[:, :, i]
        limits = _limits(image, maps.valid)
        if maps.valid is not None:
            image = np.where(maps.valid, image, np.nan)
        drawings.append(
            IntensityDrawing(
                image[::step, ::step], _ramp(_INFERNO), maps.lines[i], _stepped(maps.pixel_size_um, step),
                limits=limits, label="",
            )
        )  # fmt: skip
    left_out = len(maps.lines) - len(drawings)
    more = f" {left_out} more are not shown." if left_out else ""
    unit = _quantity(content).lower()
    caption = f"Maps of {', '.join(maps.lines[i] for i in chosen)}, {unit} per pixel.{more}"
    return Figure(
        render(drawings, _style(), "png", min(_MAPS_IN_A_ROW, len(drawings))), caption, "Intensity maps."
    )


def _latent_space(content: ReportContent) -> Figure:
    latent = content.result.latent.coordinates[:, :2]
    label = content.shown.phase_map.label.ravel()
    if latent.shape[1] == 1:
        latent = np.repeat(latent, 2, axis=1)
    known = np.isfinite(latent).all(axis=1)
    x, y = latent[known, 0], latent[known, 1]
    (x0, x1), (y0, y1) = _extent(x), _extent(y)
    column = np.clip((x - x0) / (x1 - x0) * _LATENT_SIDE, 0, _LATENT_SIDE - 1).astype(int)
    row = np.clip((y - y0) / (y1 - y0) * _LATENT_SIDE, 0, _LATENT_SIDE - 1).astype(int)
    place = row * _LATENT_SIDE + column
    n_phases = content.shown.n_phases
    count = np.zeros((n_phases + 1, _LATENT_SIDE**2), np.float32)
    np.add.at(count, (label[known].astype(np.intp) + 1, place), 1)
    total = count.sum(axis=0)
    colours = np.array([(150, 150, 150), *(_rgb(colour) for colour in content.colours)], np.uint8)
    rgba = np.zeros((_LATENT_SIDE**2, 4), np.uint8)
    rgba[:, :3] = colours[count.argmax(axis=0)]
    density = np.log1p(total) / max(float(np.log1p(total.max())), 1e-9)
    rgba[:, 3] = np.where(total > 0, 70 + 185 * density, 0).astype(np.uint8)
    legend = [(content.names[one], content.colours[one]) for one in content.order]
    drawing = PlaneDrawing(
        rgba.reshape(_LATENT_SIDE, _LATENT_SIDE, 4), (x0, x1, y0, y1), "Latent 1", "Latent 2", legend=legend,
        aspect=0.8,
    )  # fmt: skip
    caption = (
        "Latent space: every pixel of the map in the colour of its phase; the fainter, the fewer pixels."
    )
    return Figure(render([drawing], _style(120.0), "png"), caption, "Scatter of the pixels in latent space.")


def _spectra(content: ReportContent) -> Figure:
    shown = content.shown
    axis, label, marks = _axis(content)
    per_pixel = shown.spectra / np.maximum(shown.pixels, 1)[:, None]
    curves = [
        DrawnCurve(content.names[one], _positive(per_pixel[one]), content.colours[one])
        for one in content.order[:_MOST_CURVES]
    ]
    left_out = len(content.order) - len(curves)
    more = f" The {left_out} smallest phases are not shown." if left_out else ""
    drawing = CurvesDrawing(
        axis, curves, label, f"{_quantity(content)} per pixel", marks=marks, log=_is_counts(content),
        y_limits=_decades(content, curves),
        x_limits=_shown_range(content, axis), aspect=0.5,
    )  # fmt: skip
    caption = f"Mean spectra of the phases.{more}"
    return Figure(render([drawing], _style(), "png"), caption, "Mean spectra of the phases.")


def _endmembers(content: ReportContent) -> Figure:
    axis, label, marks = _axis(content)
    found = content.unmixing.endmembers
    curves = [
        DrawnCurve(f"End-member {number + 1}", _positive(spectrum), endmember_colour(number))
        for number, spectrum in enumerate(found[:_MOST_CURVES])
    ]
    drawing = CurvesDrawing(
        axis, curves, label, "Share of the whole", marks=marks, log=_is_counts(content),
        y_limits=_decades(content, curves),
        x_limits=_shown_range(content, axis), aspect=0.5,
    )  # fmt: skip
    more = f" The first {len(curves)} of {len(found)} are shown." if len(found) > len(curves) else ""
    caption = f"Spectra of the end-members, each of sum 1.{more}"
    return Figure(render([drawing], _style(), "png"), caption, "Spectra of the end-members.")


def _abundances(content: ReportContent) -> Figure:
    abundances = content.unmixing.abundances
    mean = abundances.mean(axis=(0, 1))
    chosen = np.sort(np.argsort(-mean, kind="stable")[:_MOST_MAPS])
    step = _step(abundances.shape[:2])
    size = _stepped(content.result.prepared.pixel_size_um, step)
    drawings = [
        IntensityDrawing(
            abundances[::step, ::step, one], _ramp(_INFERNO), f"End-member {one + 1}", size,
            limits=(0.0, 1.0), label="",
        )
        for one in chosen
    ]  # fmt: skip
    caption = "Abundance of the end-members: the share of each in every pixel."
    return Figure(
        render(drawings, _style(), "png", min(_MAPS_IN_A_ROW, len(drawings))), caption, "Abundance maps."
    )


def _entries(content: ReportContent) -> list[PhaseEntry]:
    shares = 100.0 * content.shown.pixels / max(content.shown.n_valid, 1)
    return [
        PhaseEntry(name, colour, float(share), visible=bool(pixels))
        for name, colour, share, pixels in zip(
            content.names, content.colours, shares, content.shown.pixels, strict=True
        )
    ]


def _overview(content: ReportContent) -> tuple[str, np.ndarray]:
    """A picture of the field: the first navigation image, else all counts or the mean of the maps."""
    prepared = content.result.prepared
    for name, image in prepared.navigation.items():
        return name, image
    if isinstance(prepared, SpectrumImage):
        return "all counts", prepared.per_exposure(prepared.counts_per_pixel().astype(np.float32))
    return "the mean of the maps", content.result.maps.intensity.mean(axis=2)


def _side_of(image: np.ndarray, content: ReportContent) -> float | None:
    """Side of a pixel of an image that shows the same field as the map, um."""
    prepared = content.result.prepared
    size = prepared.pixel_size_um
    return None if size is None else size * prepared.shape[1] / image.shape[1]


def _axis(content: ReportContent) -> tuple[np.ndarray | list[str], str, list[tuple[float, str]]]:
    """Places on the axis of spectra (or names of maps), its label, and the lines to mark."""
    prepared, maps = content.result.prepared, content.result.maps
    if isinstance(prepared, SpectrumImage):
        energy = prepared.energy
        if not energy.calibrated:
            return energy.shown, energy.label, []
        if energy.kind == "loss":
            return energy.shown, energy.label, list(zip(*loss_edges.marks(maps.lines), strict=True))
        return energy.shown, energy.label, [(xray_lines.line(one).energy_kev, one) for one in maps.lines]
    if maps.axis is not None and maps.axis.unit:
        return maps.axis.shown, maps.axis.label, []
    return list(maps.lines), "Element map", []


def _shown_range(content: ReportContent, axis: np.ndarray | list[str]) -> tuple[float, float] | None:
    """What of the axis is drawn: to the last channel with more than a hundred-thousandth of the highest."""
    if not isinstance(content.result.prepared, SpectrumImage):
        return None
    total = content.shown.spectra.sum(axis=0)
    occupied = np.flatnonzero(total > 1e-5 * total.max())
    return (float(axis[0]), float(axis[occupied[-1]])) if occupied.size > 1 else None


def _decades(content: ReportContent, curves: list[DrawnCurve]) -> tuple[float, float] | None:
    """Intensities that are drawn on a logarithmic axis: five decades, or what there is."""
    if not _is_counts(content):
        return None
    highest = max(float(np.nanmax(curve.intensity, initial=0)) for curve in curves) or 1.0
    lowest = min(float(np.nanmin(curve.intensity, initial=highest)) for curve in curves)
    return max(0.5 * lowest, 2e-5 * highest), 2.5 * highest


def _positive(spectrum: np.ndarray) -> np.ndarray:
    """A spectrum with gaps where it is empty, for a logarithmic axis."""
    return np.where(spectrum > 0, spectrum, np.nan)


def _is_counts(content: ReportContent) -> bool:
    return isinstance(content.result.prepared, SpectrumImage)


def _quantity(content: ReportContent) -> str:
    return "Counts" if _is_counts(content) else content.result.maps.quantity


def _style(width_mm: float = _WIDTH_MM) -> FigureStyle:
    return FigureStyle(width_mm=width_mm, dpi=_DPI, font_pt=7.5)


def _step(shape: tuple[int, ...]) -> int:
    return max(1, -(-max(shape[:2]) // _MOST_MAP_SIDE))


def _stepped(size_um: float | None, step: int) -> float | None:
    return None if size_um is None else size_um * step


def _limits(image: np.ndarray, valid: np.ndarray | None = None) -> tuple[float, float]:
    values = image[np.isfinite(image)] if valid is None else image[valid & np.isfinite(image)]
    values = values[:: max(1, values.size // 100_000)]
    if not values.size:
        return 0.0, 1.0
    low, high = np.quantile(values, [_CLIP, 1 - _CLIP])
    return float(low), float(high if high > low else low + 1.0)


def _extent(values: np.ndarray) -> tuple[float, float]:
    """Where most of the points lie, with a margin; far outliers are drawn at the edge."""
    low, high = np.quantile(values, [0.0005, 0.9995])
    margin = 0.04 * (high - low) or 1.0
    return float(low - margin), float(high + margin)


def _ramp(colours: tuple[str, ...], n: int = 256) -> list[str]:
    """Colours between given ones, as "#rrggbb"."""
    given = np.array([_rgb(colour) for colour in colours], float)
    places = np.linspace(0, len(colours) - 1, n)
    channels = [np.interp(places, np.arange(len(colours)), given[:, i]) for i in range(3)]
    return ["#{:02x}{:02x}{:02x}".format(*map(round, colour)) for colour in zip(*channels, strict=True)]


def _rgb(colour: str) -> tuple[int, int, int]:
    return tuple(bytes.fromhex(colour.lstrip("#")[:6]))
