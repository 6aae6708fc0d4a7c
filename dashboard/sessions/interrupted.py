"""Jobs that the end of the server interrupted: their person is asked whether to go on, with one click."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from dashboard.phases.job_record import SETTINGS, TAB
from dashboard.phases.state import PhasesState
from dashboard.sessions import words
from dashboard.sessions.front import Front
from dashboard.sessions.store_line import StoreLine
from dashboard.store.errors import NotFound
from dashboard.store.records import JobRecord
from dashboard.workbench import FORMAT
from models.recipe import from_yaml

log = logging.getLogger(__name__)

_LEAST_MAPS, _MOST_NAMED = 2, 3


class Interrupted:
    """Offers the interrupted jobs of one person, one after the other, the newest first.

    Parameters
    ----------
    line : to the store, for these questions alone
    front : shows the offer
    user : name of the account, "" without accounts
    state : of the visit; what is on its table already needs no offer
    is_there : can a dataset be opened, by its place in the catalogue (or elsewhere, by its content)?
    lay : puts a frozen state on the table, finds its phases, and calls a function once the map is there
    start : starts a job of a tab again: (title of the tab, record of the job)
    tell : shows a message: (text, "error" | "warning" | "info")
    """

    def __init__(
        self,
        line: StoreLine,
        front: Front,
        user: str,
        state: PhasesState,
        is_there: Callable[[str, str], bool],
        lay: Callable[[Mapping[str, Any], Callable[[], None]], None],
        start: Callable[[str, Mapping[str, Any]], None],
        tell: Callable[[str, str], None],
    ) -> None:
        self._line, self._front, self._user, self._state = line, front, user, state
        self._is_there, self._lay, self._start, self._tell = is_there, lay, start, tell
        self._offered: list[JobRecord] = []
        self.actions: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "resume_job": lambda _message: self._resume(),
            "dismiss_job": lambda _message: self._dismiss(),
        }
        state.param.watch(lambda *_events: self._show(), ["recipe", "entry_id", "dataset_index"])

    def seek(self) -> None:
        """Look for jobs of this person; the page is there."""
        user = self._user
        # a store that is out of reach says so where somebody saves or opens: not for an offer
        self._line.ask(
            lambda store: store.interrupted_jobs(user), self._found, lambda text: log.warning("%s", text)
        )

    def close(self) -> None:
        """The visit has ended."""
        self._line.close()

    def _found(self, records: tuple[JobRecord, ...]) -> None:
        self._offered = list(records)
        self._show()

    def _resume(self) -> None:
        if not self._offered:
            return
        record = self._offered[0]
        gone = self._gone(record)
        if gone:
            self._tell(
                f"{_named(record)} cannot be resumed: {gone} not in the data folder any more. Put the files "
                "back and try again, or dismiss this.",
                "warning",
            )
            return

        def go_on(record: JobRecord) -> None:
            self._take_away(record.id)
            self._put_back(record.request, _text(record, TAB))

        self._decide(lambda store, user: store.resume_job(record.id, user), record.id, go_on)

    def _gone(self, record: JobRecord) -> str:
        """What the job cannot go on without, as the beginning of a sentence; empty where all is there."""
        maps = _maps(record)
        if not maps:
            entry_id = _text(record, "entry_id")
            return "" if self._is_there(entry_id, _text(record, "dataset_id")) else f"{entry_id} is"
        lacking = [entry_id for entry_id in maps if not self._is_there(entry_id, "")]
        if len(maps) - len(lacking) >= _LEAST_MAPS:
            return ""  # the others are compared, and the page says which were left out
        return f"{_listed(lacking)} {'is' if len(lacking) == 1 else 'are'}"

    def _put_back(self, request: Mapping[str, Any], tab: str) -> None:
        """Lay on the table what the job was of, and start it."""
        if not tab:  # the phases of a map are sought as soon as it lies there
            self._lay({"format": FORMAT, "workspace": "phases", "phases": request}, lambda: None)
            return
        state = {
            "format": FORMAT, "workspace": "phases", "phases": request,
            "view": {"tab": tab}, "tabs": request.get(SETTINGS),
        }  # fmt: skip
        if request.get("entry_id"):
            self._lay(state, lambda: self._start(tab, request))
        else:  # maps on one sheet lay there, which is in no folder: what is on the table now stays
            self._start(tab, request)

    def _dismiss(self) -> None:
        if self._offered:
            number = self._offered[0].id
            self._decide(
                lambda store, user: store.dismiss_job(number, user),
                number,
                lambda record: self._take_away(record.id),
            )

    def _decide(
        self, work: Callable[[Any, str], JobRecord], number: int, then: Callable[[JobRecord], None]
    ) -> None:
        """Have the store note what the person has decided, once, on whichever page; then go on."""
        user = self._user

        def noted(store: Any) -> JobRecord | str:
            try:
                return work(store, user)
            except NotFound as error:
                return str(error)

        def deliver(answer: JobRecord | str) -> None:
            if isinstance(answer, JobRecord):
                then(answer)
            else:
                self._take_away(number)
                self._tell(answer, "info")

        self._line.ask(noted, deliver)

    def _take_away(self, number: int) -> None:
        self._offered = [record for record in self._offered if record.id != number]
        self._show()

    def _show(self) -> None:
        if not self._offered:
            self._front.show(job={})
            return
        # the page has opened it and seeks it by itself, as its address says
        self._offered = [record for record in self._offered if not self._is_on_the_table(record)]
        self._front.show(job=_offer(self._offered) if self._offered else {})

    def _is_on_the_table(self, record: JobRecord) -> bool:
        state, request = self._state, record.request
        if request.get(TAB):  # only somebody who presses its button starts this
            return False
        if (request.get("entry_id"), request.get("dataset_index")) != (state.entry_id, state.dataset_index):
            return False
        try:
            return from_yaml(_text(record, "recipe")) == state.recipe
        except ValueError:  # of another version of the program: resuming it says so
            return False


def _offer(records: list[JobRecord]) -> dict[str, Any]:
    record = records[0]
    more = f" {len(records) - 1} more after this." if len(records) > 1 else ""
    return words.bar(
        _work(record),
        {"strong": _title(record)},
        " was interrupted when the server stopped, ",
        {"ago": record.ended or record.created},
        f".{more}",
        actions=[("resume_job", "Resume"), ("dismiss_job", "Dismiss")],
    )


def _named(record: JobRecord) -> str:
    return f"{_work(record)}“{_title(record)}”"


def _work(record: JobRecord) -> str:
    """What was done, up to the name of the map."""
    return "Opening " if record.title.startswith("Opening") else f"{record.title} in "


def _title(record: JobRecord) -> str:
    names = record.request.get("names")
    if _maps(record) and isinstance(names, list):
        return _listed([str(name)[:60] for name in names])
    return (_text(record, "dataset_title") or _text(record, "entry_id") or "a map")[:120]


def _listed(names: list[str]) -> str:
    """All names, or the first ones and how many more there are."""
    if len(names) > _MOST_NAMED + 1:
        return f"{', '.join(names[:_MOST_NAMED])} and {len(names) - _MOST_NAMED} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _maps(record: JobRecord) -> list[str]:
    """The entries that a job of several maps was of; none where it was of one."""
    maps = record.request.get("maps")
    return [one for one in maps if isinstance(one, str)] if isinstance(maps, list) else []


def _text(record: JobRecord, name: str) -> str:
    value = record.request.get(name)
    return value if isinstance(value, str) else ""
