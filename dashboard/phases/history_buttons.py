"""Undo and redo in the head of the page, and their keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import param

from dashboard.messages import MessageComponent
from dashboard.phases.history import PhasesHistory
from dashboard.together import at_once


class HistoryButtons(MessageComponent):
    """Two buttons that say what they take back; Ctrl+Z, Ctrl+Shift+Z and Ctrl+Y do the same.

    Keys that are pressed while a text is edited belong to the text. A slider that is held is one step.
    """

    undo_text = param.String(default="", doc="what would be taken back")
    redo_text = param.String(default="", doc="what would be done again")

    _esm: ClassVar[str] = """
const ARROWS = {
  undo: '<path d="M8 4L3 9l5 5"/><path d="M3 9h11a6 6 0 0 1 0 12h-3"/>',
  redo: '<path d="M16 4l5 5-5 5"/><path d="M21 9H10a6 6 0 0 0 0 12h3"/>',
};

// the element that has the keys, through all shadow roots
function focused() {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  return active;
}

function editsText(element) {
  if (!element) return false;
  if (element.isContentEditable || element.tagName === 'TEXTAREA') return true;
  const textless = ['button', 'checkbox', 'color', 'radio', 'range', 'submit', 'reset', 'file'];
  return element.tagName === 'INPUT' && !textless.includes(element.type) && !element.readOnly;
}

export function render({model, el}) {
  const button = (name, keys) => {
    const element = document.createElement('button');
    element.type = 'button';
    element.innerHTML = `<svg viewBox="0 0 24 24" width="18" height="18" fill="none" stroke="currentColor"
      stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${ARROWS[name]}</svg>`;
    element.addEventListener('click', () => model.send_msg(name));
    const word = name === 'undo' ? 'Undo' : 'Redo';
    const follow = () => {
      const text = model[name + '_text'];
      element.disabled = text === '';
      element.title = text === '' ? `Nothing to ${name}` : `${word}: ${text} (${keys})`;
      element.setAttribute('aria-label', text === '' ? word : `${word}: ${text}`);
    };
    follow();
    model.on(name + '_text', follow);
    el.append(element);
  };
  button('undo', 'Ctrl+Z');
  button('redo', 'Ctrl+Shift+Z');

  const keys = (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || editsText(focused())) return;
    const key = event.key.toLowerCase();
    const what = key === 'y' || (key === 'z' && event.shiftKey) ? 'redo' : key === 'z' ? 'undo' : null;
    if (what === null) return;
    event.preventDefault();
    model.send_msg(what);
  };
  let held = false;
  const down = (event) => {
    held = event.composedPath().some((part) => part.classList
      && (part.classList.contains('MuiSlider-root') || part.classList.contains('noUi-target')));
    if (held) model.send_msg('hold');
  };
  const up = () => { if (held) { held = false; model.send_msg('release'); } };
  document.addEventListener('keydown', keys);
  document.addEventListener('pointerdown', down, true);
  document.addEventListener('pointerup', up, true);
  document.addEventListener('pointercancel', up, true);
  model.on('remove', () => {
    document.removeEventListener('keydown', keys);
    document.removeEventListener('pointerdown', down, true);
    document.removeEventListener('pointerup', up, true);
    document.removeEventListener('pointercancel', up, true);
  });
}
"""

    _stylesheets: ClassVar[list[str]] = [
        """
:host { display: flex; }
button { border: 0; background: none; color: #e8edf1; cursor: pointer; padding: 5px 6px; border-radius: 5px;
  line-height: 0; }
button:hover:enabled { background: rgba(255, 255, 255, 0.14); }
button:focus-visible { outline: 2px solid #e8edf1; }
button:disabled { opacity: 0.35; cursor: default; }
"""
    ]

    def __init__(
        self,
        history: PhasesHistory,
        afterwards: Callable[[Callable[[], None]], None] = at_once,
        **params: Any,
    ) -> None:
        super().__init__(**params)
        self._history = history
        history.param.watch(lambda *_: afterwards(self._follow), ["undo_text", "redo_text"])
        self._follow()

    def _follow(self) -> None:
        self.param.update(undo_text=self._history.undo_text, redo_text=self._history.redo_text)

    def received(self, message: str) -> None:
        """A button, a key or a handle."""
        if message == "undo":
            self._history.undo()
        elif message == "redo":
            self._history.redo()
        else:
            self._history.hold(message == "hold")
