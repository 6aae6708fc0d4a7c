"""Light or dark: as the system has it until the person chooses; then as chosen, next time too."""

from __future__ import annotations

from typing import Any

import panel as pn
import param
from panel.custom import JSComponent

#: "light" or "dark" where the person has chosen, "system-light" or "system-dark" where nobody has
COOKIE = "lodestone-theme"


def begin_as_remembered() -> None:
    """Make the page of this visit dark where its browser says so; ``theme=`` in the address decides first."""
    if _is_asked_for():
        return
    if pn.state.cookies.get(COOKIE, "").endswith("dark"):
        pn.config.theme = "dark"


class ThemeChoice(JSComponent):
    """Keeps the choice in the browser, and changes the theme of the page where that of the system changes.

    The server knows of it from the cookie before it makes a page: no page begins in the wrong colours but
    the very first one in a browser.
    """

    fixed = param.Boolean(default=False, doc="the address says which theme: nothing is kept or followed")

    _esm = """
export function render({model, view}) {
  if (model.fixed) return;
  const page = view.root.model.data, change = page.properties.dark_theme.change;
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  const kept = /(?:^|; )lodestone-theme=([a-z-]+)/.exec(document.cookie)?.[1] ?? 'system-';
  let bySystem = kept.startsWith('system-');
  const keep = () => {
    const theme = (bySystem ? 'system-' : '') + (page.dark_theme ? 'dark' : 'light');
    document.cookie = `lodestone-theme=${theme}; path=/; max-age=31536000; SameSite=Lax`;
  };
  const follow = () => {
    if (!bySystem) return;
    page.dark_theme = system.matches;
    keep();
  };
  // who goes back to what the system has follows it again
  const changed = () => { bySystem = page.dark_theme === system.matches; keep(); };
  change.connect(changed);
  system.addEventListener('change', follow);
  model.on('remove', () => { change.disconnect(changed); system.removeEventListener('change', follow); });
  follow();
}
"""

    def __init__(self, **params: Any) -> None:
        super().__init__(fixed=_is_asked_for(), **params)


def _is_asked_for() -> bool:
    return "theme" in (pn.state.session_args or {})
