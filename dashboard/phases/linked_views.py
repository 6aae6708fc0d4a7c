"""What the four linked views show of a state: element map, phase map, latent space and spectra.

A free function makes each picture from plain values; :class:`LinkedViews` redraws what a change touches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import param

from dashboard import theme
from dashboard.contrast import compose_rgb, contrast_limits, to_uint8
from dashboard.image_levels import ImageLevels
from dashboard.live import LatestWins
from dashboard.phases import overlay
from dashboard.phases.latent_plot import LatentPlot
from dashboard.phases.map_plot import Layer, MapFrame, MapPlot
from dashboard.phases.opened import OpenedMap
from dashboard.phases.spectrum_axis import show_axis
from dashboard.phases.spectrum_plot import Curve, SpectrumPlot
from dashboard.phases.state import (
    ALL_COUNTS,
    BY_DENSITY,
    BY_PHASE,
    COLOUR_COMPOSITE,
    NAVIGATION,
    PhasesState,
)
from dashboard.viewport import Viewport, sample_nearest
from models import clustering
from models.latent_ellipses import Spread, spread_of_labels
from models.live_phases import LivePhases
from models.phases_result import PhasesResult
from models.principal_components import FittedComponents
from models.recipe import MixtureChoices
from models.umap_embedding import FittedEmbedding

#: of the pixels of a map, the share that its colours cover; a few hot pixels would take most of them else
CLIP = 0.995
_VEIL = ["#00000000", "#0c1014c0"]


def intensity_layer(image: ImageLevels, shape: tuple[int, int]) -> Layer:
    """Draws a float image of the field of view as palette indices 1..255, area-averaged when zoomed out."""
    low, high = contrast_limits(image.full, CLIP)

    def draw(viewport: Viewport) -> tuple[np.ndarray, tuple[float, float, float, float]]:
        visible, extent = image.sampled(viewport, shape)
        return to_uint8(visible, low, high), extent

    return draw


def composite_layer(images: Sequence[ImageLevels], shape: tuple[int, int]) -> Layer:
    """Draws three float images as red, green and blue."""
    limits = [contrast_limits(image.full, CLIP) for image in images]

    def draw(viewport: Viewport) -> tuple[np.ndarray, tuple[float, float, float, float]]:
        channels = []
        for image, (low, high) in zip(images, limits, strict=True):
            visible, extent = image.sampled(viewport, shape)
            channels.append(to_uint8(visible, low, high))
        return compose_rgb(*channels), extent

    return draw


def index_layer(index: np.ndarray) -> Layer:
    """Draws an image of palette indices, none mixed with its neighbours."""

    def draw(viewport: Viewport) -> tuple[np.ndarray, tuple[float, float, float, float]]:
        return sample_nearest(index, viewport)

    return draw


def shown_image(prepared: OpenedMap, name: str) -> ImageLevels:
    """The float image of a choice of the map menu, of the resolution that it has."""
    if name.startswith(NAVIGATION):
        return ImageLevels(prepared.maps.navigation[name.removeprefix(NAVIGATION)])
    return prepared.all_counts if name == ALL_COUNTS else prepared.levels_of(name)


def phase_index(label: np.ndarray, n_phases: int, selected: np.ndarray | None) -> np.ndarray:
    """Palette indices of a phase map, (n_y, n_x) uint8: 0 unassigned, 1 + label, n_phases + 1 unselected."""
    index = (label + 1).astype(np.uint8)
    if selected is not None:
        index[~selected.reshape(label.shape) & (label >= 0)] = n_phases + 1
    return index


def axis_labels(result: PhasesResult) -> tuple[str, str]:
    """What the first two axes of the latent space of a run are called."""
    trained = result.trained
    if isinstance(trained, FittedComponents):
        shares = [
            f"Component {i + 1} ({100 * share:.3g} %)" for i, share in enumerate(trained.variance_share)
        ]
        return (shares[0], shares[1] if len(shares) > 1 else "")
    name = "UMAP" if isinstance(trained, FittedEmbedding) else "Latent"
    return f"{name} 1", f"{name} 2" if result.latent.n_latent > 1 else ""


def label_at(points: np.ndarray, result: PhasesResult, shown: LivePhases) -> np.ndarray:
    """Label on show at latent points (n, n_latent): that of a pixel of the nearest cell, (n,) integers."""
    grid = result.grid
    occupied = np.flatnonzero(grid.weight)
    apart = np.square(points[:, None] - grid.centre[occupied]).sum(axis=2)
    cell = occupied[apart.argmin(axis=1)]
    pixel = np.zeros(grid.n_cells + 1, np.intp)
    pixel[grid.cell_of_pixel] = np.arange(grid.cell_of_pixel.size)  # of the pixels of a cell, one
    return shown.phase_map.label.ravel()[pixel[cell]]


def ellipses(
    kind: str,
    result: PhasesResult,
    choices: MixtureChoices,
    shown: LivePhases,
    colours: Sequence[str],
    hidden: frozenset[int],
) -> tuple[Spread | None, list[str]]:
    """Ellipses of the phases on show or of the Gaussians behind the clusters, and their colours.

    Gaussians have the colour of the phase on show at their centre. Hidden phases have none.
    """
    visible = np.array([phase not in hidden for phase in shown.ids], bool)
    if kind == "Phases":
        spread = spread_of_labels(result.latent.coordinates, shown.phase_map.label, shown.n_phases)
        kept = np.flatnonzero(visible)
        return Spread(spread.mean[kept], spread.covariance[kept]), [colours[k] for k in kept]
    found = clustering.gaussians_of(result.grid.basis, choices, max(1, shown.n_asked))
    if found is None:
        return None, []
    label = label_at(found.mean, result, shown)
    kept = np.flatnonzero((label < 0) | visible[label])
    spread = Spread(found.mean[kept, :2], found.covariance[kept, :2, :2])
    return spread, [theme.UNASSIGNED if label[k] < 0 else colours[label[k]] for k in kept]


def phase_palette(
    colours: Sequence[str], ids: Sequence[int], hidden: frozenset[int], opacity: float
) -> list[str]:
    """Colours of :func:`phase_index`: transparent, the phases (hidden ones transparent too), unselected."""
    alpha = f"{round(255 * opacity):02x}"
    shown = [
        "#00000000" if phase in hidden else colour + alpha for phase, colour in zip(ids, colours, strict=True)
    ]
    return ["#00000000", *shown, theme.UNSELECTED + f"{round(110 * opacity):02x}"]


class LinkedViews:
    """The figures of one visit, kept in step with its state."""

    def __init__(self, state: PhasesState) -> None:
        self.state = state
        self.frame = MapFrame()
        self.element = MapPlot(self.frame, "element_map", ["intensity", "rgb", "veil", overlay.LAYER])
        self.phase = MapPlot(self.frame, "phase_map", ["intensity", "phases", overlay.LAYER])
        self.latent = LatentPlot()
        self._ellipses: LatestWins | None = None
        self.spectra = SpectrumPlot()
        self.element.set_palette("veil", _VEIL)
        self.phase.set_palette("intensity", ["#00000000", *theme.MAP_PALETTES["Grey"][1:]])
        self.kept = overlay.KeptOverlay(state, (self.element, self.phase))
        watch = state.param.watch
        watch(self._show_dataset, "prepared")
        watch(self._draw_element, ["map_shown", "composite", "map_palette"])
        watch(self._draw_background, "background_shown")
        watch(self._show_points, "result")
        watch(self._draw_phases, ["shown", "selection"])
        watch(self._colour_points, "latent_colour")
        watch(self._draw_ellipses, ["latent_ellipses", "shown", "colours", "hidden"])
        watch(self._recolour, ["colours", "hidden", "phase_opacity"])
        watch(self._draw_spectra, ["shown", "unmixed", "selection_spectrum", "colours", "names", "hidden",
                                   "spectra_shown", "spectra_norm", "chosen_phases"])  # fmt: skip
        watch(lambda event: self.spectra.show_scale(event.new), "spectra_scale")

    def mark_pixel(self, pixel: tuple[int, int] | None) -> None:
        """Mark a pixel (y, x) on both maps and in the latent space, or none."""
        frame, result = self.frame, self.state.result
        if pixel is None:
            empty = dict(x=[], y=[])
            frame.mark.data, self.latent.mark.data = empty, dict(empty)
            return
        y, x = pixel
        frame.mark.data = dict(x=[(x + 0.5) * frame.pixel_size], y=[(y + 0.5) * frame.pixel_size])
        if result is not None and result.latent.map_shape == frame.shape:
            point = result.latent.coordinates[y * frame.shape[1] + x]
            self.latent.mark.data = dict(x=[float(point[0])], y=[float(point[1])])

    def _show_dataset(self, *_events: param.parameterized.Event) -> None:
        prepared = self.state.prepared
        if prepared is None:
            return
        maps = prepared.maps
        if (maps.shape, maps.pixel_size_um or 1.0) != (self.frame.shape, self.frame.pixel_size):
            self.frame.show(maps.shape, maps.pixel_size_um)
        for plot in (self.element, self.phase):
            plot.scale_bar.visible = maps.pixel_size_um is not None
        show_axis(self.spectra, prepared)
        self._draw_element()
        self._draw_background()
        self._show_points()
        self._draw_phases()
        self._draw_spectra()

    def _draw_element(self, *_events: param.parameterized.Event) -> None:
        prepared = self.state.prepared
        if prepared is None:
            return
        shape, name = prepared.maps.shape, self.state.map_shown
        if name == COLOUR_COMPOSITE:
            images = [prepared.levels_of(line) for line in self.state.composite]
            self.element.set_layer("intensity", None)
            self.element.set_layer("rgb", composite_layer(images, shape))
            return
        grey = name.startswith(NAVIGATION)
        palette = theme.MAP_PALETTES["Grey" if grey else self.state.map_palette]
        self.element.set_palette("intensity", ["#00000000", *palette[1:]])
        self.element.set_layer("rgb", None)
        self.element.set_layer("intensity", intensity_layer(shown_image(prepared, name), shape))

    def _draw_background(self, *_events: param.parameterized.Event) -> None:
        prepared = self.state.prepared
        if prepared is not None:
            image = prepared.maps.navigation.get(self.state.background_shown)
            levels = prepared.all_counts if image is None else ImageLevels(image)
            self.phase.set_layer("intensity", intensity_layer(levels, prepared.maps.shape))

    def _show_points(self, *_events: param.parameterized.Event) -> None:
        result = self.state.result
        if result is None:
            self.latent.show_points(None)
            self.latent.show_ellipses(None)
            return
        points = result.latent.coordinates[:, :2]
        if points.shape[1] == 1:  # a single coordinate is drawn along the axis
            points = np.column_stack([points, np.where(np.isnan(points[:, 0]), np.nan, np.float32(0))])
        self.latent.show_points(points, axis_labels(result))
        self._colour_points()

    def _colour_points(self, *_events: param.parameterized.Event) -> None:
        state, by = self.state, self.state.latent_colour
        if by in (BY_PHASE, BY_DENSITY) or state.prepared is None or state.result is None:
            self.latent.colour_by("density" if by == BY_DENSITY else "phases")
        elif state.result.latent.map_shape == state.prepared.maps.shape:
            title = f"{by}: {state.prepared.quantity.lower()}"
            self.latent.colour_by("values", state.prepared.maps.of(by), title)

    def answer_live(self, live: Callable[..., LatestWins]) -> None:
        """Fit what the ellipses need in a thread, by ``Tools.live``, instead of at once."""
        self._ellipses = live(ellipses, lambda answer: self.latent.show_ellipses(*answer))

    def _draw_ellipses(self, *_events: param.parameterized.Event) -> None:
        state, shown, result = self.state, self.state.shown, self.state.result
        if state.latent_ellipses == "Off" or shown is None or result is None or result.latent.n_latent < 2:
            if self._ellipses is not None:
                self._ellipses.drop()
            self.latent.show_ellipses(None)
            return
        request = (
            state.latent_ellipses, result, state.recipe.mixture, shown, state.colours_by_label(),
            state.hidden,
        )  # fmt: skip
        if self._ellipses is None:
            self.latent.show_ellipses(*ellipses(*request))
        else:
            self._ellipses.request(*request)

    def _draw_phases(self, *_events: param.parameterized.Event) -> None:
        state, shown = self.state, self.state.shown
        selected = None if state.selection is None else state.selection.mask
        if selected is None or state.prepared is None:
            self.element.set_layer("veil", None)
        else:
            veil = (~selected).astype(np.uint8).reshape(state.prepared.maps.shape)
            self.element.set_layer("veil", index_layer(veil))
        if shown is None:
            self.phase.set_layer("phases", None)
            return
        self._recolour_map()
        index = phase_index(shown.phase_map.label, shown.n_phases, selected)
        self.phase.set_layer("phases", index_layer(index))
        self.latent.show_labels(shown.phase_map.label, state.colours_by_label(), selected)

    def _recolour_map(self) -> None:
        state = self.state
        self.phase.set_palette(
            "phases",
            phase_palette(state.colours_by_label(), state.shown.ids, state.hidden, state.phase_opacity),
        )

    def _recolour(self, *_events: param.parameterized.Event) -> None:
        if self.state.shown is not None:
            self._recolour_map()
            self.latent.recolour(self.state.colours_by_label())

    def _draw_spectra(self, *_events: param.parameterized.Event) -> None:
        if self.state.prepared is not None:
            self.spectra.set_curves(*curves(self.state))


def curves(state: PhasesState) -> tuple[np.ndarray, list[Curve], str]:
    """The curves that a state asks for: energies (n_channels,), curves, label of the intensity axis."""
    prepared, shown = state.prepared, state.shown
    n_pixels = prepared.maps.n_pixels
    found: list[tuple[Curve, int]] = []  # with the number of pixels behind each
    if "Sum" in state.spectra_shown:
        found.append((Curve("All pixels", prepared.sum_spectrum, theme.SUM_COLOUR, 1.2), n_pixels))
    if "Phases" in state.spectra_shown and shown is not None:
        for phase, spectrum, pixels in zip(shown.ids, shown.spectra, shown.pixels, strict=True):
            if pixels and phase not in state.hidden:
                faded = bool(state.chosen_phases) and phase not in state.chosen_phases
                curve = Curve(
                    state.name_of(phase),
                    spectrum,
                    state.colour_of(phase),
                    width=2.4 if phase in state.chosen_phases else 1.4,
                    alpha=0.25 if faded else 0.95,
                )
                found.append((curve, int(pixels)))
    if "End-members" in state.spectra_shown and state.unmixed is not None:
        unmixed = state.unmixed
        for number, (name, endmember) in enumerate(zip(unmixed.names, unmixed.found.endmembers, strict=True)):
            # an end-member is a shape without a number of pixels: it is drawn at the counts of a mean pixel
            scale = prepared.sum_spectrum.sum() / n_pixels / max(endmember.sum(), 1e-12)
            found.append((Curve(name, endmember * scale, theme.endmember_colour(number), 1.6, "dashed"), 1))
    if (
        "Selection" in state.spectra_shown
        and state.selection is not None
        and state.selection_spectrum is not None
    ):
        found.append(
            (
                Curve("Selection", state.selection_spectrum, theme.SELECTION_COLOUR, 2.2),
                max(1, state.selection.n_selected),
            )
        )
    quantity = prepared.quantity
    per_pixel = f"{quantity} per pixel" if quantity == "Counts" else f"Mean {quantity.lower()}"
    total = "Counts" if quantity == "Counts" else f"Summed {quantity.lower()}"
    label = {"Counts": total, "Per pixel": per_pixel, "Equal area": f"Share of the {quantity.lower()}"}
    scaled = []
    for curve, pixels in found:
        intensity = np.asarray(curve.intensity, np.float64)
        if state.spectra_norm == "Per pixel":
            intensity = intensity / max(pixels, 1)
        elif state.spectra_norm == "Equal area":
            intensity = intensity / max(intensity.sum(), 1e-12)
        scaled.append(Curve(curve.name, intensity, curve.colour, curve.width, curve.dash, curve.alpha))
    return prepared.axis, scaled, label[state.spectra_norm]
