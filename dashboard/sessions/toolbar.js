// Save, Open, Share and Files in the head of the page, the name of the session, and how many people are here.
// The dialogs are fetched when the first of them is opened: a page that needs none does not pay for them.
const ICONS = {
  save: '<path d="M5 3h11l4 4v13a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1z"/><path d="M8 3v5h7V3"/>' +
    '<rect x="7.5" y="13" width="9" height="8"/>',
  open: '<path d="M3 19V6a1 1 0 0 1 1-1h5l2 2.5h8a1 1 0 0 1 1 1V10"/><path d="M3 19l3-9h16l-3 9z"/>',
  share: '<circle cx="6" cy="12" r="2.6"/><circle cx="17.5" cy="5.5" r="2.6"/><circle cx="17.5" cy="18.5" r="2.6"/>' +
    '<path d="M8.3 10.7l6.9-3.9M8.3 13.3l6.9 3.9"/>',
  files: '<path d="M12 16V4"/><path d="M7.5 8L12 3.5 16.5 8"/><path d="M4 15v4a1.5 1.5 0 0 0 1.5 1.5h13' +
    'A1.5 1.5 0 0 0 20 19v-4"/>',
  people: '<circle cx="9" cy="8" r="3.4"/><path d="M2.5 20c0-4 3-6.2 6.500-6.2s6.500 2.2 6.500 6.2"/>' +
    '<path d="M16 4.9a3.4 3.400 0 0 1 0 6.3M18 14.3c2.2.8 3.5 2.800 3.500 5.7"/>',
};
const WORDS = {save: 'Save this state', open: 'Open a saved session', share: 'Share by a link',
  files: 'Files: look for datasets, or upload'};

function icon(name, size = 18) {
  return `<svg viewBox="0 0 24 24" width="${size}" height="${size}" fill="none" stroke="currentColor"
    stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${ICONS[name]}</svg>`;
}

// a number that the browser keeps: the tab's stays when the page is loaded again, the person's for good
function kept(storage, name) {
  const fresh = () => [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0')).join('');
  try {
    const known = window[storage].getItem(name);
    if (known) return known;
    const made = fresh();
    window[storage].setItem(name, made);
    return made;
  } catch {  // storage is switched off: a person without a past
    return fresh();
  }
}

export function render({model, el}) {
  const send = (message) => model.send_msg(message);
  const button = (name, act) => {
    const element = document.createElement('button');
    element.type = 'button';
    element.innerHTML = icon(name);
    element.title = WORDS[name] + (name === 'save' ? ' (Ctrl+S)' : '');
    element.setAttribute('aria-label', WORDS[name]);
    element.addEventListener('click', act);
    el.append(element);
    return element;
  };

  let dialogs = null;
  let asked = null;
  const withDialogs = (act) => {
    if (dialogs !== null) { act(dialogs); return; }
    const first = asked === null;
    asked = act;
    if (first) send({what: 'code'});
  };
  const openSave = (copy = false) => withDialogs((all) => { all.open('save'); send({what: 'ask_save', copy}); });
  const openList = () => withDialogs((all) => { all.open('sessions'); send({what: 'list', search: ''}); });
  const openShare = () => withDialogs((all) => { all.open('share'); send({what: 'ask_share'}); });
  button('save', () => openSave());
  button('open', openList);
  button('share', openShare);
  button('files', () => withDialogs((all) => { all.open('files'); send({what: 'files'}); }));

  const name = document.createElement('span');
  name.className = 'name';
  const people = document.createElement('span');
  people.className = 'people';
  const who = document.createElement('details');
  who.className = 'who';
  const called = document.createElement('summary');
  const menu = document.createElement('div');
  const leaving = document.createElement('a');
  leaving.href = 'logout';
  leaving.textContent = 'Sign out';
  who.append(called, menu);
  el.append(name, people, who);

  const showName = () => {
    name.textContent = model.name_shown;
    name.hidden = model.name_shown === '';
    name.classList.toggle('changed', model.changed);
    name.title = model.changed ? `${model.name_shown}: changed since it was saved` : model.name_shown;
  };
  const showPeople = () => {
    people.hidden = model.people < 2;
    people.innerHTML = icon('people', 16);
    people.append(String(model.people));
    people.title = `${model.people} people look at this now`;
    people.setAttribute('aria-label', people.title);
  };
  const showWho = () => {
    who.hidden = model.user === '';
    called.textContent = model.user;
    called.title = `Signed in as ${model.user}`;
    menu.replaceChildren('Signed in as ', Object.assign(document.createElement('b'), {textContent: model.user}), leaving);
  };
  let place = null;
  const showWhere = () => {
    const where = model.where;
    if (!where.search) return;
    const url = location.pathname + where.search + location.hash;
    // a slider makes no history; another dataset or session does
    if (place === null || place === where.place) history.replaceState(history.state, '', url);
    else if (location.search !== where.search) history.pushState({}, '', url);
    place = where.place;
  };
  showName(); showPeople(); showWho(); showWhere();
  model.on('name_shown', showName);
  model.on('changed', showName);
  model.on('people', showPeople);
  model.on('user', showWho);
  model.on('where', showWhere);

  model.on('msg:custom', async (event) => {
    const message = event.data ?? event;
    if (message.kind === 'code') {
      const address = URL.createObjectURL(new Blob([message.code], {type: 'text/javascript'}));
      const module = await import(address);
      URL.revokeObjectURL(address);
      dialogs = module.make(el.getRootNode(), message.style, send);
      asked?.(dialogs);
      asked = null;
    } else if (message.kind === 'ask_save') openSave(true);
    else dialogs?.received(message);
  });

  // the server hears that the page is left before it notices that the connection is gone
  const hello = {what: 'hello', person: kept('localStorage', 'lodestone-person'),
                 tab: kept('sessionStorage', 'lodestone-tab')};
  const leave = () => send({what: 'away'});
  const shown = (event) => { if (event.persisted) send({what: 'back'}); };
  const stepped = () => { if (model.where.search && location.search !== model.where.search) location.reload(); };
  const keys = (event) => {
    if (event.key === 'Escape' && who.open) { who.open = false; called.focus(); }
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    if (event.key.toLowerCase() !== 's') return;
    event.preventDefault();
    if (!dialogs?.isOpen()) openSave();
  };
  window.addEventListener('pagehide', leave);
  window.addEventListener('pageshow', shown);
  window.addEventListener('popstate', stepped);
  const beside = (event) => { if (!event.composedPath().includes(who)) who.open = false; };
  document.addEventListener('pointerdown', beside);
  document.addEventListener('keydown', keys);
  model.on('remove', () => {
    window.removeEventListener('pagehide', leave);
    window.removeEventListener('pageshow', shown);
    window.removeEventListener('popstate', stepped);
    document.removeEventListener('pointerdown', beside);
    document.removeEventListener('keydown', keys);
  });
  send(hello);
}
