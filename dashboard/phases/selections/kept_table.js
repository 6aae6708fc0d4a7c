// The table of kept selections: choose rows, combine them, name and colour them.
const COLUMNS = ['', '', 'Name', 'Pixels', 'Area', 'What it is'];
const EYE = '<path d="M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12z"/><circle cx="12" cy="12" r="3"/>';

function cell(row, className, child) {
  const td = document.createElement('td');
  td.className = className;
  if (typeof child === 'string') { td.textContent = child; td.title = child; }
  else if (child) td.appendChild(child);
  row.appendChild(td);
  return td;
}

function keptRow(model, kept, pick) {
  const row = document.createElement('tr');
  row.dataset.kept = kept.name;
  row.tabIndex = 0;
  const chosen = model.chosen.includes(kept.name);
  row.className = (chosen ? 'chosen' : '') + (kept.problem ? ' absent' : '');
  row.setAttribute('aria-selected', String(chosen));
  const tell = (what, value) => model.send_msg({action: what, names: [kept.name], value});

  const colour = document.createElement('input');
  colour.type = 'color';
  colour.value = kept.colour;
  colour.setAttribute('aria-label', 'Colour of ' + kept.name);
  let waiting = null;
  colour.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => tell('colour', colour.value), 60);
  });
  cell(row, 'colour', colour);

  const eye = document.createElement('button');
  eye.type = 'button';
  eye.className = kept.visible ? 'icon' : 'icon off';
  eye.title = (kept.visible ? 'Hide on the maps: ' : 'Show on the maps: ') + kept.name;
  eye.setAttribute('aria-label', eye.title);
  eye.innerHTML = `<svg viewBox="0 0 24 24" width="16" height="16" fill="none" stroke="currentColor"
    stroke-width="2">${EYE}${kept.visible ? '' : '<path d="M3 3l18 18"/>'}</svg>`;
  eye.addEventListener('click', (event) => { event.stopPropagation(); tell('visible', !kept.visible); });
  cell(row, 'eye', eye);

  const name = document.createElement('input');
  name.type = 'text';
  name.value = kept.name;
  name.maxLength = 60;
  name.setAttribute('aria-label', 'Name of ' + kept.name);
  name.addEventListener('change', () => tell('rename', name.value));
  name.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') name.blur();
    if (event.key === 'Escape') { name.value = kept.name; name.blur(); }
    event.stopPropagation();
  });
  cell(row, 'name', name);
  cell(row, 'number', kept.pixels);
  cell(row, 'number', kept.area);
  cell(row, 'lines', kept.problem || kept.text);
  row.addEventListener('click', (event) => { if (event.target.tagName !== 'INPUT') pick(kept, event); });
  return row;
}

export function render({model, el}) {
  const bar = document.createElement('div');
  bar.className = 'bar';
  const buttons = [];
  // how many rows a button needs to be chosen: [least, most]
  const add = (label, title, action, least, most) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'action';
    button.textContent = label;
    button.title = title;
    button.addEventListener('click', () => model.send_msg({action, names: model.chosen, value: null}));
    bar.appendChild(button);
    buttons.push({button, least, most});
  };
  add('Select', 'Select the pixels of the chosen row again', 'select', 1, 1);
  add('And', 'Pixels that are in all chosen selections', 'and', 2, 99);
  add('Or', 'Pixels that are in any chosen selection', 'or', 2, 99);
  add('And not', 'Pixels of the first chosen selection that are not in the others', 'and_not', 2, 99);
  add('Not', 'All other pixels', 'not', 1, 1);
  add('Remove', 'Forget the chosen selections', 'remove', 1, 999);

  const box = document.createElement('div');
  box.className = 'scroll';
  const table = document.createElement('table');
  table.setAttribute('role', 'grid');
  table.setAttribute('aria-multiselectable', 'true');
  const head = table.createTHead().insertRow();
  for (const column of COLUMNS) {
    const th = document.createElement('th');
    th.textContent = column;
    head.appendChild(th);
  }
  const body = table.createTBody();
  box.appendChild(table);
  const footer = document.createElement('div');
  footer.className = 'footer';
  el.append(bar, box, footer);

  let anchor = null;
  const names = () => model.rows.map((row) => row.name);
  const choose = (chosen) => model.send_msg({action: 'choose', names: chosen, value: null});
  const pick = (kept, event) => {
    if (event.shiftKey && names().includes(anchor)) {
      const [from, to] = [names().indexOf(anchor), names().indexOf(kept.name)].sort((a, b) => a - b);
      choose(names().slice(from, to + 1));
      return;
    }
    anchor = kept.name;
    const chosen = model.chosen.includes(kept.name);
    if (event.ctrlKey || event.metaKey) {
      choose(chosen ? model.chosen.filter((name) => name !== kept.name) : [...model.chosen, kept.name]);
    } else {
      choose(chosen && model.chosen.length === 1 ? [] : [kept.name]);
    }
  };
  body.addEventListener('keydown', (event) => {
    const row = event.target.closest('tr[data-kept]');
    if (event.target !== row || row === null) return;
    const rows = [...body.querySelectorAll('tr[data-kept]')];
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (step) rows[rows.indexOf(row) + step]?.focus();
    else if (event.key === ' ' || event.key === 'Enter') {
      pick(model.rows[rows.indexOf(row)], {ctrlKey: event.key === ' '});
    } else if (event.key === 'Escape') choose([]);
    else if (event.key === 'Delete') model.send_msg({action: 'remove', names: model.chosen, value: null});
    else return;
    event.preventDefault();
  });

  const draw = () => {
    const active = el.getRootNode().activeElement;
    if (active && active.tagName === 'INPUT' && body.contains(active)) {
      active.addEventListener('blur', draw, {once: true});
      return;
    }
    const focused = active && active.dataset ? active.dataset.kept : undefined;
    body.replaceChildren(...model.rows.map((kept) => keptRow(model, kept, pick)));
    if (focused !== undefined) {
      body.querySelector(`tr[data-kept="${CSS.escape(focused)}"]`)?.focus({preventScroll: true});
    }
    footer.textContent = model.footer;
    for (const {button, least, most} of buttons) {
      button.disabled = model.chosen.length < least || model.chosen.length > most;
    }
  };
  draw();
  for (const name of ['rows', 'chosen', 'footer']) model.on(name, draw);
}
