"""The card of kept selections: their table, and what its buttons do."""

from __future__ import annotations

from functools import reduce
from typing import Any

import pandas as pd

from dashboard.exports import Chosen, ExportFile, ExportMenu
from dashboard.named_selections import change, remove, rename
from dashboard.origins import Combined
from dashboard.phases.cards import card
from dashboard.phases.selections.kept_table import KeptTable
from dashboard.phases.selections.words import described
from dashboard.phases.tab import Tools
from dashboard.phases.table_panel import percent
from dashboard.selection import Selection
from dashboard.selection_files import to_json, to_link
from models.exports_files import file_name, table_csv, zipped
from models.mask_files import mask_tiff
from models.pixel_table import pixel_table

_KINDS = {
    "JSON": "All selections, to open again (JSON)",
    "MASKS": "Masks (TIFF, 0 and 255)",
    "PIXELS": "Pixels with line intensities (CSV)",
    "TABLE": "This table (CSV)",
}


class KeptCard:
    """What was kept; rows that are chosen can be combined, exported and removed."""

    def __init__(self, tools: Tools) -> None:
        self._tools, self._state = tools, tools.state
        self.table = KeptTable(on_action=self.act, sizing_mode="stretch_both", margin=0)
        self.export = ExportMenu(tools, "selections", _KINDS, self._file)
        self.panel = card("Kept selections", [self.export.panel], self.table, height=300)

    def show(self) -> None:
        """Show the selections of the state."""
        state = self._state
        kept, masks = state.selections, state.kept_masks
        names = [one.name for one in kept]
        self.table.param.update(
            rows=[self._row(place, masks.get(one.name)) for place, one in enumerate(kept)],
            chosen=[name for name in self.table.chosen if name in names],
            footer=self._footer(),
        )

    def act(self, action: str, names: list[str], value: Any = None) -> None:
        """Do what a button or a row asks for; what cannot be done is told."""
        state = self._state
        origins = {one.name: one.origin for one in state.selections}
        names = [name for name in names if name in origins]
        if action == "choose":
            self.table.chosen = names
        elif not names:
            self._tools.tell("Choose a kept selection in the table first.", "info")
        elif action in ("and", "or", "and_not") and len(names) < 2:
            self._tools.tell("Choose two or more selections to combine: Ctrl-click their rows.", "info")
        elif action == "and_not":
            first, *others = (origins[name] for name in names)
            state.select(reduce(lambda left, right: Combined("and_not", (left, right)), others, first))
        elif action in ("and", "or"):
            parts = [origins[name] for name in names]
            state.select(reduce(lambda left, right: Combined(action, (left, right)), parts))
        elif action == "not":
            state.select(Combined("not", (origins[names[0]],)))
        elif action == "select":
            state.select(origins[names[0]])
        elif action == "remove":
            state.selections = reduce(remove, names, state.selections)
        elif action == "rename":
            self._rename(names[0], str(value))
        elif action == "colour":
            state.selections = change(state.selections, names[0], colour=str(value))
        elif action == "visible":
            state.selections = change(state.selections, names[0], visible=bool(value))

    def _rename(self, name: str, new_name: str) -> None:
        state = self._state
        try:
            state.selections = rename(state.selections, name, new_name)
        except ValueError as error:
            self._tools.tell(str(error), "warning")
            self.table.rows = []  # the field of the row has to show the name that is kept
            self.show()
            return
        self.table.chosen = [new_name if one == name else one for one in self.table.chosen]

    def _row(self, place: int, mask: Selection | str | None) -> dict[str, Any]:
        state = self._state
        one = state.selections[place]
        there = isinstance(mask, Selection)
        n_pixels = mask.n_selected if there else 0
        others = state.selections[:place]  # a combination is called by those it was made of
        return dict(
            name=one.name, colour=one.colour, visible=one.visible,
            pixels=f"{n_pixels:,}" if there else "",
            area=percent(100 * n_pixels / mask.mask.size) if there else "",
            text=described(one.origin, state.name_of, others),
            problem=mask if isinstance(mask, str) else "",
        )  # fmt: skip

    def _footer(self) -> str:
        kept = self._state.selections
        if not kept:
            return "Nothing kept yet: select pixels, then press Keep."
        _, left = to_link(kept)
        if not left:
            return "The link of this page holds these selections."
        return f"Too large for the link of this page: {', '.join(left[:4])}. A file (JSON) holds them all."

    def _file(self, chosen: Chosen) -> ExportFile:
        state = self._state
        kept, masks, opened = state.selections, state.kept_masks, state.prepared
        title = opened.maps.title
        if not kept:
            raise ValueError("No selection is kept yet: select pixels, press Keep, then export.")
        if chosen.kind == "JSON":
            return file_name(title, "selections", ending="json"), to_json(kept).encode()
        if chosen.kind == "TABLE":
            return file_name(title, "selections", ending="csv"), table_csv(self._table(kept, masks))
        wanted = [one for one in kept if not self.table.chosen or one.name in self.table.chosen]
        there = {one.name: masks[one.name] for one in wanted if isinstance(masks.get(one.name), Selection)}
        if not there:
            raise ValueError("None of these selections is on this map.")
        files: dict[str, bytes] = {}
        for name, one in there.items():
            file = self._mask(title, name, one) if chosen.kind == "MASKS" else self._pixels(title, name, one)
            stem, ending = file[0].rsplit(".", 1)
            # names that differ by a sign that no file name takes are still two files
            again = sum(known.startswith(stem) for known in files)
            files[file[0] if file[0] not in files else f"{stem}_{again + 1}.{ending}"] = file[1]
        if len(files) == 1:
            return next(iter(files.items()))
        return file_name(title, "selections", ending="zip"), zipped(files)

    def _mask(self, title: str, name: str, selection: Selection) -> ExportFile:
        content = mask_tiff(selection.image, self._state.prepared.maps.pixel_size_um)
        return file_name(title, name, "mask", ending="tif"), content

    def _pixels(self, title: str, name: str, selection: Selection) -> ExportFile:
        state, shown = self._state, self._state.shown
        label = None if shown is None else shown.phase_map.label
        phases = () if shown is None else [state.name_of(phase) for phase in shown.ids]
        columns = pixel_table(state.prepared.maps, selection.image, label, phases)
        return file_name(title, name, "pixels", ending="csv"), table_csv(pd.DataFrame(columns))

    def _table(self, kept: Any, masks: Any) -> dict[str, list[Any]]:
        state = self._state
        there = [masks.get(one.name) for one in kept]
        pixels = [mask.n_selected if isinstance(mask, Selection) else 0 for mask in there]
        n_pixels, size = state.prepared.maps.n_pixels, state.prepared.maps.pixel_size_um
        columns: dict[str, list[Any]] = {
            "selection": [one.name for one in kept],
            "pixels": pixels,
            "area_percent": [100 * n / n_pixels for n in pixels],
        }
        if size is not None:
            columns["area_um2"] = [n * size**2 for n in pixels]
        columns["made_by"] = [described(one.origin, state.name_of) for one in kept]
        columns["problem"] = [mask if isinstance(mask, str) else "" for mask in there]
        return columns
