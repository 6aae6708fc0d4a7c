"""Small phase maps of several maps, and the table of how much every phase covers of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import param
from panel.custom import JSComponent


class SharedTable(JSComponent):
    """Maps as small pictures, and below them a row of shares for each; a click opens a map.

    ``shown`` has three parts. ``maps`` are mappings with ``name``, ``image`` (a picture as data address,
    or ""), ``title`` (what the mouse is told), ``share`` (per cent of every phase), ``rest`` (per cent of
    no phase), ``pixels`` and ``area`` as text and ``error`` ("" where it takes part). ``phases`` have
    ``name`` and ``colour``; ``overall`` is the share of all maps together. The component only reports which
    map was clicked.
    """

    shown = param.Dict(default={"maps": [], "phases": [], "overall": []}, doc="all of it in one change")
    opened = param.Integer(default=-1, doc="the map that Explore shows; -1: none of them")

    _esm = """
const percent = (share) => share >= 9.95 ? share.toFixed(0) : share >= 0.095 ? share.toFixed(1)
  : share > 0 ? share.toPrecision(1) : '0';

function cell(row, text, className) {
  const td = document.createElement('td');
  td.textContent = text;
  td.className = className || '';
  row.appendChild(td);
  return td;
}

function shares(row, values, phases) {
  values.forEach((share, i) => {
    const td = cell(row, percent(share), 'number');
    td.title = `${phases[i].name}: ${share.toPrecision(4)} %`;
    const end = Math.min(100, share);
    td.style.backgroundImage =
      `linear-gradient(to right, ${phases[i].colour}59 ${end}%, transparent ${end}%)`;
  });
}

export function render({model, el}) {
  const gallery = document.createElement('div');
  gallery.className = 'gallery';
  const box = document.createElement('div');
  box.className = 'scroll';
  const table = document.createElement('table');
  box.appendChild(table);
  el.append(gallery, box);

  const open = (number) => model.send_msg({open: number});
  const draw = () => {
    const {maps, phases, overall} = model.shown;
    gallery.replaceChildren(...maps.flatMap((map, number) => {
      if (!map.image) return [];
      const button = document.createElement('button');
      button.type = 'button';
      button.className = number === model.opened ? 'map chosen' : 'map';
      button.title = map.title;
      button.setAttribute('aria-label', `Open ${map.name} in Explore`);
      const image = document.createElement('img');
      image.src = map.image;
      image.alt = '';
      const name = document.createElement('span');
      name.textContent = map.name;
      button.append(image, name);
      button.addEventListener('click', () => open(number));
      return [button];
    }));
    table.replaceChildren();
    if (!maps.length) return;
    const head = table.createTHead().insertRow();
    const column = (text, colour) => {
      const th = document.createElement('th');
      if (colour) {
        const chip = document.createElement('i');
        chip.style.background = colour;
        th.appendChild(chip);
        th.className = 'number';
      }
      th.append(text);
      th.title = text;
      head.appendChild(th);
    };
    column('Map');
    phases.forEach((phase) => column(phase.name, phase.colour));
    if (phases.length) ['None', 'Pixels', 'Area'].forEach((text) => column(text));
    const body = table.createTBody();
    maps.forEach((map, number) => {
      const row = body.insertRow();
      const name = cell(row, map.name, 'name');
      name.title = map.name;
      if (map.error) {
        row.className = 'failed';
        const td = cell(row, 'Left out. ' + map.error);
        td.colSpan = phases.length + 3;
        return;
      }
      if (!map.share.length) {
        cell(row, 'Opened').colSpan = phases.length + 3;
        return;
      }
      row.className = number === model.opened ? 'chosen' : '';
      name.addEventListener('click', () => open(number));
      shares(row, map.share, phases);
      cell(row, percent(map.rest), 'number');
      cell(row, map.pixels, 'number');
      cell(row, map.area, 'number');
    });
    if (overall.length && maps.length > 1) {
      const row = table.createTFoot().insertRow();
      cell(row, 'All maps', 'name');
      shares(row, overall, phases);
      cell(row, '').colSpan = 3;
    }
  };
  draw();
  for (const name of ['shown', 'opened']) model.on(name, draw);
}
"""

    _stylesheets: ClassVar[list[str]] = [
        """
:host { display: block; }
.gallery { display: flex; flex-wrap: wrap; gap: 8px; padding: 4px 8px 10px; }
.map { display: flex; flex-direction: column; align-items: center; gap: 3px; padding: 4px; width: 168px;
       border: 1px solid rgba(128, 128, 128, 0.3); border-radius: 6px; background: none; color: inherit;
       font: inherit; font-size: 12px; cursor: pointer; }
.map:hover, .map:focus-visible { border-color: #c77b30; }
.map.chosen { border-color: #c77b30; box-shadow: 0 0 0 1px #c77b30; }
.map img { width: 158px; height: 118px; object-fit: contain; image-rendering: pixelated; }
.map span { max-width: 158px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.scroll { overflow: auto; max-height: 420px; }
table { border-collapse: collapse; font-size: 12.5px; color: inherit; min-width: 60%; }
th { position: sticky; top: 0; text-align: left; font-weight: 600; font-size: 11.5px; padding: 4px 8px;
     border-bottom: 1px solid rgba(128, 128, 128, 0.35); max-width: 120px; overflow: hidden;
     text-overflow: ellipsis; white-space: nowrap; }
th i { display: inline-block; width: 9px; height: 9px; border-radius: 2px; margin-right: 5px; }
td { padding: 2px 8px; height: 26px; border-bottom: 1px solid rgba(128, 128, 128, 0.16);
     white-space: nowrap; }
td.number { text-align: right; font-variant-numeric: tabular-nums; min-width: 52px; }
th.number { text-align: right; }
td.name { max-width: 260px; overflow: hidden; text-overflow: ellipsis; cursor: pointer; }
tr.chosen td.name { font-weight: 700; }
tr.failed td { opacity: 0.8; white-space: normal; }
tr.failed td + td { color: #c0392b; }
tfoot td { font-weight: 600; border-top: 1px solid rgba(128, 128, 128, 0.5); }
"""
    ]

    def __init__(self, on_open: Callable[[int], None], **params: Any) -> None:
        super().__init__(**params)
        self._on_open = on_open

    def _handle_msg(self, data: Any) -> None:
        if isinstance(data, dict) and isinstance(data.get("open"), int):
            self._on_open(data["open"])
