"""Files of phases that several maps share: the modal table, labels, a figure of all phase maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from dashboard.phases.several_pictures import order_of_phases, phase_colour, phase_title
from models.exports_figure import FigureStyle, render
from models.exports_files import file_name, table_csv, zipped
from models.exports_maps import PhaseEntry, PhasesDrawing
from models.exports_tiff import image_tiff
from models.live_phases import LivePhases
from models.shared_files import modal_frame
from models.shared_phases import SharedPhases, modal_table
from models.shared_run import MapOutcome


def modal_csv(
    shared: SharedPhases, shown: LivePhases, names: Mapping[int, str], outcomes: Sequence[MapOutcome]
) -> bytes:
    """The modal table as CSV; columns are called as the phases are on the page."""
    titles = [phase_title(phase, names) for phase in shown.ids]
    # two phases may bear one name; columns may not
    taken = {title: titles.count(title) for title in titles}
    titles = [
        f"{title} [{phase + 1}]" if taken[title] > 1 else title
        for title, phase in zip(titles, shown.ids, strict=True)
    ]
    return table_csv(modal_frame(shared, shown, titles, outcomes))


def label_images(shared: SharedPhases, shown: LivePhases) -> bytes:
    """One TIFF of labels for every map, in a ZIP: the lasting number of the phase, counted from 1; 0 is "
    "none."""
    number_of_label = np.array([0, *(phase + 1 for phase in shown.ids)], np.int16)
    files = {}
    for number, name in enumerate(shared.names):
        label = shared.image_of(number, shown.phase_map.label)
        image = number_of_label[label.astype(np.intp) + 1]
        files[file_name(f"{number + 1}", name, ending="tif")] = image_tiff(
            image, shared.maps.facts[number].pixel_size_um
        )
    return zipped(files)


def shared_figure(
    shared: SharedPhases,
    shown: LivePhases,
    names: Mapping[int, str],
    colours: Mapping[int, str],
    style: FigureStyle,
    kind: Literal["png", "svg"],
) -> bytes:
    """All phase maps side by side in shared colours, each with its own shares."""
    table = modal_table(shared, shown)
    order = order_of_phases(table, shown)
    drawings = []
    for number, name in enumerate(shared.names):
        entries = [
            PhaseEntry(
                phase_title(phase, names),
                phase_colour(phase, colours),
                float(table.percent[number, label]),
                visible=label in order and bool(table.pixels[number, label]),
            )
            for label, phase in enumerate(shown.ids)
        ]
        label = shared.image_of(number, shown.phase_map.label)
        drawings.append(PhasesDrawing(label, entries, name, shared.maps.facts[number].pixel_size_um))
    return render(drawings, style, kind, columns=min(3, len(drawings)))
