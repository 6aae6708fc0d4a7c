"""A table of numbers: columns that sort, rows that are picked, cells that are edited, buttons in rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import param
from panel.custom import JSComponent


class DataTable(JSComponent):
    """Rows of texts under headings; it only reports what a person does.

    A column is a mapping with ``key``, ``title``, ``kind`` ("text", "wrap" for long texts, "number",
    "edit", "action") and ``hint``.
    A row has an ``id``, a text for the key of every column and, where wanted, ``colour`` (a swatch in the
    first column), ``chosen``, ``dim``, ``fixed`` (not to be edited), ``hint`` and ``hints`` (key -> what
    shows when the mouse rests on a cell).
    """

    columns = param.List(default=[], doc="headings, one mapping per column")
    rows = param.List(default=[], doc="what is shown, one mapping per row")
    footer = param.String(default="", doc="a line below the table")
    empty = param.String(default="", doc="what stands in place of rows")
    sorted_by = param.String(default="", doc="key of the column that the rows are sorted by")
    descending = param.Boolean(default=True)
    most_height = param.Integer(default=0, doc="pixels; more rows than fit scroll, 0 shows all of them")
    sortable = param.Boolean(default=False, doc="whether a click on a heading is reported")

    _esm = """
export function render({model, el}) {
  const box = document.createElement('div');
  box.className = 'scroll';
  const table = document.createElement('table');
  const empty = document.createElement('div');
  empty.className = 'empty';
  const footer = document.createElement('div');
  footer.className = 'footer';
  box.append(table, empty);
  el.append(box, footer);
  const tell = (id, what, key, value) => model.send_msg({id, what, key, value});

  const heading = (row, column) => {
    const th = document.createElement('th');
    th.className = column.kind === 'number' || column.kind === 'edit' ? 'right' : '';
    th.title = column.hint || '';
    const sorted = model.sorted_by === column.key;
    if (model.sortable && column.kind !== 'action') {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'sort';
      button.textContent = column.title + (sorted ? (model.descending ? ' ▾' : ' ▴') : '');
      button.addEventListener('click', () => tell(null, 'sort', column.key, null));
      th.appendChild(button);
      th.setAttribute('aria-sort', sorted ? (model.descending ? 'descending' : 'ascending') : 'none');
    } else {
      th.textContent = column.title;
    }
    row.appendChild(th);
  };

  const cell = (tr, row, column, first) => {
    const td = tr.insertCell();
    const text = row[column.key] ?? '';
    td.title = row.hints?.[column.key] ?? row.hint ?? '';
    if (column.kind === 'number') td.className = 'right';
    if (column.kind === 'wrap') td.className = 'wrap';
    if (column.kind === 'edit') {
      td.className = 'right edit';
      if (row.fixed) { td.textContent = text; return; }
      const input = document.createElement('input');
      input.type = 'text';
      input.inputMode = 'decimal';
      input.value = text;
      input.setAttribute('aria-label', column.title + ' ' + row.id);
      input.addEventListener('change', () => tell(row.id, 'edit', column.key, input.value));
      input.addEventListener('keydown', (event) => {
        if (event.key === 'Enter') input.blur();
        if (event.key === 'Escape') { input.value = text; input.blur(); }
        event.stopPropagation();
      });
      td.appendChild(input);
      return;
    }
    if (column.kind === 'action') {
      td.className = 'action';
      if (!text) return;
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = text;
      button.addEventListener('click', (event) => {
        event.stopPropagation();
        tell(row.id, 'action', column.key, null);
      });
      td.appendChild(button);
      return;
    }
    if (first && row.colour) {
      const swatch = document.createElement('span');
      swatch.className = 'swatch';
      swatch.style.background = row.colour;
      td.appendChild(swatch);
    }
    td.appendChild(document.createTextNode(text));
  };

  const draw = () => {
    const active = el.getRootNode().activeElement;
    if (active && active.tagName === 'INPUT' && table.contains(active)) {
      active.addEventListener('blur', draw, {once: true});
      return;
    }
    box.style.maxHeight = model.most_height ? model.most_height + 'px' : '';
    const kept = box.scrollTop;
    table.replaceChildren();
    empty.textContent = model.rows.length ? '' : model.empty;
    empty.style.display = model.rows.length || !model.empty ? 'none' : 'block';
    footer.textContent = model.footer;
    footer.style.display = model.footer ? 'block' : 'none';
    if (!model.rows.length) return;
    const head = table.createTHead().insertRow();
    for (const column of model.columns) heading(head, column);
    const body = table.createTBody();
    for (const row of model.rows) {
      const tr = body.insertRow();
      tr.dataset.id = row.id;
      tr.className = [row.chosen && 'chosen', row.dim && 'dim'].filter(Boolean).join(' ');
      model.columns.forEach((column, place) => cell(tr, row, column, place === 0));
      tr.addEventListener('click', (event) => {
        if (!event.target.closest('input, button')) tell(row.id, 'pick', '', !row.chosen);
      });
    }
    box.scrollTop = kept;
  };
  draw();
  model.on(['rows', 'columns', 'footer', 'empty', 'sorted_by', 'descending'], draw);
}
"""

    _stylesheets: ClassVar[list[str]] = [
        """
:host { display: flex; flex-direction: column; min-height: 0; color: inherit; }
.scroll { overflow: auto; }
.empty { opacity: 0.75; padding: 10px; font-size: 12.5px; line-height: 1.45; }
table { width: 100%; border-collapse: collapse; font-size: 12.5px; }
th { position: sticky; top: 0; z-index: 1; text-align: left; font-weight: 600; font-size: 11.5px;
     padding: 3px 7px; border-bottom: 1px solid rgba(128, 128, 128, 0.35); white-space: nowrap;
     backdrop-filter: blur(6px); }
td { padding: 2px 7px; border-bottom: 1px solid rgba(128, 128, 128, 0.16); height: 25px;
     white-space: nowrap; }
.right { text-align: right; font-variant-numeric: tabular-nums; }
td.wrap { white-space: normal; min-width: 110px; line-height: 1.3; }
tr:hover td { background: rgba(128, 128, 128, 0.12); }
tbody tr { cursor: pointer; }
tr.chosen td { background: rgba(255, 45, 149, 0.16); }
tr.dim td { opacity: 0.6; }
.swatch { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 7px;
     border: 1px solid rgba(128, 128, 128, 0.5); vertical-align: -1px; }
td.edit { width: 92px; }
input { width: 76px; font: inherit; color: inherit; background: none; text-align: right; padding: 1px 4px;
     border: 1px solid rgba(128, 128, 128, 0.4); border-radius: 4px; }
input:focus { border-color: currentColor; outline: none; }
button { font: inherit; color: inherit; background: none; cursor: pointer; }
td.action { width: 1%; }
td.action button { font-size: 11.5px; border: 1px solid rgba(128, 128, 128, 0.5); border-radius: 4px;
     padding: 0 8px; height: 21px; }
td.action button:hover { background: rgba(128, 128, 128, 0.2); }
button.sort { border: 0; padding: 0; font-weight: 600; }
button:focus-visible { outline: 2px solid #e08a2e; }
.footer { font-size: 12px; opacity: 0.75; padding: 6px 8px; }
"""
    ]

    def __init__(
        self,
        on_pick: Callable[[Any, bool], None] = lambda row, chosen: None,
        on_edit: Callable[[Any, str, str], None] = lambda row, key, text: None,
        on_action: Callable[[Any, str], None] = lambda row, key: None,
        on_sort: Callable[[str], None] = lambda key: None,
        **params: Any,
    ) -> None:
        super().__init__(**params)
        self._on_pick, self._on_edit, self._on_action, self._on_sort = on_pick, on_edit, on_action, on_sort

    def redraw(self) -> None:
        """Show the rows anew, so that an edit that was refused is taken back on the page."""
        self.rows = [dict(row) for row in self.rows]
        self.param.trigger("rows")

    def _handle_msg(self, msg: dict[str, Any]) -> None:
        what, row, key = msg.get("what"), msg.get("id"), str(msg.get("key") or "")
        if what == "pick":
            self._on_pick(row, bool(msg.get("value")))
        elif what == "edit":
            self._on_edit(row, key, str(msg.get("value")))
        elif what == "action":
            self._on_action(row, key)
        elif what == "sort":
            self._on_sort(key)
