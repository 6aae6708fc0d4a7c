"""What lies under the mouse: position, phase and intensities of one pixel, as text."""

from __future__ import annotations

from html import escape

from dashboard.phases.opened import length
from dashboard.phases.state import PhasesState

_HINT = (
    "Point at a map to read a pixel. Draw a lasso or a box on a map or in the latent space to select; "
    "double-click to clear."
)


def readout(state: PhasesState, pixel: tuple[int, int] | None) -> str:
    """HTML of one line on a pixel (y, x), or how to use the views when there is none."""
    opened = state.prepared
    if opened is None:
        return ""
    if pixel is None:
        return (
            f"<span style='opacity:.7'>{_HINT}</span>" if state.selection is None else selection_text(state)
        )
    y, x = pixel
    size = opened.maps.pixel_size_um
    place = f"x {x}, y {y}"
    if size is not None:
        place += f" ({length((x + 0.5) * size)}, {length((y + 0.5) * size)})"
    parts = [place]
    shown = state.shown
    if shown is not None:
        label = int(shown.phase_map.label[y, x])
        probability = float(shown.phase_map.probability[y, x])
        if label < 0:
            parts.append("unassigned")
        else:
            phase = shown.ids[label]
            parts.append(
                f"<b style='color:{state.colour_of(phase)}'>■</b> <b>{escape(state.name_of(phase))}</b> "
                f"{probability:.0%}"
            )
    intensity = opened.maps.intensity[y, x]
    order = sorted(range(len(intensity)), key=lambda i: -intensity[i])[:8]
    unit = "" if opened.image is None else f"{opened.intensity[y, x]:,.0f} counts: "
    parts.append(unit + " &nbsp;".join(f"{opened.maps.lines[i]} {_number(intensity[i])}" for i in order))
    if state.selection is not None:
        parts.insert(0, _selected(state))
    return " &nbsp;·&nbsp; ".join(parts)


def _selected(state: PhasesState) -> str:
    selection = state.selection
    share = 100 * selection.n_selected / selection.mask.size
    return f"<b>{selection.n_selected:,} pixels selected</b> ({share:.3g} %)"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def selection_text(state: PhasesState) -> str:
    """How many pixels are selected, which share that is, and which phases they belong to."""
    shown, parts = state.shown, [_selected(state)]
    if shown is not None and state.selection_phases:
        named = [
            f"<span style='color:{state.colour_of(phase)}'>■</span> {escape(state.name_of(phase))} {part:.0%}"
            for phase, part in state.selection_phases[:5]
        ]
        parts.append(" &nbsp;".join(named))
    return " &nbsp;·&nbsp; ".join(parts)
