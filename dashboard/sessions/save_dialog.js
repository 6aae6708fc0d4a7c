class SaveDialog extends Dialog {
  constructor(root, send) { super(root, send, 'Save this state', 'save'); }

  received(message) {
    if (message.kind === 'save') this.show(message);
    else if (message.kind === 'saved') this.close();
    else if (message.kind === 'overtaken' && this.dialog.open) {
      this.askWhich(message, () => this.save(true), () => this.save(false, message.version));
    }
  }

  show(about) {
    this.fail('');
    if (!about.open) {
      this.body.replaceChildren(element('p', '', 'There is nothing to save yet: open a dataset first.'));
      this.foot.replaceChildren(button('Close', () => this.close()));
      return;
    }
    const name = textInput(about.name, {maxLength: 200, placeholder: 'A name'});
    const notes = element('textarea');
    Object.assign(notes, {value: about.notes, rows: 4, placeholder: 'What you see, what is open'});
    const who = select(VISIBILITIES, about.visibility);
    const fields = element('div', 'fields', field('Name', name), field('Notes', notes));
    if (about.accounts) fields.append(field('Who may open it', who));
    this.body.replaceChildren(element('div', 'columns', picture(about.thumbnail), fields));
    this.save = (fresh, instead = '') => {
      if (name.value.trim() === '') { this.fail('Give it a name first.'); name.focus(); return; }
      this.fail('');
      this.busy(true);
      this.send({what: 'save', name: name.value, notes: notes.value, new: fresh, instead,
                 // what was not touched stays as it is, whatever another tab has made of it
                 visibility: about.accounts && (fresh || who.value !== about.visibility) ? who.value : ''});
    };
    const own = about.own && !about.copy;
    const first = button(own ? 'Save' : about.copy ? 'Save a copy' : 'Save', () => this.save(!own), 'first');
    this.foot.replaceChildren(
      ...(own ? [button('Save as a new one', () => this.save(true))] : []),
      button('Cancel', () => this.close()), first,
    );
    name.addEventListener('keydown', (event) => { if (event.key === 'Enter' && !event.isComposing) this.foot.querySelector('.first').click(); });
    name.focus();
    name.select();
  }
}
