// What the dialogs share. Whatever people have typed is set as text, never as HTML.
const SIGNS = {
  close: '<path d="M6 6l12 12M18 6L6 18"/>',
  rename: '<path d="M4 20l1-4L16.5 4.5a2 2 0 0 1 3 3L8 19z"/>',
  duplicate: '<rect x="8" y="8" width="12" height="12" rx="2"/><path d="M16 8V5a1 1 0 0 0-1-1H5a1 1 0 0 0-1 1v10' +
    'a1 1 0 0 0 1 1h3"/>',
  remove: '<path d="M4 7h16M9 7V4h6v3M6.5 7l1 13h9l1-13M10 11v5M14 11v5"/>',
  copy: '<rect x="8" y="8" width="12" height="12" rx="2"/><path d="M16 8V5a1 1 0 0 0-1-1H5a1 1 0 0 0-1 1v10' +
    'a1 1 0 0 0 1 1h3"/>',
  link: '<path d="M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1.3 1.3"/>' +
    '<path d="M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1.3-1.3"/>',
  map: '<path d="M3 6l6-2 6 2 6-2v14l-6 2-6-2-6 2zM9 4v14M15 6v14"/>',
};

function sign(name, size = 17) {
  return `<svg viewBox="0 0 24 24" width="${size}" height="${size}" fill="none" stroke="currentColor"
    stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${SIGNS[name]}</svg>`;
}

// element('div', 'class', 'text' or an element, ...)
function element(tag, className = '', ...inside) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...inside.filter((part) => part !== null && part !== undefined));
  return made;
}

function button(label, act, className = '') {
  const made = element('button', className, label);
  made.type = 'button';
  made.addEventListener('click', act);
  return made;
}

function signButton(name, title, act) {
  const made = button('', act, 'sign');
  made.innerHTML = sign(name);
  made.title = title;
  made.setAttribute('aria-label', title);
  return made;
}

function field(label, input) {
  return element('label', 'field', element('span', '', label), input);
}

function textInput(value = '', options = {}) {
  const input = element('input');
  Object.assign(input, {type: 'text', value, ...options});
  return input;
}

function select(options, value) {
  const made = element('select');
  for (const [key, words] of Object.entries(options)) {
    const option = element('option', '', words);
    option.value = key;
    made.append(option);
  }
  made.value = value;
  return made;
}

const VISIBILITIES = {private: 'Only me', team: 'Everybody signed in', link: 'Who has a link'};

function moment(seconds) {
  const date = new Date(1000 * seconds);
  const today = new Date().toDateString() === date.toDateString();
  const options = today ? {timeStyle: 'short'} : {dateStyle: 'medium', timeStyle: 'short'};
  return (today ? 'today, ' : '') + new Intl.DateTimeFormat(navigator.language, options).format(date);
}

function picture(source) {
  const frame = element('div', 'picture');
  if (source) {
    const image = element('img');
    image.src = source;
    image.alt = '';
    frame.append(image);
  } else {
    frame.innerHTML = sign('map', 30);
  }
  return frame;
}

// a <dialog> with a head, a body and a line for what went wrong
class Dialog {
  constructor(root, send, title, className) {
    this.send = send;
    this.body = element('div', 'body');
    this.failure = element('div', 'failure');
    this.failure.setAttribute('role', 'alert');
    this.foot = element('div', 'foot');
    const heading = element('h2', '', title);
    const head = element('div', 'head', heading, signButton('close', 'Close', () => this.close()));
    this.dialog = element('dialog', className, head, this.body, this.failure, this.foot);
    this.dialog.setAttribute('aria-label', title);
    this.dialog.addEventListener('cancel', (event) => { event.preventDefault(); this.close(); });
    // a click beside it closes it, unless the press began inside, as when text is marked
    this.dialog.addEventListener('pointerdown', (event) => { this.beside = event.target === this.dialog; });
    this.dialog.addEventListener('click', (event) => {
      if (event.target === this.dialog && this.beside) this.close();
    });
    // what is typed here is for the dialog, not for the keys of the page
    this.dialog.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' && event.key !== 'Tab') event.stopPropagation();
    });
    root.append(this.dialog);
  }

  // the page follows its theme: dark or light is read when the dialog opens
  open() {
    const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g).map(Number);
    const dark = 0.3 * red + 0.6 * green + 0.1 * blue < 110;
    this.dialog.classList.toggle('dark', dark);
    this.fail('');
    this.wait();
    if (!this.dialog.open) this.dialog.showModal();
  }

  wait() {
    this.body.replaceChildren(element('div', 'waiting', 'One moment…'));
    this.foot.replaceChildren();
  }

  close() { this.dialog.close(); }

  // somebody has saved the same session since it was opened here: this one decides, nothing is lost meanwhile
  askWhich(there, copy, instead) {
    this.fail('');
    const line = element('div', 'overtaken',
      element('span', '', `“${there.name}” was changed `), element('b', '', moment(there.changed)),
      element('span', '', there.author ? ` by ${there.author}, in another tab.` : ', in another tab.'),
      element('span', 'facts', 'What is saved there is not what was opened here. Keep both, or put yours in its place.'));
    line.setAttribute('role', 'alert');
    this.body.querySelector('.overtaken')?.remove();
    this.body.prepend(line);
    const first = button('Save a copy', copy, 'first');
    this.foot.replaceChildren(button('Cancel', () => this.close()), button('Replace', instead, 'grave'), first);
    first.focus();
  }

  fail(text) {
    this.failure.textContent = text;
    this.failure.hidden = text === '';
    this.busy(false);
  }

  // while the server works, nothing is pressed twice
  busy(is) {
    this.dialog.classList.toggle('busy', is);
    for (const one of this.foot.querySelectorAll('button')) one.disabled = is;
  }
}

export function make(root, style, send) {
  root.append(element('style', '', style));
  const all = {
    save: new SaveDialog(root, send), sessions: new OpenDialog(root, send), share: new ShareDialog(root, send),
    files: new FilesDialog(root, send),
  };
  const shown = () => Object.values(all).find((one) => one.dialog.open);
  return {
    open: (name) => all[name].open(),
    isOpen: () => shown() !== undefined,
    received: (message) => {
      if (message.kind === 'failed') shown()?.fail(message.text);
      else for (const one of Object.values(all)) one.received(message);
    },
  };
}
