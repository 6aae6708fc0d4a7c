// Lines above the figures. All of them are text, whoever wrote it.
function moment(seconds) {
  const options = {dateStyle: 'medium', timeStyle: 'short'};
  return new Intl.DateTimeFormat(navigator.language, options).format(new Date(1000 * seconds));
}

function ago(seconds) {
  const past = Math.max(0, Date.now() / 1000 - seconds);
  const words = new Intl.RelativeTimeFormat('en', {numeric: 'auto'});
  if (past < 90) return 'a moment ago';
  if (past < 5400) return words.format(-Math.round(past / 60), 'minute');
  if (past < 129600) return words.format(-Math.round(past / 3600), 'hour');
  return words.format(-Math.round(past / 86400), 'day');
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// the actions with which a line goes away
const CLOSING = ['let_go', 'close', 'dismiss_job'];

function lineOf(model, name, el) {
  const line = element('div', 'bar');
  line.setAttribute('role', 'status');
  el.append(line);
  const show = () => {
    const bar = model[name];
    line.replaceChildren();
    line.hidden = !bar.parts;
    if (!bar.parts) return;
    line.classList.toggle('warning', bar.warning);
    const head = element('div', 'head');
    const sentence = element('span', 'sentence');
    for (const part of bar.parts) {
      if (typeof part === 'string') sentence.append(part);
      else if (part.strong !== undefined) sentence.append(element('b', '', part.strong));
      else if (part.when !== undefined) sentence.append(element('span', 'when', moment(part.when)));
      else if (part.ago !== undefined) sentence.append(element('span', 'when', ago(part.ago)));
    }
    head.append(sentence);
    bar.actions.forEach(({what, label}, number) => {
      const button = element('button', number === 0 ? 'first' : '', label);
      button.type = 'button';
      button.addEventListener('click', () => model.send_msg({what}));
      head.append(button);
    });
    if (!bar.actions.some(({what}) => CLOSING.includes(what))) {
      const close = element('button', 'close', '×');
      close.type = 'button';
      close.title = 'Close this line';
      close.setAttribute('aria-label', close.title);
      close.addEventListener('click', () => model.send_msg({what: 'close'}));
      head.append(close);
    }
    line.append(head);
    if (bar.notes) {
      const notes = element('div', 'notes', bar.notes);
      notes.title = 'Notes of the author; click to read all of them';
      notes.addEventListener('click', () => notes.classList.toggle('all'));
      line.append(notes);
    }
    if (bar.details.length) {
      const below = element('div', 'below');
      if (bar.picture) {
        const picture = element('img');
        picture.src = bar.picture;
        picture.alt = 'The phase map as it was';
        below.append(picture);
      }
      const list = element('ul');
      for (const detail of bar.details) list.append(element('li', '', detail));
      below.append(list);
      line.append(below);
    }
  };
  show();
  model.on(name, show);
}

export function render({model, el}) {
  for (const name of ['bar', 'job']) lineOf(model, name, el);
}
