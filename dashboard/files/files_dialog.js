class FilesDialog extends Dialog {
  constructor(root, send) {
    super(root, send, 'Files', 'sessions files');
    this.rows = [];
    this.search = textInput('', {type: 'search', placeholder: 'Search names and kinds'});
    this.search.setAttribute('aria-label', 'Search');
    this.search.addEventListener('input', () => this.list());
    this.choose = element('input');
    Object.assign(this.choose, {type: 'file', multiple: true, hidden: true});
    this.choose.setAttribute('aria-label', 'Files to upload');
    this.choose.addEventListener('change', () => { this.take([...this.choose.files]); this.choose.value = ''; });
    const upload = button('Upload…', () => this.choose.click(), 'first');
    upload.title = 'Or drop files here. Files of one dataset, such as .rpl and .raw, are chosen together.';
    this.top = element('div', 'top', this.search, upload, this.choose);
    this.sendings = element('div', 'sendings');
    this.found = element('div', 'list');
    this.note = element('div', 'facts');
    for (const kind of ['dragover', 'dragleave', 'drop']) {
      this.dialog.addEventListener(kind, (event) => {
        event.preventDefault();
        this.dialog.classList.toggle('over', kind === 'dragover');
        if (kind === 'drop') this.take([...event.dataTransfer.files]);
      });
    }
    this.leaving = (event) => event.preventDefault();
  }

  open() {
    this.search.value = '';
    super.open();
    this.unfinished();
  }

  received(message) {
    if (message.kind !== 'files') return;
    Object.assign(this, {rows: message.rows, present: message.present, leftOut: message.left_out});
    this.folder = message.folder;
    if (!this.dialog.open) return;
    if (!this.top.isConnected) {
      this.body.replaceChildren(this.top, this.sendings, this.found, this.note);
      this.search.focus();
    }
    this.list();
  }

  list() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter((word) => word);
    const rows = this.rows.filter((row) => words.every(
      (word) => `${row.name} ${row.kind}`.toLowerCase().includes(word)));
    this.found.replaceChildren(...rows.slice(0, 200).map((row) => this.row(row)));
    if (rows.length === 0) this.found.append(element('p', 'empty', 'No dataset is called that.'));
    const more = rows.length - 200 + (this.leftOut ?? 0);
    const place = this.folder ? `Datasets in ${this.folder}: ${this.rows.length - 1 + (this.leftOut ?? 0)}`
      : 'There is no data folder (LODESTONE_DATA): what is uploaded is kept beside the saved sessions.';
    this.note.textContent = more > 0 ? `${place}. ${more} more: search for their names.` : place;
  }

  row(row) {
    const open = () => { this.send({what: 'open_file', id: row.id}); this.close(); };
    const facts = [row.kind];
    if (!row.demo) facts.push(fileSize(row.size), moment(row.modified));
    if (row.id === this.present) facts.push('open here');
    const words = element('div', 'words', button(row.name, open, 'title'),
      element('div', 'facts', facts.join('  ·  ')));
    const image = picture(row.thumbnail);
    image.addEventListener('click', open);
    const line = element('div', row.id === this.fresh ? 'row fresh' : 'row', image, words);
    line.dataset.entry = row.id;
    return line;
  }

  take(files) {
    this.fail('');
    for (const group of byDataset(files)) this.upload(group);
  }

  async upload(files) {
    const name = files.map((file) => file.name).join(', ');
    const bar = element('progress');
    const words = element('span', 'facts', 'waiting');
    const cancel = button('Cancel', () => { sending.cancel(); line.remove(); });
    const line = element('div', 'sending', element('span', 'file', name), cancel, bar, words);
    for (const broken of this.sendings.querySelectorAll('.broken')) {
      if (files.some((file) => file.name === broken.querySelector('.file').textContent)) broken.remove();
    }
    this.sendings.append(line);
    const sending = new Sending(files, (now) => {
      if (now.sent !== undefined) { bar.max = sending.size || 1; bar.value = now.sent; }
      words.textContent = now.words;
    });
    bar.setAttribute('aria-label', name);
    window.addEventListener('beforeunload', this.leaving);
    try {
      const done = await sending.run();
      this.fresh = done.entry_id;
      this.search.value = '';
      line.classList.add('done');
      words.textContent = done.message;
      bar.remove();
      cancel.replaceWith(button('Open', () => {
        this.send({what: 'open_file', id: done.entry_id});
        line.remove();
        this.close();
      }, 'first'));
      this.send({what: 'files'});
    } catch (error) {
      if (error.name === 'AbortError') return;
      line.classList.add('failed');
      words.textContent = error instanceof Refusal ? error.message
        : 'The server does not answer. What has arrived is kept: choose the same file again to go on.';
      bar.remove();
      cancel.textContent = 'Close';
    } finally {
      window.removeEventListener('beforeunload', this.leaving);
    }
  }

  // what broke off with a page that is gone: the same file goes on from there
  async unfinished() {
    let mine = [];
    try { mine = (await asked('GET', '')).uploads; } catch { return; }
    this.sendings.querySelectorAll('.broken').forEach((line) => line.remove());
    if (this.sendings.childElementCount) return;
    for (const one of mine) {
      const share = one.size ? Math.floor(100 * one.offset / one.size) : 100;
      const line = element('div', 'sending broken', element('span', 'file', one.name),
        button('Discard', async () => { await asked('DELETE', `/${one.id}`); line.remove(); }),
        element('span', 'facts', `${share} % have arrived: choose the same file again to go on`));
      this.sendings.append(line);
    }
  }
}
