// The table of phases. It holds no state of its own but where the focus is and from where Shift-click reaches.
const COLUMNS = ['', '', 'Phase', 'Pixels', 'Area', 'Main lines'];
const ICONS = {
  eye: '<path d="M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12z"/><circle cx="12" cy="12" r="3"/>',
  hidden: '<path d="M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12z"/><circle cx="12" cy="12" r="3"/>' +
    '<path d="M3 3l18 18"/>',
  lock: '<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>',
  back: '<path d="M4 10h11a5 5 0 0 1 0 10h-4"/><path d="M8 6l-4 4 4 4"/>',
};

function icon(name) {
  return `<svg viewBox="0 0 24 24" width="16" height="16" fill="none" stroke="currentColor"
    stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${ICONS[name]}</svg>`;
}

function cell(row, className, child) {
  const td = document.createElement('td');
  td.className = className;
  if (typeof child === 'string') { td.textContent = child; td.title = child; }
  else if (child) td.appendChild(child);
  row.appendChild(td);
  return td;
}

function button(className, name, title, act) {
  const element = document.createElement('button');
  element.type = 'button';
  element.className = className;
  element.title = title;
  element.setAttribute('aria-label', title);
  element.innerHTML = icon(name);
  element.addEventListener('click', (event) => { event.stopPropagation(); act(); });
  return element;
}

function nameField(phase, tell) {
  const name = document.createElement('input');
  name.type = 'text';
  name.value = phase.name;
  name.maxLength = 60;
  name.setAttribute('aria-label', 'Name of ' + phase.name);
  name.addEventListener('change', () => tell('name', name.value));
  name.addEventListener('click', (event) => event.stopPropagation());
  name.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') name.blur();
    if (event.key === 'Escape') { name.value = phase.name; name.blur(); }
    event.stopPropagation();
  });
  return name;
}

function colourField(phase, tell) {
  const colour = document.createElement('input');
  colour.type = 'color';
  colour.value = phase.colour;
  colour.setAttribute('aria-label', 'Colour of ' + phase.name);
  let waiting = null;
  colour.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => tell('colour', colour.value), 60);
  });
  colour.addEventListener('click', (event) => event.stopPropagation());
  return colour;
}

function swatch(colour) {
  const dot = document.createElement('span');
  dot.className = 'swatch';
  dot.style.background = colour;
  return dot;
}

// rows that a person can choose, name and colour
function phaseRow(model, phase, pick) {
  const row = document.createElement('tr');
  row.dataset.phase = phase.id;
  row.tabIndex = 0;
  row.className = phase.chosen ? 'chosen' : '';
  row.setAttribute('aria-selected', String(phase.chosen));
  const tell = (what, value) => model.send_msg({id: phase.id, what, value});
  const act = (action) => model.send_msg({action, phases: [phase.id]});
  cell(row, 'colour', colourField(phase, tell));
  const eye = phase.visible ? 'Hide on the phase map' : 'Show on the phase map';
  cell(row, 'eye', button(phase.visible ? 'icon' : 'icon off', phase.visible ? 'eye' : 'hidden',
                          `${eye}: ${phase.name}`, () => tell('visible', !phase.visible)));
  const name = cell(row, 'name', nameField(phase, tell));
  if (phase.locked) {
    name.classList.add('locked');
    name.appendChild(button('icon lock', 'lock', `${phase.name} keeps its pixels: click to unlock`,
                            () => act('unlock')));
  }
  cell(row, 'number', phase.pixels.toLocaleString('en'));
  cell(row, 'number', phase.area_text);
  cell(row, 'lines', phase.lines);
  // no text is marked by Shift-click
  row.addEventListener('mousedown', (event) => { if (event.shiftKey) event.preventDefault(); });
  row.addEventListener('click', (event) => {
    if (event.target.tagName !== 'INPUT') pick(phase, event);
  });
  return row;
}

function otherRow(model, phase) {
  const row = document.createElement('tr');
  row.className = phase.kind;
  row.dataset.kind = phase.kind;
  cell(row, 'colour', swatch(phase.colour));
  const excluded = phase.kind === 'excluded';
  cell(row, 'eye', excluded ? button('icon', 'back', `Bring ${phase.name} back`,
    () => model.send_msg({action: 'bring_back', phases: [phase.id]})) : null);
  cell(row, 'name', phase.name);
  cell(row, 'number', phase.pixels.toLocaleString('en'));
  cell(row, 'number', phase.area_text);
  cell(row, 'lines', phase.lines);
  return row;
}

function actionBar(model, chosen) {
  const bar = document.createElement('div');
  bar.className = 'bar';
  const add = (label, title, act) => {
    const element = document.createElement('button');
    element.type = 'button';
    element.className = 'action';
    element.textContent = label;
    element.title = title;
    element.addEventListener('click', act);
    bar.appendChild(element);
    return element;
  };
  const send = (action, value = null) =>
    model.send_msg({action, phases: chosen().map((row) => row.id), value});
  const merge = add('Merge', 'Make the chosen phases one; Ctrl-click or Shift-click rows to choose several',
                    () => send('merge'));
  const split = add('Split in', 'Cluster the pixels of the chosen phase anew', () => send('split', +parts.value));
  const parts = document.createElement('input');
  Object.assign(parts, {type: 'number', min: 2, max: 12, value: 2, className: 'parts', title: 'Number of parts'});
  parts.setAttribute('aria-label', 'Number of parts');
  parts.addEventListener('keydown', (event) => {
    event.stopPropagation();
    if (event.key === 'Enter') split.click();
  });
  bar.appendChild(parts);
  const exclude = add('Exclude', 'Leave the chosen phases out of the map and of all totals', () => send('exclude'));
  const lock = add('Lock', 'The chosen phases keep their pixels while the number of phases moves',
                   () => send(lock.textContent.toLowerCase()));
  const reset = add('Reset', 'Take back all merges, splits, exclusions and locks', () => send('reset'));
  const follow = () => {
    const rows = chosen();
    merge.disabled = rows.length < 2;
    split.disabled = parts.disabled = rows.length !== 1;
    exclude.disabled = lock.disabled = rows.length < 1;
    reset.disabled = model.edits.length === 0;
    lock.textContent = rows.length && rows.every((row) => row.locked) ? 'Unlock' : 'Lock';
  };
  return {bar, follow};
}

function footerLines(model, footer) {
  const line = document.createElement('div');
  line.textContent = model.footer;
  footer.replaceChildren(line);
  if (model.edits.length) {
    const edits = document.createElement('div');
    edits.className = 'edits';
    for (const edit of model.edits) {
      const chip = document.createElement('button');
      chip.type = 'button';
      chip.className = 'chip';
      chip.textContent = edit.text + ' ×';
      chip.title = 'Take this edit back: ' + edit.text;
      chip.addEventListener('click',
        () => model.send_msg({action: 'remove_edit', phases: [], value: edit.command}));
      edits.appendChild(chip);
    }
    footer.appendChild(edits);
  }
  for (const note of model.notes) {
    const sentence = document.createElement('div');
    sentence.className = 'note';
    sentence.textContent = note;
    footer.appendChild(sentence);
  }
}

export function render({model, el}) {
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
  const footer = document.createElement('div');
  footer.className = 'footer';
  const box = document.createElement('div');
  box.className = 'scroll';
  box.appendChild(table);

  const phases = () => model.rows.filter((row) => row.kind === 'phase');
  const chosen = () => phases().filter((row) => row.chosen);
  const {bar, follow} = actionBar(model, chosen);
  el.append(bar, box, footer);

  let anchor = null;  // where Shift-click starts from
  const choose = (ids) => model.send_msg({action: 'choose', phases: ids});
  const pick = (phase, event) => {
    const ids = phases().map((row) => row.id);
    const now = chosen().map((row) => row.id);
    if (event.shiftKey && ids.includes(anchor)) {
      const [from, to] = [ids.indexOf(anchor), ids.indexOf(phase.id)].sort((a, b) => a - b);
      choose(ids.slice(from, to + 1));
      return;
    }
    anchor = phase.id;
    if (event.ctrlKey || event.metaKey) {
      choose(phase.chosen ? now.filter((id) => id !== phase.id) : [...now, phase.id]);
    } else {
      choose(phase.chosen && now.length === 1 ? [] : [phase.id]);
    }
  };
  body.addEventListener('keydown', (event) => {
    const row = event.target.closest('tr[data-phase]');
    if (event.target !== row || row === null) return;
    const rows = [...body.querySelectorAll('tr[data-phase]')];
    const phase = phases().find((one) => String(one.id) === row.dataset.phase);
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (step) {
      const next = rows[rows.indexOf(row) + step];
      if (next) { next.focus(); if (event.shiftKey) pick(phases()[rows.indexOf(next)], event); }
    } else if (event.key === ' ' || event.key === 'Enter') {
      pick(phase, {ctrlKey: event.key === ' ', shiftKey: event.shiftKey});
    } else if (event.key === 'Escape') {
      choose([]);
    } else if (event.key === 'Delete') {
      model.send_msg({action: 'exclude', phases: chosen().map((one) => one.id)});
    } else {
      return;
    }
    event.preventDefault();
  });

  const draw = () => {
    // never take the text or the colour dialog away from under the hand that edits it
    const active = el.getRootNode().activeElement;
    if (active && active.tagName === 'INPUT' && body.contains(active)) {
      active.addEventListener('blur', draw, {once: true});
      return;
    }
    const focused = active && active.dataset ? active.dataset.phase : undefined;
    body.replaceChildren(...model.rows.map(
      (row) => (row.kind === 'phase' ? phaseRow(model, row, pick) : otherRow(model, row))));
    if (focused !== undefined) body.querySelector(`tr[data-phase="${focused}"]`)?.focus({preventScroll: true});
    follow();
  };
  const drawFooter = () => { footerLines(model, footer); follow(); };
  draw();
  drawFooter();
  model.on('rows', draw);
  for (const name of ['footer', 'edits', 'notes']) model.on(name, drawFooter);
}
