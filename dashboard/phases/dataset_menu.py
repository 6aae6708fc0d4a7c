"""The menu of datasets: what lies in the data folder, the demo, and the signals of the opened file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import panel_material_ui as pmui

from dashboard.phases.grid import Column
from dashboard.phases.state import PhasesState
from data.catalogue import Catalogue


class DatasetMenu:
    """Choose a dataset of the catalogue; ``open_entry(entry_id, index)`` does the rest."""

    def __init__(
        self, state: PhasesState, catalogue: Catalogue, open_entry: Callable[[str, int], None]
    ) -> None:
        self._state, self._catalogue, self._open = state, catalogue, open_entry
        self._following, self._there = False, frozenset()
        placed = {"size": "small", "sizing_mode": "stretch_width", "margin": (4, 8)}
        self.entries = pmui.Select(label="Dataset", searchable=True, filter_on_search=True, **placed)
        self.signals = pmui.Select(label="Signal of this file", visible=False, **placed)
        self.rescan = pmui.Button(label="Look for new files", variant="text", size="small", margin=(0, 8))
        self.folder = pmui.Typography("", variant="caption", margin=(0, 12), sizing_mode="stretch_width")
        self.entries.param.watch(self._entry_picked, "value")
        self.signals.param.watch(self._signal_picked, "value")
        self.rescan.on_click(lambda _event: self.refresh())
        state.param.watch(self._follow, ["entry_id", "dataset_index", "titles"])
        self.panel = Column(
            self.entries, self.signals, self.folder, self.rescan, sizing_mode="stretch_width", margin=0
        )
        self.refresh()

    def refresh(self) -> None:
        """List the folder again."""
        entries = self._catalogue.entries()
        self._there = frozenset(entry.id for entry in entries)
        self._following = True
        self._name_what_is_no_entry({entry.name: entry.id for entry in entries})
        self._following = False
        folder = self._catalogue.folder
        self.folder.object = (
            "Set LODESTONE_DATA to a folder to find your own files here."
            if folder is None
            else f"Datasets in {folder.name}: {len(entries) - 1}"
        )
        self._follow()

    def _follow(self, *_events: Any) -> None:
        """Show what is open; a choice that could not be opened falls back to it."""
        self._following = True
        state = self._state
        self._name_what_is_no_entry(self.entries.options)
        several = len(state.titles) > 1
        self.signals.param.update(
            options={f"{i + 1}: {title}": i for i, title in enumerate(state.titles)} if several else {},
            value=state.dataset_index if several else None,
            visible=several,
        )
        self._following = False

    def _name_what_is_no_entry(self, listed: Mapping[str, str]) -> None:
        """What is on show or was asked for and is no file of the folder: the menu says so.

        A menu without a value would show the first file, and the page would open that.
        """
        asked = self._state.entry_id
        options = {name: entry for name, entry in listed.items() if entry in self._there}
        if not asked:
            options = {"(one of several maps)": "", **options}
        elif asked not in self._there:
            options = {f"{asked[:60]} (not found)": asked, **options}
        if (options, asked) != (self.entries.options, self.entries.value):
            self.entries.param.update(options=options, value=asked)

    def _entry_picked(self, event: Any) -> None:
        if not self._following and event.new and event.new != self._state.entry_id:
            self._open(event.new, 0)

    def _signal_picked(self, event: Any) -> None:
        if not self._following and event.new is not None and event.new != self._state.dataset_index:
            self._open(self._state.entry_id, event.new)
