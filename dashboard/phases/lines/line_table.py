"""A small table of lines whose rows can be pointed at and acted on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import param
from panel.custom import JSComponent


class LineTable(JSComponent):
    """Rows of text about lines, each with a button.

    A row is a mapping with ``key``, ``cells`` (texts), ``action`` (label of the button, or ""), ``strong``
    and ``dim`` (how it looks) and ``hint`` (shown when the mouse rests on it). ``on_action(key)`` is called
    by the button, ``on_point(key)`` by the mouse or the focus on a row; "" where both have left.
    """

    columns = param.List(default=[], doc="headings; those that begin with # stand to the right")
    rows = param.List(default=[], doc="what is shown, one mapping per row")
    empty = param.String(default="", doc="what stands in place of rows")

    _esm = """
export function render({model, el}) {
  const box = document.createElement('div');
  box.className = 'scroll';
  const table = document.createElement('table');
  const empty = document.createElement('div');
  empty.className = 'empty';
  box.append(table, empty);
  el.append(box);
  let pointed = '';
  const point = (key) => {
    if (key !== pointed) { pointed = key; model.send_msg({what: 'point', key}); }
  };
  table.addEventListener('pointerleave', () => point(''));

  const right = (column) => model.columns[column]?.startsWith('#');
  const draw = () => {
    table.replaceChildren();
    empty.textContent = model.rows.length ? '' : model.empty;
    empty.style.display = model.rows.length ? 'none' : 'block';
    if (!model.rows.length) return;
    const head = table.createTHead().insertRow();
    model.columns.forEach((name, column) => {
      const th = document.createElement('th');
      th.textContent = name.replace(/^#/, '');
      if (right(column)) th.className = 'right';
      head.appendChild(th);
    });
    if (model.rows.some((row) => row.action)) head.appendChild(document.createElement('th'));
    const body = table.createTBody();
    for (const row of model.rows) {
      const tr = body.insertRow();
      tr.dataset.key = row.key;
      tr.className = [row.strong && 'strong', row.dim && 'dim'].filter(Boolean).join(' ');
      tr.title = row.hint || '';
      tr.addEventListener('pointerenter', () => point(row.key));
      row.cells.forEach((text, column) => {
        const td = tr.insertCell();
        td.textContent = text;
        if (right(column)) td.className = 'right';
      });
      if (row.action) {
        const button = document.createElement('button');
        button.type = 'button';
        button.textContent = row.action;
        button.setAttribute('aria-label', `${row.action} ${row.key}`);
        button.addEventListener('focus', () => point(row.key));
        button.addEventListener('click', () => model.send_msg({what: 'action', key: row.key}));
        const td = tr.insertCell();
        td.className = 'action';
        td.appendChild(button);
      }
    }
  };
  draw();
  model.on(['rows', 'columns', 'empty'], draw);
}
"""

    _stylesheets: ClassVar[list[str]] = [
        """
:host { display: flex; flex-direction: column; min-height: 0; color: inherit; }
.scroll { overflow: auto; max-height: 100%; }
.empty { opacity: 0.7; padding: 8px; font-size: 12.5px; line-height: 1.45; }
table { width: 100%; border-collapse: collapse; font-size: 12.5px; }
th { position: sticky; top: 0; z-index: 1; text-align: left; font-weight: 600; font-size: 11.5px;
     opacity: 0.75; padding: 3px 6px; border-bottom: 1px solid rgba(128, 128, 128, 0.35);
     white-space: nowrap; }
td { padding: 2px 6px; border-bottom: 1px solid rgba(128, 128, 128, 0.16); height: 24px; }
td:first-child { font-weight: 600; white-space: nowrap; }
.right { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr:hover td { background: rgba(128, 128, 128, 0.12); }
tr.strong td { background: rgba(43, 111, 155, 0.16); }
tr.dim td { opacity: 0.55; }
td.action { text-align: right; width: 1%; white-space: nowrap; }
button { font: inherit; font-size: 11.5px; color: inherit; background: none; cursor: pointer;
     border: 1px solid rgba(128, 128, 128, 0.5); border-radius: 4px; padding: 0 8px; height: 20px; }
button:hover { background: rgba(128, 128, 128, 0.2); }
button:focus-visible { outline: 2px solid #e08a2e; }
"""
    ]

    def __init__(
        self,
        on_action: Callable[[str], None] = lambda key: None,
        on_point: Callable[[str], None] = lambda key: None,
        **params: Any,
    ) -> None:
        super().__init__(**params)
        self._on_action, self._on_point = on_action, on_point

    def _handle_msg(self, msg: dict[str, Any]) -> None:
        if msg.get("what") == "action":
            self._on_action(str(msg["key"]))
        elif msg.get("what") == "point":
            self._on_point(str(msg["key"]))
