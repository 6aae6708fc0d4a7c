"""Downloads: a button whose file is made when it is asked for, in a thread, and a menu of several.

Nothing is made before a person asks, nothing is kept after it was sent, and what goes wrong is told.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import panel as pn
import panel_material_ui as pmui

from dashboard.live import LatestWins
from models.exports_figure import FigureStyle

log = logging.getLogger(__name__)

#: its own thread: a figure of seconds must not hold up the answers of moving handles
_EXECUTOR = ThreadPoolExecutor(max_workers=1, thread_name_prefix="export")

#: widths of a figure by what they are called, mm
WIDTHS_MM = {"Column, 85 mm": 85.0, "Wide column, 120 mm": 120.0, "Page, 175 mm": 175.0}
RESOLUTIONS_DPI = {"150 dpi": 150, "300 dpi": 300, "600 dpi": 600}
_FIGURE_KINDS = ("PNG", "SVG")


class PageTools(Protocol):
    """What a download needs of its visit; ``dashboard.phases.tab.Tools`` has it."""

    schedule: Callable[[Callable[[], None]], None]
    tell: Callable[[str, str], None]


def download_button(
    tools: PageTools,
    label: str,
    filename: str | Callable[[], str],
    make: Callable[[], bytes],
    **params: Any,
) -> pmui.FileDownload:
    """A button that makes a file when it is pressed and hands it to the browser.

    Parameters
    ----------
    tools : of the visit
    label : on the button
    filename : of the download, or a function that names it once it is made
    make : the content. It runs in a thread: read every attribute of the state once, change nothing.
        A ValueError is told to the person; its text should say what to do.
    params : of ``pmui.FileDownload``
    """
    look = {"size": "small", "variant": "outlined", "margin": (2, 4), "sizing_mode": None}
    button = pmui.FileDownload(label=label, filename="file", **{**look, **params})

    def work() -> tuple[str, bytes]:
        content = make()
        return (filename() if callable(filename) else filename), content

    def deliver(answer: tuple[str, bytes]) -> None:
        button.loading = False
        name, content = answer
        button.param.update(file=io.BytesIO(content), filename=name)
        button.transfer(download=True)
        # the browser has it: the page need not keep a copy, and the next click must not send this one
        button.file = None

    def fail(text: str) -> None:
        button.loading = False
        tools.tell(text, "warning")

    line = LatestWins(work, deliver, fail, tools.schedule, _EXECUTOR)

    def clicked(_event: Any) -> None:
        if not line.busy:
            # the same bytes twice are no change for the browser, and it would not download them again
            button.param.update(loading=True, data=None)
            line.request()

    button.param.watch(clicked, "_clicks")
    return button


@dataclass(frozen=True)
class Chosen:
    """What a person chose in an export menu: the kind ("PNG", "CSV"...) and the look of figures."""

    kind: str
    style: FigureStyle

    @property
    def is_figure(self) -> bool:
        """Whether a figure is asked for, which has a look."""
        return self.kind in _FIGURE_KINDS


#: name of the file and its content
ExportFile = tuple[str, bytes]


class ExportMenu:
    """A small button that opens a menu: what to export, the look of figures, and the download.

    Parameters
    ----------
    tools : of the visit
    name : what is exported, for the tooltip ("the element map")
    kinds : what can be had, key -> words for it; keys PNG and SVG are figures
    make : makes the file of a choice, in a thread, as ``download_button``; gives its name and content
    width_mm : of figures, at first
    """

    def __init__(
        self,
        tools: PageTools,
        name: str,
        kinds: Mapping[str, str],
        make: Callable[[Chosen], ExportFile],
        width_mm: float = 85.0,
    ) -> None:
        self._tools, self._make, self._name = tools, make, ""
        self._what, self._kinds, self._width_mm = name, dict(kinds), width_mm
        self.button = pmui.IconButton(
            icon="download", size="small", description=f"Export {name}", margin=0, icon_size="20px",
            width=30, height=30,
        )  # fmt: skip
        self.button.on_click(lambda _event: self._open())
        self.panel = pn.Row(self.button, margin=(0, 2), sizing_mode=None)

    def _open(self) -> None:
        """Open the menu; it is made when it is first wanted, since most visits export nothing."""
        if self.popup not in self.panel:
            self.panel.append(self.popup)
        # once the menu stands in the page it can open at its place
        self._tools.schedule(lambda: self.popup.param.update(open=True))

    @cached_property
    def kind(self) -> pmui.RadioBoxGroup:
        """The menu's choice of a kind."""
        return pmui.RadioBoxGroup(
            options={words: kind for kind, words in self._kinds.items()}, value=next(iter(self._kinds)),
            label="", margin=(0, 12), color="primary",
        )  # fmt: skip

    @cached_property
    def popup(self) -> pmui.Popup:
        """The menu itself."""
        placed = {"size": "small", "margin": (6, 12), "width": 200}
        self.width = pmui.Select(label="Width", options=WIDTHS_MM, value=self._width_mm, **placed)
        self.dpi = pmui.Select(label="Resolution", options=RESOLUTIONS_DPI, value=300, **placed)
        self.title = pmui.TextInput(label="Title (may stay empty)", value="", **placed)
        self.download = download_button(
            self._tools, "Download", lambda: self._name, self._file,
            variant="contained", margin=(8, 12), width=200,
        )  # fmt: skip
        self.look = pn.Column(self.width, self.dpi, self.title, margin=0)
        self.kind.param.watch(self._show_look, "value")
        self._show_look()
        return pmui.Popup(
            pmui.Typography(f"Export {self._what}", variant="subtitle2", margin=(8, 12, 0, 12)),
            self.kind, self.look, self.download,
            anchor_origin={"horizontal": "right", "vertical": "bottom"},
            transform_origin={"horizontal": "right", "vertical": "top"},
        )  # fmt: skip

    @property
    def chosen(self) -> Chosen:
        """What is chosen now.

        Raises
        ------
        ValueError
            Width and resolution make a figure too large.
        """
        style = FigureStyle(width_mm=self.width.value, dpi=self.dpi.value, title=self.title.value.strip())
        return Chosen(self.kind.value, style)

    def offer(self, kinds: Mapping[str, str]) -> None:
        """Offer other kinds; the chosen one stays where it can."""
        self._kinds = dict(kinds)
        if "kind" not in vars(self):  # not made yet: it will be made with these
            return
        options = {words: kind for kind, words in kinds.items()}
        if options != self.kind.options:
            value = self.kind.value if self.kind.value in kinds else next(iter(kinds))
            self.kind.param.update(options=options, value=value)

    def _file(self) -> bytes:
        self._name, content = self._make(self.chosen)
        return content

    def _show_look(self, *_events: Any) -> None:
        self.look.visible = self.kind.value in _FIGURE_KINDS
        self.dpi.visible = self.kind.value == "PNG"


def export_row(*buttons: pn.viewable.Viewable) -> pmui.Row:
    """Download buttons side by side, wrapped where they do not fit."""
    return pn.Row(*buttons, sizing_mode="stretch_width", margin=0, styles={"flex-wrap": "wrap"})


__all__: Sequence[str] = (
    "Chosen", "ExportFile", "ExportMenu", "PageTools", "download_button", "export_row",
)  # fmt: skip
