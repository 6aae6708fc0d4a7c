"""Visits without a browser that save to and open from one real store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from page_loop import PageLoop
from phases_bench import LINES, latent_result, three_stripes

from dashboard.frozen_view import FrozenView
from dashboard.job_monitor import JobMonitor
from dashboard.jobs import JobQueue
from dashboard.library import Library
from dashboard.phases.requests import view_of
from dashboard.phases.workspace import PhasesWorkspace
from dashboard.result_cache import ResultCache
from dashboard.sessions.interrupted import Interrupted
from dashboard.sessions.presence import Presence
from dashboard.sessions.store_line import StoreLine
from dashboard.sessions.visit import SessionsVisit
from dashboard.store import Store
from dashboard.workbench import Workbench
from data.readers import Opened, UnreadableFile


@dataclass
class Entry:
    id: str
    name: str
    path: None = None


class OneMap:
    """A catalogue of the three stripes; tests take them away or put another map in their place."""

    folder = None

    def __init__(self) -> None:
        self.maps: dict[str, Any] = {"stripes.hspy": three_stripes()[0]}

    def entries(self) -> tuple[Entry, ...]:
        return tuple(Entry(name, name=Path(name).stem) for name in self.maps)

    def open(self, entry_id: str, progress: Any = None) -> Opened:
        if entry_id not in self.maps:
            raise UnreadableFile(f"There is no dataset {entry_id!r} in the data folder.")
        return Opened((self.maps[entry_id],))


class Front:
    """Notes what a visit shows and says."""

    def __init__(self) -> None:
        self.shown: dict[str, Any] = {"people": 1, "bar": {}}
        self.said: list[Mapping[str, Any]] = []

    def show(self, **shown: Any) -> None:
        self.shown.update(shown)

    def send(self, message: Mapping[str, Any]) -> None:
        self.said.append(message)

    def last(self, kind: str) -> Mapping[str, Any]:
        return next(message for message in reversed(self.said) if message["kind"] == kind)

    @property
    def sentence(self) -> str:
        """The bar above the figures, as text; times are left out."""
        parts = self.shown["bar"].get("parts", ())
        return "".join(part if isinstance(part, str) else str(part.get("strong", "…")) for part in parts)


@dataclass
class Clock:
    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Server:
    """What all visits share."""

    folder: Path
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.catalogue, self.presence = OneMap(), Presence()
        self.library = Library(self.catalogue, 2**30)
        self.store = Store.open(self.folder / "store", clock=self.clock)
        self.kept = ResultCache(self.folder / "cache")
        self.queue = JobQueue(inline=True)
        self.visits: list[Visit] = []

    def visit(self, user: str = "", person: str = "", tab: str = "", **search: str) -> Visit:
        """A page that has been loaded; ``person`` and ``tab`` are what its browser says."""
        visit = Visit(self, user, len(self.visits) + 1, search)
        self.visits.append(visit)
        if person:
            visit.say("hello", person=person, tab=tab or f"tab-of-{person}")
        return visit


class Visit:
    def __init__(self, server: Server, user: str, number: int, search: dict[str, str]) -> None:
        self.server, self.front, self.told, self.found = server, Front(), [], 0
        self.loop, self.later = PageLoop(), []
        self.bench = Workbench()
        self.state = self.bench.phases
        self.workspace = PhasesWorkspace(
            self.state,
            server.catalogue,
            server.library,
            server.kept,
            JobMonitor(server.queue, number, every=lambda callback, period: self),
            self.loop,
            lambda text, kind: self.told.append(text),
        )
        self.workspace.visit.find = self._find
        self.sessions = SessionsVisit(
            self.bench,
            self.workspace,
            lambda: server.store,
            server.presence,
            user,
            self.front,
            self.loop,
            lambda callback, ms: self.later.append(callback),
            lambda text, kind: self.told.append(text),
            search=search,
            visit=number,
            clock=server.clock,
        )

    def stop(self) -> None:
        """Of the poll of the jobs."""

    def _find(self) -> None:
        """Phases are sought: here they are known."""
        self.found += 1
        with self.state.consequence():
            self.show_phases()

    def begin(self) -> Visit:
        self.sessions.begin(self.open_stripes)
        self.settle()
        return self

    def open_stripes(self) -> None:
        image = self.server.library.open("stripes.hspy")[0]
        self.state.param.update(entry_id="stripes.hspy")
        self.state.change("line_maps", lines=LINES)
        with self.state.consequence():
            self.state.open(image, view_of(image, self.state.recipe.line_maps), keep_edits=True)
            self.show_phases()

    def show_phases(self) -> None:
        _, stripe = three_stripes()
        recipe = self.state.recipe
        result = latent_result(self.state.prepared, stripe)
        choices = {"mixture": result.recipe.mixture, "refinement": result.recipe.refinement}
        self.state.recipe = replace(recipe, **choices)
        result = replace(result, recipe=replace(self.state.recipe, edits=(), numbering=()))
        self.state.result = result
        self.workspace.visit.phases.request(result, self.state.recipe, None)

    def say(self, what: str, **message: Any) -> None:
        """A message of the browser, and what follows from it."""
        self.sessions.received({"what": what, **message})
        self.settle()

    def save(self, name: str = "Mine", **message: Any) -> str:
        self.say("save", name=name, **{"notes": "", "visibility": "", "new": False, **message})
        return self.sessions.current.session.id

    def share(self, **message: Any) -> str:
        self.say("share", **{"name": "Mine", "expires": "never", "view": False, **message})
        return self.front.last("share")["new"]

    def settle(self) -> None:
        visit = self.workspace.visit
        lives = (visit.phases._phases, visit.selecting._live, visit.kept_selections._live)

        def busy() -> bool:
            lines = (self.sessions.line, self.sessions.drafts.line)
            return any(line.busy for line in lines) or any(live.busy for live in lives)

        self.loop.settle(busy)

    def time_passes(self) -> None:
        """What was to be done later is done."""
        waiting, self.later[:] = list(self.later), []
        for callback in waiting:
            callback()
        self.settle()

    def colours(self) -> list[tuple[int, str, str, int]]:
        """What the map shows: of every phase its number, name, colour and pixels."""
        return [(row.id, row.name, row.colour, row.pixels) for row in self.state.rows()]

    def zoom(self) -> FrozenView:
        return self.sessions.table.page_view.now()


class PageWithJobs:
    """A visit that asks for what was interrupted."""

    def __init__(self, server: Server, user: str = "") -> None:
        self.visit: Visit = server.visit(user, person=f"{user}-0001-of")
        self.front, self.told, self.state = self.visit.front, self.visit.told, self.visit.state
        self.line = StoreLine(lambda: server.store, self.visit.loop, self.told.append)
        self.interrupted = Interrupted(
            self.line,
            self.front,
            user,
            self.state,
            lambda entry_id, _dataset_id: entry_id in server.catalogue.maps,
            self.visit.sessions.lay,
            self.visit.workspace.resumed.start,
            lambda text, _kind: self.told.append(text),
        )
        self.visit.sessions.answer(self.interrupted.actions)
        self.interrupted.seek()
        self.settle()

    def settle(self) -> None:
        self.visit.loop.settle(lambda: self.line.busy)
        self.visit.settle()

    def click(self, what: str) -> None:
        self.visit.say(what)
        self.settle()

    @property
    def offer(self) -> str:
        """The line, as text; empty where there is none."""
        parts = self.front.shown.get("job", {}).get("parts", ())
        return "".join(part if isinstance(part, str) else str(part.get("strong", "…")) for part in parts)
