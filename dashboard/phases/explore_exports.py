"""What the cards of the Explore tab export: files made of what the state shows, in a thread.

Every function takes what it needs of the state once and gives a name and the bytes of a file.
"""

from __future__ import annotations

import numpy as np

from dashboard import theme
from dashboard.contrast import contrast_limits, to_uint8
from dashboard.density_levels import density_palette
from dashboard.exports import Chosen, ExportFile, ExportMenu, PageTools
from dashboard.latent_bins import LatentBins
from dashboard.phases.linked_views import LinkedViews
from dashboard.phases.map_layers import CLIP, shown_image
from dashboard.phases.opened import OpenedMap
from dashboard.phases.spectrum_curves import curves
from dashboard.phases.state import COLOUR_COMPOSITE, NAVIGATION, PhasesState
from dashboard.viewport import Viewport
from models.exports_figure import Drawing, render
from models.exports_files import distinct_names, file_name, table_csv
from models.exports_maps import ColourDrawing, IntensityDrawing, PhaseEntry, PhasesDrawing
from models.exports_plots import CurvesDrawing, DrawnCurve, PlaneDrawing
from models.exports_spectra import NamedSpectrum, spectra_csv, spectra_msa
from models.exports_tiff import image_tiff, stack_tiff
from models.live_phases import LivePhases, line_intensities

FIGURES = {"PNG": "Figure, PNG", "SVG": "Figure, SVG"}
ELEMENT_KINDS = {
    **FIGURES,
    "TIFF32": "This map, TIFF 32 bit",
    "TIFF16": "This map, TIFF 16 bit",
    "ALL": "All line maps, TIFF 32 bit",
}
PHASE_KINDS = {
    **FIGURES,
    "LABELS": "Phase numbers, TIFF 16 bit",
    "PROBABILITY": "Probability, TIFF 32 bit",
}
LATENT_KINDS = {**FIGURES, "CSV": "Coordinates, CSV"}
SPECTRA_KINDS = {**FIGURES, "MSA": "Spectra, MSA", "CSV": "Spectra, CSV"}
MAPS_SPECTRA_KINDS = {**FIGURES, "CSV": "Intensities, CSV"}
TABLE_KINDS = {"CSV": "Table, CSV"}
#: dots of a side of the exported density of the latent space
_DENSITY_SIDE = 700


def export_menus(state: PhasesState, views: LinkedViews, tools: PageTools) -> dict[str, ExportMenu]:
    """The export menus of the cards of the Explore tab, by card."""

    def latent(chosen: Chosen) -> ExportFile:
        x, y = views.latent.x_range, views.latent.y_range
        return latent_file(state, chosen, (x.start, x.end, y.start, y.end))

    def spectra(chosen: Chosen) -> ExportFile:
        seen = views.spectra.energy_range
        return spectra_file(state, chosen, (seen.start, seen.end))

    menus = {
        "element": ExportMenu(
            tools, "the element map", ELEMENT_KINDS, lambda chosen: element_file(state, chosen)
        ),
        "phase": ExportMenu(tools, "the phase map", PHASE_KINDS, lambda chosen: phase_file(state, chosen)),
        "latent": ExportMenu(tools, "the latent space", LATENT_KINDS, latent),
        "spectra": ExportMenu(tools, "the spectra", SPECTRA_KINDS, spectra, width_mm=120.0),
        "table": ExportMenu(
            tools, "the table of phases", TABLE_KINDS, lambda chosen: table_file(state, chosen)
        ),
    }

    def follow(*_events: object) -> None:
        maps_alone = state.prepared is not None and state.prepared.image is None
        menus["spectra"].offer(MAPS_SPECTRA_KINDS if maps_alone else SPECTRA_KINDS)

    state.param.watch(follow, "prepared")
    follow()
    return menus


def element_file(state: PhasesState, chosen: Chosen) -> ExportFile:
    """The element map as a figure, or its values."""
    prepared, name = state.prepared, state.map_shown
    maps, size = prepared.maps, prepared.maps.pixel_size_um
    composite = name == COLOUR_COMPOSITE
    lines = state.composite if composite else ()
    if chosen.kind == "ALL":
        content = stack_tiff([maps.of(line) for line in maps.lines], maps.lines, size)
        return file_name(maps.title, "line_maps", ending="tif"), content
    title = "_".join(lines) if composite else name.removeprefix(NAVIGATION)
    if chosen.kind in ("TIFF32", "TIFF16"):
        bits, unit = int(chosen.kind[-2:]), prepared.quantity.lower()
        if composite:
            content = stack_tiff([maps.of(line) for line in lines], lines, size, bits, unit)
        else:
            image = shown_image(prepared, name).full
            content = image_tiff(image, _pixel_size(image, prepared), bits, unit)
        return file_name(maps.title, title, ending="tif"), content
    if composite:
        channels = [to_uint8(maps.of(line), *contrast_limits(maps.of(line), CLIP)) for line in lines]
        drawing: Drawing = ColourDrawing(np.dstack(channels), lines, pixel_size_um=size)
    else:
        image = shown_image(prepared, name).full
        grey = name.startswith(NAVIGATION)
        drawing = IntensityDrawing(
            image,
            theme.MAP_PALETTES["Grey" if grey else state.map_palette],
            pixel_size_um=_pixel_size(image, prepared),
            limits=contrast_limits(image, CLIP),
            label="Grey value" if grey else prepared.quantity,
            title=title,
        )
    return _figure(maps.title, title, drawing, chosen)


def phase_file(state: PhasesState, chosen: Chosen) -> ExportFile:
    """The phase map as a figure with its legend, or its numbers."""
    shown, prepared = _phases(state), state.prepared
    size, title = prepared.maps.pixel_size_um, prepared.maps.title
    if chosen.kind == "LABELS":
        # as people count: the number behind "Phase 1" is 1, and 0 is unassigned
        number = np.array([0, *(phase + 1 for phase in shown.ids)], np.uint16)
        content = image_tiff(number[shown.phase_map.label + 1], size)
        return file_name(title, "phase_numbers", ending="tif"), content
    if chosen.kind == "PROBABILITY":
        content = image_tiff(shown.phase_map.probability, size, 32)
        return file_name(title, "phase_probability", ending="tif"), content
    background = prepared.maps.navigation.get(state.background_shown, prepared.intensity)
    # a navigation image of another resolution is brought to the pixels of the map
    n_y, n_x = shown.phase_map.shape
    rows = (np.arange(n_y) + 0.5) * background.shape[0] / n_y
    columns = (np.arange(n_x) + 0.5) * background.shape[1] / n_x
    background = background[np.ix_(rows.astype(int), columns.astype(int))]
    entries = [
        PhaseEntry(
            state.name_of(phase),
            state.colour_of(phase),
            100 * int(pixels) / max(1, shown.n_valid),
            phase not in state.hidden and bool(pixels),
        )
        for phase, pixels in zip(shown.ids, shown.pixels, strict=True)
    ]
    drawing = PhasesDrawing(
        shown.phase_map.label, entries, pixel_size_um=size, background=background,
        opacity=state.phase_opacity, limits=contrast_limits(background, CLIP),
    )  # fmt: skip
    return _figure(title, "phases", drawing, chosen)


def latent_file(state: PhasesState, chosen: Chosen, view: tuple[float, float, float, float]) -> ExportFile:
    """The latent space as the plot shows it (``view`` x0, x1, y0, y1), or the place of every pixel."""
    shown, result, title = _phases(state), state.result, state.prepared.maps.title
    points = result.latent.coordinates
    if chosen.kind == "CSV":
        y, x = np.divmod(np.arange(len(points)), result.latent.map_shape[1])
        number = np.array([0, *(phase + 1 for phase in shown.ids)])
        table = {
            "x_pixel": x,
            "y_pixel": y,
            **{f"latent_{i + 1}": points[:, i] for i in range(points.shape[1])},
            "phase": number[shown.phase_map.label.ravel() + 1],
        }
        return file_name(title, "latent_space", ending="csv"), table_csv(table)
    bins = LatentBins.build(points[:, :2], Viewport(*view, _DENSITY_SIDE, _DENSITY_SIDE))
    selected = None if state.selection is None else state.selection.mask
    colours = state.colours_by_label()
    density = bins.dominant(shown.phase_map.label.ravel(), len(colours), selected)
    palette = density_palette(colours, theme.UNASSIGNED, theme.UNSELECTED)
    rgba = np.array([_rgba(colour) for colour in palette], np.uint8)[density.index]
    legend = [
        (state.name_of(phase), state.colour_of(phase))
        for phase, pixels in zip(shown.ids, shown.pixels, strict=True)
        if pixels
    ]
    drawing = PlaneDrawing(rgba, view, "Latent 1", "Latent 2", legend=legend)
    return _figure(title, "latent_space", drawing, chosen)


def spectra_file(state: PhasesState, chosen: Chosen, x_limits: tuple[float, float]) -> ExportFile:
    """The curves that the spectra card shows, over the visible part of the axis in a figure."""
    prepared = state.prepared
    axis, drawn, label = curves(state)
    title = prepared.maps.title
    if not drawn:
        raise ValueError("No spectrum is shown: choose Sum, Phases or Selection in the head of the card.")
    spectra = [NamedSpectrum(curve.name, np.asarray(curve.intensity)) for curve in drawn]
    if chosen.kind == "MSA":
        image = prepared.image
        content, ending = spectra_msa(
            spectra, image.energy, beam_kev=image.beam_kev, live_time_s=image.live_time_s,
            comment=title, intensity_unit=label,
        )  # fmt: skip
        return file_name(title, "spectra", ending=ending), content
    places = axis if prepared.has_curve else prepared.maps.lines
    if chosen.kind == "CSV":
        name = "line" if not prepared.has_curve else _column(prepared.axis_label)
        return file_name(title, "spectra", ending="csv"), spectra_csv(spectra, places, name)
    seen = (axis >= x_limits[0]) & (axis <= x_limits[1])
    drawing = CurvesDrawing(
        places,
        [DrawnCurve(c.name, c.intensity, c.colour, c.width, c.dash, c.alpha) for c in drawn],
        x_label=prepared.axis_label,
        y_label=label,
        marks=list(zip(*prepared.line_marks, strict=True)),
        x_limits=x_limits,
        y_limits=_fitting([curve.intensity[seen & (axis > 0.1)] for curve in drawn], state.spectra_scale),
        log=state.spectra_scale == "log",
    )
    return _figure(title, "spectra", drawing, chosen)


def table_file(state: PhasesState, chosen: Chosen) -> ExportFile:
    """The table of phases with areas, probabilities and the mean intensity of every line."""
    shown, result, prepared = _phases(state), state.result, state.prepared
    size, rows = prepared.maps.pixel_size_um, state.rows()
    label = [shown.ids.index(row.id) for row in rows]
    pixels = np.array([row.pixels for row in rows])
    total = np.bincount(
        shown.phase_map.label.ravel().astype(np.intp) + 1,
        weights=shown.phase_map.probability.ravel(),
        minlength=shown.n_phases + 1,
    )[1:]
    intensity = line_intensities(shown.spectra, result)[label] / np.maximum(pixels, 1)[:, None]
    table: dict[str, object] = {
        "phase": [row.id + 1 for row in rows],
        "name": distinct_names([row.name for row in rows]),
        "colour": [row.colour for row in rows],
        "pixels": pixels,
        "area_percent": [row.area_percent for row in rows],
    }
    if size is not None:
        table["area_um2"] = pixels * size**2
    table["mean_probability"] = total[label] / np.maximum(pixels, 1)
    table["main_lines"] = [" ".join(row.lines) for row in rows]
    for line, of_line in zip(result.maps.lines, intensity.T, strict=True):
        table[f"{line}_per_pixel"] = of_line
    return file_name(prepared.maps.title, "phases", ending="csv"), table_csv(table)


def _figure(title: str, what: str, drawing: Drawing, chosen: Chosen) -> ExportFile:
    kind = chosen.kind.lower()
    return file_name(title, what, ending=kind), render([drawing], chosen.style, kind)


def _phases(state: PhasesState) -> LivePhases:
    if state.shown is None or state.result is None:
        raise ValueError("There are no phases yet. Press Find phases, then export.")
    return state.shown


def _pixel_size(image: np.ndarray, prepared: OpenedMap) -> float | None:
    """Of an image that may have another resolution than the map."""
    size = prepared.maps.pixel_size_um
    return None if size is None else size * prepared.maps.shape[1] / image.shape[1]


def _rgba(colour: str) -> tuple[int, int, int, int]:
    """Of "#rrggbb" or "#rrggbbaa"."""
    parts = bytes.fromhex(colour.lstrip("#"))
    return (*parts[:3], parts[3] if len(parts) > 3 else 255)


def _column(axis_label: str) -> str:
    """The name of a column for an axis: "Energy (keV)" -> "energy_kev"."""
    return axis_label.lower().replace(" (", "_").replace(")", "").replace(" ", "_")


def _fitting(parts: list[np.ndarray], scale: str) -> tuple[float, float] | None:
    """Limits of the intensity that fit what is seen of the curves."""
    positive = [part[part > 0] for part in parts if part.size and (part > 0).any()]
    if not positive:
        return None
    high = max(float(part.max()) for part in positive)
    if scale == "linear":
        return -0.02 * high, 1.08 * high
    low = min(float(np.quantile(part, 0.02)) for part in positive)
    return 0.5 * max(low, high / 1e6), 2 * high
