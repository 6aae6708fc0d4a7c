"""What the page shows of phases that several maps share: pictures and rows of a table."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from dashboard import theme
from models.live_phases import LivePhases
from models.shared_phases import ModalTable, SharedPhases, modal_table
from models.shared_run import MapOutcome

_LARGEST = 316  # pixels of a picture: twice what the page shows, for screens with fine pixels


def picture(label: np.ndarray, colours: Sequence[str]) -> str:
    """A phase map as a data address of a PNG with a palette; unassigned pixels are transparent.

    Parameters
    ----------
    label : (n_y, n_x), -1 unassigned, else an index of the colours
    colours : "#rrggbb" of every phase
    """
    step = max(1, -(-max(label.shape) // _LARGEST))
    image = Image.fromarray((label[::step, ::step] + 1).astype(np.uint8))
    palette = [0, 0, 0]
    for colour in colours[:255]:
        palette += list(bytes.fromhex(colour.lstrip("#")[:6]))
    image.putpalette(palette)
    file = io.BytesIO()
    image.save(file, "PNG", transparency=0)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def order_of_phases(table: ModalTable, shown: LivePhases) -> list[int]:
    """Labels, the largest share of all maps first; those that no map bears are left out."""
    overall = table.overall_percent
    return [int(label) for label in np.argsort(-overall, kind="stable") if table.pixels[:, label].any()]


def shared_rows(
    shared: SharedPhases,
    shown: LivePhases,
    outcomes: Sequence[MapOutcome],
    names: Mapping[int, str],
    colours: Mapping[int, str],
) -> dict[str, Any]:
    """What a ``SharedTable`` shows: pictures and shares of every map, phases by their overall share.

    Parameters
    ----------
    outcomes : of all maps that were chosen; those with an error are listed with it
    names, colours : given by a person, by lasting number
    """
    table = modal_table(shared, shown)
    order = order_of_phases(table, shown)
    colour = [phase_colour(phase, colours) for phase in shown.ids]
    phases = [{"name": phase_title(shown.ids[label], names), "colour": colour[label]} for label in order]
    rows, number = [], 0
    for outcome in outcomes:
        row = {"name": outcome.name, "error": outcome.error, "image": "", "title": "", "share": []}
        if not outcome.error:
            place = shared.maps.sheet.places[number]
            area = table.pixel_area_um2[number] * table.n_valid[number]
            row |= {
                "image": picture(shared.image_of(number, shown.phase_map.label), colour),
                "title": f"{outcome.name}: {place.shape[1]} x {place.shape[0]} pixels. Click to open it.",
                "share": [float(table.percent[number, label]) for label in order],
                "rest": float(table.unassigned_percent[number]),
                "pixels": f"{table.n_valid[number]:,}",
                "area": "" if np.isnan(area) else _area(area),
            }
            number += 1
        rows.append(row)
    return {
        "maps": rows,
        "phases": phases,
        "overall": [float(table.overall_percent[label]) for label in order],
    }


def phase_title(phase: int, names: Mapping[int, str]) -> str:
    """Name of a phase by its lasting number."""
    return names.get(phase) or f"Phase {phase + 1}"


def phase_colour(phase: int, colours: Mapping[int, str]) -> str:
    """Colour of a phase by its lasting number."""
    return colours.get(phase) or theme.PHASE_COLOURS[phase % len(theme.PHASE_COLOURS)]


def _area(um2: float) -> str:
    for factor, unit in ((1e-12, "m²"), (1e-6, "mm²"), (1.0, "µm²")):
        if um2 * factor >= 0.1:
            return f"{um2 * factor:.3g} {unit}"
    return f"{um2 * 1e6:.3g} nm²"
