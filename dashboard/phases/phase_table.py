"""The table of phases: colour, name, pixels, area and main lines; also the legend of every view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import param
from panel.custom import JSComponent


class PhaseTable(JSComponent):
    """Rows of phases whose colour, name and visibility can be changed in place.

    A row is a mapping with ``id``, ``name``, ``colour``, ``pixels``, ``area`` (percent), ``lines`` (text),
    ``visible`` and ``chosen``. The table only reports what a person does; the state decides.
    """

    rows = param.List(default=[], doc="what is shown, one mapping per phase")
    footer = param.String(default="", doc="a line below the table, as text")

    _esm = """
const COLUMNS = ['', '', 'Phase', 'Pixels', 'Area', 'Main lines'];

function cell(row, className, child) {
  const td = document.createElement('td');
  td.className = className;
  if (typeof child === 'string') { td.textContent = child; td.title = child; }
  else td.appendChild(child);
  row.appendChild(td);
  return td;
}

function phaseRow(model, phase) {
  const row = document.createElement('tr');
  row.dataset.phase = phase.id;
  if (phase.chosen) row.className = 'chosen';
  const tell = (what, value) => model.send_msg({id: phase.id, what, value});

  const colour = document.createElement('input');
  colour.type = 'color';
  colour.value = phase.colour;
  colour.setAttribute('aria-label', 'Colour of ' + phase.name);
  let waiting = null;
  colour.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => tell('colour', colour.value), 60);
  });
  cell(row, 'colour', colour);

  const eye = document.createElement('button');
  eye.type = 'button';
  eye.className = phase.visible ? 'eye' : 'eye off';
  eye.title = phase.visible ? 'Hide on the phase map' : 'Show on the phase map';
  eye.setAttribute('aria-label', eye.title + ': ' + phase.name);
  eye.innerHTML = `<svg viewBox="0 0 24 24" width="16" height="16" fill="none" stroke="currentColor"
    stroke-width="2"><path d="M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12z"/><circle cx="12" cy="12" r="3"/>
    ${phase.visible ? '' : '<path d="M3 3l18 18"/>'}</svg>`;
  eye.addEventListener('click', () => tell('visible', !phase.visible));
  cell(row, 'eye', eye);

  const name = document.createElement('input');
  name.type = 'text';
  name.value = phase.name;
  name.maxLength = 60;
  name.setAttribute('aria-label', 'Name of ' + phase.name);
  name.addEventListener('change', () => tell('name', name.value));
  name.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') name.blur();
    if (event.key === 'Escape') { name.value = phase.name; name.blur(); }
    event.stopPropagation();
  });
  cell(row, 'name', name);

  for (const [key, text] of [['number', phase.pixels.toLocaleString('en')],
                             ['number', phase.area_text], ['lines', phase.lines]]) {
    const td = cell(row, key, text);
    td.addEventListener('click', () => tell('chosen', !phase.chosen));
  }
  return row;
}

export function render({model, el}) {
  const table = document.createElement('table');
  const head = table.createTHead().insertRow();
  for (const column of COLUMNS) {
    const th = document.createElement('th');
    th.textContent = column;
    head.appendChild(th);
  }
  const body = table.createTBody();
  const footer = document.createElement('div');
  footer.className = 'footer';
  const box = document.createElement('div');
  box.className = 'scroll';
  box.appendChild(table);
  el.append(box, footer);

  const draw = () => {
    // never take the text or the colour dialog away from under the hand that edits it
    const active = el.getRootNode().activeElement;
    if (active && active.tagName === 'INPUT' && body.contains(active)) {
      active.addEventListener('blur', draw, {once: true});
      return;
    }
    body.replaceChildren(...model.rows.map((phase) => phaseRow(model, phase)));
    footer.textContent = model.footer;
  };
  draw();
  model.on('rows', draw);
  model.on('footer', () => { footer.textContent = model.footer; });
}
"""

    _stylesheets: ClassVar[list[str]] = [
        """
:host { display: flex; flex-direction: column; min-height: 0; }
.scroll { overflow: auto; max-height: 100%; }
table { width: 100%; border-collapse: collapse; font-size: 12.5px; color: inherit; }
th { position: sticky; top: 0; z-index: 1; text-align: left; font-weight: 600; font-size: 11.5px;
     opacity: 0.75; padding: 4px 6px; border-bottom: 1px solid rgba(128, 128, 128, 0.35); }
th:nth-child(4), th:nth-child(5) { text-align: right; }
td { padding: 1px 6px; border-bottom: 1px solid rgba(128, 128, 128, 0.16); height: 27px; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; cursor: pointer; }
td.lines { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; max-width: 130px;
     cursor: pointer; }
td.colour { width: 24px; padding-right: 0; } td.eye { width: 20px; padding: 0; }
tr:hover td { background: rgba(128, 128, 128, 0.12); }
tr.chosen td { background: rgba(255, 45, 149, 0.16); }
input[type='color'] { width: 20px; height: 20px; padding: 0; border: 0; border-radius: 4px; background: none;
     cursor: pointer; display: block; }
input[type='color']::-webkit-color-swatch-wrapper { padding: 0; }
input[type='color']::-webkit-color-swatch { border: 1px solid rgba(128, 128, 128, 0.5); border-radius: 4px; }
input[type='text'] { width: 100%; min-width: 84px; font: inherit; color: inherit; background: none;
     border: 1px solid transparent; border-radius: 4px; padding: 2px 4px; box-sizing: border-box; }
input[type='text']:hover { border-color: rgba(128, 128, 128, 0.4); }
input[type='text']:focus { border-color: currentColor; outline: none; }
button.eye { border: 0; background: none; color: inherit; cursor: pointer; padding: 2px; display: block; }
button.eye.off { opacity: 0.4; }
.footer { font-size: 12px; opacity: 0.75; padding: 6px; }
"""
    ]

    def __init__(self, on_change: Callable[[int, str, Any], None], **params: Any) -> None:
        super().__init__(**params)
        self._on_change = on_change

    def _handle_msg(self, msg: dict[str, Any]) -> None:
        self._on_change(int(msg["id"]), str(msg["what"]), msg["value"])
