class ShareDialog extends Dialog {
  constructor(root, send) {
    super(root, send, 'Share by a link', 'share');
    this.expires = 'never';
    this.view = true;
  }

  received(message) {
    if (!this.dialog.open) return;
    if (message.kind === 'share') this.show(message);
    else if (message.kind === 'overtaken') {
      this.askWhich(message, () => this.make({new: true}), () => this.make({instead: message.version}));
    }
  }

  show(about) {
    this.fail('');
    if (!about.open) {
      this.body.replaceChildren(element('p', '', 'There is nothing to share yet: open a dataset first.'));
      this.foot.replaceChildren(button('Close', () => this.close()));
      return;
    }
    const words = !about.saved
      ? 'What you see is saved under this name, and the link shows it as it is now, whatever you change later.'
      : about.changed
        ? `Your changes are saved to “${about.name}”; the link shows them as they are now.`
        : `The link shows “${about.name}” as it is now, whatever you change later.`;
    const name = textInput(about.name, {maxLength: 200});
    const expires = select({never: 'Never', week: 'After a week', month: 'After a month'}, this.expires);
    const view = element('input');
    Object.assign(view, {type: 'checkbox', checked: this.view});
    this.make = (agreed = {}) => {
      if (!about.saved && name.value.trim() === '') { this.fail('Give it a name first.'); name.focus(); return; }
      [this.expires, this.view] = [expires.value, view.checked];
      this.fail('');
      this.busy(true);
      this.send({what: 'share', name: name.value, expires: expires.value, view: view.checked, ...agreed});
    };
    const make = button('Create link', () => this.make(), 'first');
    name.addEventListener('keydown', (event) => { if (event.key === 'Enter') make.click(); });
    const choices = element('div', 'choices', field('Ends', expires), element('label', 'check', view,
      'With this view: tab, zoom, chosen phases'));
    this.body.replaceChildren(
      element('p', '', words), ...(about.saved ? [] : [field('Name', name)]), choices,
      ...(about.links.length ? [this.links(about)] : []),
    );
    this.foot.replaceChildren(button('Close', () => this.close()), make);
    if (about.new) this.copy(this.body.querySelector(`[data-token="${CSS.escape(about.new)}"]`), true);
  }

  links(about) {
    const list = element('div', 'links', element('h3', '', 'Links of this session'));
    for (const link of about.links) {
      const url = `${location.origin}${location.pathname}?s=${encodeURIComponent(link.token)}`;
      const address = textInput(url, {readOnly: true});
      address.setAttribute('aria-label', 'Address');
      address.addEventListener('focus', () => address.select());
      const state = link.ended === 'revoked' ? 'revoked' : link.ended === 'expired'
        ? `ended ${moment(link.expires)}` : link.expires ? `until ${moment(link.expires)}` : 'without end';
      const line = element('div', link.ended ? 'link ended' : 'link', address);
      line.dataset.token = link.token;
      if (!link.ended) {
        line.append(button('Copy', () => this.copy(line)),
          button('Revoke', () => this.send({what: 'revoke', token: link.token}), 'revoke'));
      }
      line.append(element('span', 'facts', `made ${moment(link.created)}  ·  ${state}`));
      list.append(line);
    }
    return list;
  }

  // the clipboard is there on https and localhost alone; else the marked text is copied the old way
  async copy(line, fresh = false) {
    if (!line) return;
    const address = line.querySelector('input');
    let done = true;
    try {
      await navigator.clipboard.writeText(address.value);
    } catch {
      address.focus();
      address.select();
      done = document.execCommand('copy');
    }
    const facts = line.querySelector('.facts');
    facts.textContent = done ? 'copied to the clipboard' : 'marked: press Ctrl+C to copy it';
    facts.classList.add('done');
    if (fresh) line.classList.add('fresh');
  }
}
