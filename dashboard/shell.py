"""The page around the workspaces: title, dataset, theme, sidebar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import panel as pn
import panel_material_ui as pmui
import param
from panel.custom import JSComponent
from panel.reactive import Syncable
from panel.util import edit_readonly

from dashboard import theme
from dashboard.busy import Busy
from dashboard.theme_choice import ThemeChoice

# Panel waits so many ms for more changes of a widget before it tells of one. A moving handle is paced by
# what the browser has painted (dashboard/gate.py), so that wait would only add to every answer.
Syncable._debounce = 10

#: a view of this class is laid out by itself: what changes inside it makes no other view measure itself
ISLAND = "island"
_HEAD_HEIGHT = 52  # of the bar on top, screen pixels
#: a lodestone: the stone that always points to what is sought
_LOGO = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' width='26' height='26'>"
    "<path d='M12 1l9 6v10l-9 6-9-6V7z' fill='#e8edf1' fill-opacity='.16'"
    " stroke='#e8edf1' stroke-width='1.4'/>"
    "<path d='M12 4.5l2.6 7.5H9.4z' fill='#e0a060'/><path d='M12 19.5L9.4 12h5.2z' fill='#e8edf1'/></svg>"
)


def page(
    title: str, header: Sequence[Any], sidebar: Sequence[Any], main: Sequence[Any], busy: Busy | None = None
) -> pmui.Page:
    """The page of one visit; ``busy`` moves the line at its head."""
    line = BusyLine(margin=0, width=0, **({} if busy is None else {"busy": busy.param.busy}))
    page = pmui.Page(
        title=title,
        header=[
            pn.pane.HTML(_LOGO, width=30, margin=(6, 2)),
            *header,
            line,
            ThemeChoice(margin=0, width=0),
            LayoutGuard(margin=0, width=0),
        ],
        sidebar=list(sidebar),
        sidebar_width=292,
        main=list(main),
        theme_config=theme.PAGE_THEME,
        busy_indicator=None,
        sx={"& .MuiToolbar-root": {"minHeight": f"{_HEAD_HEIGHT}px !important"}},
    )
    # a Page follows pn.state.busy, which is one for the whole process: the process would never free a visit
    # that was closed, and each visit would write into the pages of the others
    with edit_readonly(page):
        page.busy = Busy(lambda callback, milliseconds: None).param.busy  # which nobody ever changes
    return page


class BusyLine(JSComponent):
    """The line below the head of the page that moves while an answer is sought.

    A component of its own: whenever a property of the Page itself changes, Panel looks through every model
    of the document, which takes longer than the answer.
    """

    busy = param.Boolean(default=False)

    _esm = """
export function render({model, el}) {
  const line = document.createElement('div');
  line.setAttribute('role', 'progressbar');
  line.setAttribute('aria-label', 'An answer is being computed');
  const follow = () => { line.hidden = !model.busy; };
  follow();
  model.on('busy', follow);
  el.append(line);
}
"""
    _stylesheets: ClassVar[list[str]] = [
        f"""
div[role=progressbar] {{ position: fixed; left: 0; right: 0; top: {_HEAD_HEIGHT - 3}px; height: 3px;
  z-index: 1300; overflow: hidden; pointer-events: none; background: rgba(224, 160, 96, 0.25); }}
div[role=progressbar]::before {{ content: ''; position: absolute; top: 0; bottom: 0; width: 40%;
  background: #e0a060; animation: sweep 1.4s ease-in-out infinite; }}
div[role=progressbar][hidden] {{ display: none; }}
@keyframes sweep {{ from {{ left: -40%; }} to {{ left: 100%; }} }}
@media (prefers-reduced-motion: reduce) {{
  div[role=progressbar]::before {{ width: 100%; animation: none; }}
}}
"""
    ]


class LayoutGuard(JSComponent):
    """Lays out what is on show, and only what has changed.

    Bokeh measures the whole page whenever the size of anything changes, tabs that are hidden included: a
    page on which all tabs had been opened took a minute for another click. Here what is hidden is left
    alone until it is shown, and a view of the class ``ISLAND`` keeps what changes inside it to itself; the
    browser places what stands around it.

    It also lets the page be laid out anew while figures are being added to it. A Material container makes
    its children one step before it draws them. Where the browser reports a new size in between, Bokeh
    measures figures that have no layout yet, and fails. They are measured when they are drawn anyway.
    """

    _esm = """
function owner(prototype, name) {
  while (prototype && !Object.hasOwn(prototype, name)) prototype = Object.getPrototypeOf(prototype);
  return prototype;
}

export function render() {
  const figure = window.Bokeh.Models.get('Figure').prototype.default_view.prototype;
  if (figure.laysOutDrawnOnly) return;
  figure.laysOutDrawnOnly = true;
  for (const step of ['_measure_layout', '_after_layout']) {
    const original = figure[step];
    figure[step] = function () { if (this.layout != null) original.call(this); };
  }

  const layout = owner(figure, 'layoutable_views');
  if (!layout) return;
  const all = Object.getOwnPropertyDescriptor(layout, 'layoutable_views').get;
  Object.defineProperty(layout, 'layoutable_views', {
    configurable: true,
    get() { return all.call(this).filter(view => view.model.visible); },
  });
  const whole = { compute_layout: layout.compute_layout, invalidate_layout: layout.invalidate_layout };
  const island = view => view.model.css_classes?.includes?.('ISLAND') && view.el.isConnected;
  layout.compute_layout = function () {
    if (!island(this)) return whole.compute_layout.call(this);
    this.measure_layout();
    this.update_bbox();
    this._compute_layout();
    this.after_layout();
    this._layout_computed = true;
  };
  layout.invalidate_layout = function () {
    if (!island(this)) return whole.invalidate_layout.call(this);
    this.update_layout();
    this.compute_layout();
  };
}
""".replace("ISLAND", ISLAND)
