"""The Phases workspace on the page: places the linked views, their menus, the table and the readout."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboard import theme
from dashboard.exports import PageTools
from dashboard.phases.cards import CHANNELS, MENU, card, swatch
from dashboard.phases.explore_exports import export_menus
from dashboard.phases.grid import Column, Row, cell, grid
from dashboard.phases.linked_views import LinkedViews
from dashboard.phases.state import (
    ALL_COUNTS,
    BY_DENSITY,
    BY_PHASE,
    COLOUR_COMPOSITE,
    NAVIGATION,
    PhasesState,
)
from dashboard.phases.table_panel import TablePanel

_ONE_LINE = "white-space:nowrap; overflow:hidden; text-overflow:ellipsis"
_CURVES = ["Sum", "Phases", "Selection", "End-members"]
_ROW_HEIGHT = 34


class PhasesView:
    """All of the main area of the workspace."""

    def __init__(self, state: PhasesState, views: LinkedViews, tools: PageTools) -> None:
        self.state, self.views = state, views
        self.table = TablePanel(state, tools.tell).table
        self.readout = pn.pane.HTML(
            "", sizing_mode="stretch_width", height=22, margin=(2, 8),
            styles={"font-size": "13px", "white-space": "nowrap", "overflow": "hidden"},
        )  # fmt: skip
        self.facts = pn.pane.HTML("", sizing_mode="stretch_width", margin=(0, 8))
        self._build_menus()
        self.exports = export_menus(state, views, tools)
        self.main = self._main()
        state.param.watch(self._follow_dataset, "prepared")
        state.param.watch(self._follow_look, ["map_shown", "selection"])
        self._follow_dataset()

    def _build_menus(self) -> None:
        state = self.state
        self.map_menu = pmui.Select(options=[ALL_COUNTS], value=ALL_COUNTS, width=128, **MENU)
        self.palette_menu = pmui.Select(
            options=list(theme.MAP_PALETTES), value=state.map_palette, width=98, **MENU
        )
        self.composite_menus = [
            pmui.Select(
                options=[""], sizing_mode="stretch_width", description=f"Line shown as {name}", **MENU
            )
            for name in CHANNELS
        ]
        # in a line of its own, for which the figure makes room: the card stays as tall as its neighbours
        self.composite_row = Row(
            sizing_mode="stretch_width", height=_ROW_HEIGHT, margin=(0, 4), visible=False,
            styles={"align-items": "center"},
        )  # fmt: skip
        self.background_menu = pmui.Select(options={"Counts": ""}, value="", width=104, **MENU)
        self.opacity = pmui.FloatSlider(
            label="", start=0, end=1, step=0.05, value=state.phase_opacity, width=90, size="small",
            show_value=False, margin=(4, 12),
        )  # fmt: skip
        self.latent_colour = pmui.Select(
            options=[BY_PHASE, BY_DENSITY], value=state.latent_colour, width=94,
            description="What the colours say", **MENU,
        )  # fmt: skip
        self.latent_ellipses = pmui.Select(
            options={"No ellipses": "Off", "Of phases": "Phases", "Of Gaussians": "Gaussians"},
            value=state.latent_ellipses, width=112,
            description="Covariance ellipses at 1 and 2 standard deviations", **MENU,
        )  # fmt: skip
        self.clear = pmui.Button(label="Clear selection", size="small", visible=False, margin=(0, 4))
        self.clear.on_click(lambda _event: state.param.update(selection=None, chosen_phase=None))
        self.curves = pmui.CheckButtonGroup(
            options=_CURVES,
            value=list(state.spectra_shown),
            size="small",
            margin=(0, 4),
            sx={"& .MuiToggleButton-root": {"whiteSpace": "nowrap"}},
        )
        self.norm = pmui.Select(
            options=state.param.spectra_norm.objects, value=state.spectra_norm, width=112, **MENU
        )
        self.scale = pmui.RadioButtonGroup(
            options={"Log": "log", "Linear": "linear"}, value=state.spectra_scale, size="small", margin=(0, 4)
        )
        for widget, name in (
            (self.map_menu, "map_shown"),
            (self.palette_menu, "map_palette"),
            (self.background_menu, "background_shown"),
            (self.opacity, "phase_opacity"),
            (self.latent_colour, "latent_colour"),
            (self.latent_ellipses, "latent_ellipses"),
            (self.curves, "spectra_shown"),
            (self.norm, "spectra_norm"),
            (self.scale, "spectra_scale"),
        ):
            self._link(widget, name)
        for position, menu in enumerate(self.composite_menus):
            menu.param.watch(lambda event, position=position: self._set_channel(position, event.new), "value")

    def _link(self, widget: Any, name: str) -> None:
        """Keep a menu and a look of the state equal, whichever changes."""

        def to_state(event: Any) -> None:
            if event.new is not None and event.new != getattr(self.state, name):
                setattr(self.state, name, event.new)

        def to_widget(event: Any) -> None:
            if event.new != widget.value:
                widget.value = event.new

        widget.param.watch(to_state, "value")
        self.state.param.watch(to_widget, name)

    def _set_channel(self, position: int, line: str) -> None:
        if line and line != self.state.composite[position]:
            composite = list(self.state.composite)
            composite[position] = line
            self.state.composite = tuple(composite)

    def _main(self) -> Column:
        views = self.views
        figures = {
            name: pn.pane.Bokeh(figure, sizing_mode="stretch_width", margin=0)
            for name, figure in (
                ("element", views.element.figure),
                ("phase", views.phase.figure),
                ("latent", views.latent.figure),
            )
        }
        spectra = Column(
            *(pn.pane.Bokeh(figure, sizing_mode="stretch_width", margin=0)
              for figure in views.spectra.figures.values()),
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        export = {name: menu.panel for name, menu in self.exports.items()}
        element = card(
            "Elements",
            [self.palette_menu, self.map_menu, export["element"]],
            Column(self.composite_row, figures["element"], sizing_mode="stretch_width", margin=0),
        )
        phase = card("Phases", [self.opacity, self.background_menu, export["phase"]], figures["phase"])
        latent = card(
            "Latent space",
            [self.clear, self.latent_ellipses, self.latent_colour, export["latent"]],
            figures["latent"],
        )
        spectrum = card(
            "Spectra", [self.curves, self.norm, self.scale, export["spectra"]], spectra, min_height=396
        )
        table = card("Table of phases", [export["table"]], self.table, height=396)
        # the first picture waits neither for menus nor for what stands below it; their places are kept
        self._later = [(late, list(late.objects)) for late in (table, spectrum)]
        self._later += [(head, list(head.objects)) for head, *_ in (element, phase, latent)]
        for late, parts in self._later:
            late[:] = parts[:1]
        third, wide = {"xs": 12, "md": 6, "lg": 4}, {"xs": 12, "lg": 8}
        cards = grid(
            *(cell(card, size=third) for card in (element, phase, latent, table)),
            cell(spectrum, size=wide),
            margin=(0, 6),
        )
        return Column(self.readout, cards, sizing_mode="stretch_width", margin=0)

    def complete(self) -> None:
        """Add the menus of the cards, and the cards below the first pictures."""
        for late, parts in self._later:
            late[:] = parts
        self._later = []

    def _follow_dataset(self, *_events: Any) -> None:
        opened = self.state.prepared
        if opened is None:
            return
        lines, images = opened.maps.lines, list(opened.maps.navigation)
        total = {ALL_COUNTS if opened.image is not None else "Mean of all maps": ALL_COUNTS}
        extra = {COLOUR_COMPOSITE: COLOUR_COMPOSITE} if len(lines) >= 2 else {}
        self.map_menu.param.update(
            options={**total, **{line: line for line in lines}, **extra,
                     **{NAVIGATION + name: NAVIGATION + name for name in images}},
            value=self.state.map_shown,
        )  # fmt: skip
        self.background_menu.param.update(
            options={**{name: name for name in images}, "Counts": ""}, value=self.state.background_shown
        )
        self.latent_colour.param.update(
            options=[BY_PHASE, BY_DENSITY, *lines], value=self.state.latent_colour
        )
        for menu, line in zip(self.composite_menus, self.state.composite, strict=True):
            menu.param.update(options=list(lines), value=line or None)
        self.facts.object = _facts_html(opened.maps.title, opened.facts, opened.notes)
        self._follow_look()

    def _follow_look(self, *_events: Any) -> None:
        composite = self.state.map_shown == COLOUR_COMPOSITE
        if composite != self.composite_row.visible:
            if not self.composite_row.objects:  # filled when it is first seen
                self.composite_row[:] = [
                    part
                    for name, menu in zip(CHANNELS, self.composite_menus, strict=True)
                    for part in (swatch(CHANNELS[name]), menu)
                ]
            self.composite_row.visible = composite
            figure = self.views.element.figure
            figure.height += -_ROW_HEIGHT if composite else _ROW_HEIGHT
        self.palette_menu.visible = not composite and not self.state.map_shown.startswith(NAVIGATION)
        self.clear.visible = self.state.selection is not None


def _facts_html(title: str, facts: Sequence[tuple[str, str]], notes: Sequence[str]) -> str:
    parts = [
        f"<b>{escape(title)}</b>",
        *(
            f"<span style='white-space:nowrap'>{escape(name)}: {escape(value)}</span>"
            for name, value in facts
        ),
    ]
    line = " &nbsp;·&nbsp; ".join(parts)
    text = escape(" ".join(notes))
    # one line, however much there is to say: the rest shows when the mouse rests on it
    note = f"<div title='{text}' style='{_ONE_LINE}; opacity:.75'>{text}</div>" if notes else ""
    return f"<div style='font-size:13px; line-height:1.5'>{line}{note}</div>"
