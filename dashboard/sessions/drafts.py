"""Drafts: what a person had on the table is kept without being asked, and offered when it was lost."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from dashboard.sessions.presence import Presence
from dashboard.sessions.store_line import StoreLine
from dashboard.store.records import Draft

#: changes are kept so many ms after the first of them
DELAY_MS = 4000
#: older drafts are not offered
MOST_AGE_S = 14 * 86400.0
_KEY = re.compile(r"[A-Za-z0-9-]{8,64}")


class DraftKeeper:
    """Keeps the draft of one visit.

    Parameters
    ----------
    line : to the store, for drafts alone
    user : name of the account; "" without accounts, where drafts belong to the browser
    capture : gives what is on the table now, as a function that makes it plain in a thread
    later : calls a function after so many ms on the thread of the page
    clock : seconds since 1970
    """

    def __init__(
        self,
        line: StoreLine,
        user: str,
        capture: Callable[[], Callable[[], dict[str, Any]]],
        later: Callable[[Callable[[], None], int], object],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._line, self._user, self._capture, self._later = line, user, capture, later
        self._clock = clock
        self.owner = self.tab = ""
        self._due = self._kept = False

    def known(self, person: str, tab: str) -> bool:
        """The browser has said who it is; False where that is no name that it can have."""
        if not _KEY.fullmatch(person) or not _KEY.fullmatch(tab):
            return False
        self.owner, self.tab = self._user or f"browser-{person}", tab
        return True

    def changed(self) -> None:
        """The person has changed something: it is kept soon."""
        if not self._due:
            self._due = True
            self._later(self._keep, DELAY_MS)

    def close(self) -> None:
        """The visit ends: what was not kept yet is kept now."""
        if self._due:
            self._keep()

    def forget(self) -> None:
        """What is on the table is kept elsewhere, or not wanted."""
        self._due = False
        if self._kept and self.owner:
            self._kept = False
            self.drop(self.tab)

    def drop(self, tab: str) -> None:
        """Forget the draft of a tab of this person."""
        owner = self.owner
        self._line.ask(lambda store: store.drop_draft(owner, tab))

    def seek(
        self,
        presence: Presence,
        visit: int,
        found: Callable[[Draft | None, Draft | None], None],
    ) -> None:
        """Look for drafts.

        Parameters
        ----------
        presence, visit : what is open elsewhere is no lost draft
        found : gets the draft of this tab, and the newest that no open tab has
        """
        owner, tab, now = self.owner, self.tab, self._clock()
        elsewhere = presence.tabs(visit)

        def deliver(drafts: tuple[Draft, ...]) -> None:
            young = [draft for draft in drafts if now - draft.saved < MOST_AGE_S]
            own = next((draft for draft in young if draft.visit == tab), None)
            lost = next((draft for draft in young if draft.visit not in elsewhere or draft is own), None)
            found(own, lost)

        self._line.ask(lambda store: store.drafts(owner), deliver)

    def _keep(self) -> None:
        if not self._due or not self.owner:
            self._due = False
            return
        if self._line.busy:  # the store is slow: it gets no second one meanwhile
            self._later(self._keep, DELAY_MS)
            return
        self._due = False
        self._kept = True
        owner, tab, plain = self.owner, self.tab, self._capture()
        self._line.ask(lambda store: store.put_draft(owner, tab, plain()))


def title_of(state: Mapping[str, Any]) -> str:
    """What a draft is of, for a person."""
    phases = state.get("phases")
    if not isinstance(phases, Mapping):
        return "a map"
    title = phases.get("dataset_title") or phases.get("entry_id")
    return title[:120] if isinstance(title, str) and title else "a map"
