class OpenDialog extends Dialog {
  constructor(root, send) {
    super(root, send, 'Saved sessions', 'sessions');
    this.search = textInput('', {type: 'search', placeholder: 'Search names, notes, authors, datasets'});
    this.search.setAttribute('aria-label', 'Search');
    this.deleted = element('input');
    this.deleted.type = 'checkbox';
    this.list = element('div', 'list');
    this.top = element('div', 'top', this.search,
      element('label', 'check', this.deleted, 'Deleted ones'));
    let timer = null;
    const ask = () => send({what: 'list', search: this.search.value, deleted: this.deleted.checked});
    this.search.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(ask, 180); });
    this.deleted.addEventListener('change', ask);
  }

  open() {
    this.search.value = '';
    this.deleted.checked = false;
    this.renaming = false;
    this.later = [];
    super.open();
  }

  received(message) {
    // rows that come while a name is typed would take the field away
    if (this.renaming && ['sessions', 'row', 'added'].includes(message.kind)) this.later.push(message);
    else if (message.kind === 'sessions') this.show(message);
    else if (message.kind === 'row') this.renew(message.row);
    else if (message.kind === 'added') this.add(message.row, message.after);
    else if (message.kind === 'opening') this.busyList(true);
    else if (message.kind === 'opened' && this.dialog.open) this.close();
  }

  fail(text) {
    super.fail(text);
    this.busyList(false);
  }

  busyList(is) { this.list?.classList.toggle('busy', is); }

  show(found) {
    if (!this.dialog.open || found.search !== this.search.value || found.deleted !== this.deleted.checked) return;
    this.fail('');
    this.accounts = found.accounts;
    this.present = found.present;
    if (!this.top.isConnected) {
      this.body.replaceChildren(this.top, this.list);
      this.search.focus();
    }
    this.list.replaceChildren(...found.rows.map((row) => this.row(row)));
    if (found.rows.length === 0) {
      const words = found.search ? 'Nothing is called that, or says so in its notes.'
        : found.deleted ? 'Nothing was deleted.' : 'Nothing is saved yet. Save keeps what you see under a name.';
      this.list.append(element('p', 'empty', words));
    }
    this.foot.replaceChildren();
  }

  renew(row) {
    const old = [...this.list.children].find((one) => one.dataset.session === row.id);
    if (!old) return;
    const fresh = row.deleted && !this.deleted.checked ? this.gone(row) : this.row(row);
    if (!row.deleted && this.deleted.checked) old.remove();
    else old.replaceWith(fresh);
  }

  add(row, after) {
    const fresh = this.row(row);
    const before = [...this.list.children].find((one) => one.dataset.session === after);
    this.list.querySelector('.empty')?.remove();
    if (before) before.before(fresh);
    else this.list.prepend(fresh);
    fresh.scrollIntoView({block: 'nearest'});
    fresh.classList.add('fresh');
  }

  // in place of a row that was deleted, until the list is asked for again
  gone(row) {
    const undo = button('Undo', () => this.send({what: 'restore', id: row.id}));
    const line = element('div', 'row gone', element('span', 'words', `“${row.name}” is deleted.`), undo);
    line.dataset.session = row.id;
    return line;
  }

  row(row) {
    const open = () => { this.fail(''); this.send({what: 'open', id: row.id}); };
    const name = row.deleted ? element('span', 'title', row.name) : button(row.name, open, 'title');
    const facts = [row.dataset, row.author, moment(row.changed)].filter((fact) => fact);
    if (row.links) facts.push(row.links === 1 ? '1 link' : `${row.links} links`);
    if (row.id === this.present) facts.push('open here');
    const words = element('div', 'words', name, element('div', 'facts', facts.join('  ·  ')));
    if (row.notes) words.append(element('div', 'notes', row.notes));
    const actions = element('div', 'actions');
    if (row.deleted) {
      actions.append(button('Restore', () => this.send({what: 'restore', id: row.id})));
    } else {
      if (row.mine && this.accounts) {
        const who = select(VISIBILITIES, row.visibility);
        who.title = 'Who may open it';
        who.setAttribute('aria-label', who.title);
        who.addEventListener('change', () => this.send({what: 'publish', id: row.id, visibility: who.value}));
        actions.append(who);
      }
      if (row.mine) actions.append(signButton('rename', 'Rename', () => this.rename(row, name)));
      actions.append(signButton('duplicate', 'Duplicate', () => this.send({what: 'duplicate', id: row.id})));
      if (row.mine) actions.append(signButton('remove', 'Delete', () => this.send({what: 'delete', id: row.id})));
    }
    const image = picture(row.thumbnail);
    if (!row.deleted) image.addEventListener('click', open);
    const line = element('div', 'row', image, words, actions);
    line.dataset.session = row.id;
    return line;
  }

  rename(row, name) {
    const input = textInput(row.name, {maxLength: 200});
    input.className = 'rename';
    input.setAttribute('aria-label', 'Name');
    let ended = false;
    const end = (keep) => {
      if (ended) return;
      ended = true;
      if (keep && input.value.trim() && input.value !== row.name) {
        this.send({what: 'rename', id: row.id, name: input.value});
      }
      input.replaceWith(name);
      this.renaming = false;
      for (const message of this.later.splice(0)) this.received(message);
    };
    input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') end(true);
      if (event.key === 'Escape') { event.preventDefault(); event.stopPropagation(); end(false); }
    });
    input.addEventListener('blur', () => end(true));
    this.renaming = true;
    name.replaceWith(input);
    input.focus();
    input.select();
  }
}
