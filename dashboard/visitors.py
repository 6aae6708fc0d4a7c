"""A visit: one browser tab. What the process shares, and what belongs to this visitor alone."""

from __future__ import annotations

import gc
import logging
import os
from contextvars import Context
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any
from urllib.parse import parse_qsl

import panel as pn
import panel_material_ui as pmui
import torch
from bokeh.document import Document

from dashboard.busy import Busy
from dashboard.files.browser import FileBrowser
from dashboard.files.thumbnails import Thumbnails
from dashboard.job_monitor import JobMonitor
from dashboard.job_recorder import JobRecorder
from dashboard.jobs import JobQueue
from dashboard.library import Library
from dashboard.phases.workspace import PhasesWorkspace
from dashboard.result_cache import ResultCache
from dashboard.sessions.interrupted import Interrupted
from dashboard.sessions.presence import Presence
from dashboard.sessions.store_line import StoreLine, StoreOnce
from dashboard.sessions.toolbar import SessionFront
from dashboard.sessions.visit import SESSION, TOKEN, SessionsVisit
from dashboard.settings import Settings
from dashboard.shell import page
from dashboard.store import Store
from dashboard.theme_choice import begin_as_remembered
from dashboard.together import Afterwards, keep_every_message, scheduler
from dashboard.uploads import uploads_folder
from dashboard.warm_up import compile_kernels
from dashboard.workbench import Workbench
from data.catalogue import Catalogue

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Shared:
    """What all visits of the process have together."""

    catalogue: Catalogue
    library: Library
    queue: JobQueue
    kept: ResultCache
    store: StoreOnce
    presence: Presence
    thumbnails: Thumbnails


@lru_cache(maxsize=1)
def shared() -> Shared:
    """Made at the first call; visits read it and never change it."""
    settings = Settings.from_environment()
    keep_every_message()
    compile_kernels()
    # the event loop answers everybody on one core: computing leaves it that core
    n_cores = os.cpu_count() or 2
    torch.set_num_threads(max(1, n_cores - 1))
    catalogue = Catalogue(
        settings.data_folder, settings.cache_folder, uploads_folder(settings), settings.memory_bytes
    )
    store = StoreOnce(lambda: _open_store(settings))
    # modules and kernels live as long as the process: the collector of cycles, which stops everybody while it
    # looks, need not look at them
    gc.collect()
    gc.freeze()
    return Shared(
        catalogue=catalogue,
        library=Library(catalogue, settings.memory_bytes),
        queue=JobQueue(settings.n_workers, 1 if n_cores <= 2 else 2, recorder=JobRecorder(store)),
        kept=ResultCache(settings.cache_folder),
        store=store,
        presence=Presence(),
        thumbnails=Thumbnails(settings.cache_folder),
    )


def _open_store(settings: Settings) -> Store:
    """The store; jobs that an earlier process did not end are marked as interrupted."""
    store = Store.open(settings.store_folder, settings.database_url)
    n_interrupted = store.interrupt_unfinished()
    if n_interrupted:
        log.info("%d jobs were interrupted by the last stop of the server", n_interrupted)
    return store


def visit_page() -> pmui.Page:
    """The page of this visit, as its link asks for it; the dataset is opened once the page has loaded."""
    pn.extension(notifications=True)
    begin_as_remembered()
    pn.state.on_session_destroyed(partial(_forget, pn.state.curdoc))
    # a timer of Panel runs as long as the process: begun within a visit it would keep that one for good
    Context().run(pn.state._schedule_busy_cleanup)
    workbench = Workbench()
    link = _link()
    of_store = {name: value for name, value in link.items() if name in (TOKEN, SESSION)}
    problems = workbench.restore({name: value for name, value in link.items() if name not in of_store})
    workspace = connect(workbench)
    front = SessionFront()
    sessions, interrupted = connect_sessions(workbench, workspace, front, link)
    # a map that is in memory travels with the page itself
    opened = not of_store and workspace.visit.open_at_hand()

    def open_plain() -> None:
        if opened:
            workspace.visit.find()
        else:
            workspace.visit.open(workbench.phases.entry_id, workbench.phases.dataset_index, then_find=True)

    def begin() -> None:
        for problem in problems:
            tell(problem, "warning")
        workspace.complete()
        sessions.begin(open_plain)
        interrupted.seek()

    pn.state.onload(begin)
    return page(
        "Lodestone",
        [*workspace.header, front.toolbar],
        workspace.sidebar,
        [front.bar, *workspace.main],
        workspace.busy,
    )


def connect(workbench: Workbench) -> PhasesWorkspace:
    """The workspace of this visit, connected to what the process shares."""
    common = shared()
    document = pn.state.curdoc
    # the owner is told from all others for good: the id of a document passes to a later one
    monitor = JobMonitor(common.queue, owner=object(), who=pn.state.user or "")
    pn.state.on_session_destroyed(lambda _context: monitor.close())  # its jobs go on without it
    return PhasesWorkspace(
        workbench.phases,
        common.catalogue,
        common.library,
        common.kept,
        monitor,
        scheduler(document),
        tell,
        Busy(document.add_timeout_callback),
        Afterwards(document),
    )


def connect_sessions(
    workbench: Workbench, workspace: PhasesWorkspace, front: SessionFront, link: dict[str, str]
) -> tuple[SessionsVisit, Interrupted]:
    """Saved sessions, links and drafts of this visit, and its jobs that were interrupted."""
    common, document = shared(), pn.state.curdoc
    sessions = SessionsVisit(
        workbench,
        workspace,
        common.store,
        common.presence,
        pn.state.user or "",
        front,
        scheduler(document),
        document.add_timeout_callback,
        tell,
        search=link,
        visit=id(document),
        connected=lambda: _is_connected(document),
    )
    files = FileBrowser(
        common.catalogue,
        common.library,
        common.thumbnails,
        workbench.phases,
        front,
        lambda entry_id: workspace.visit.open(entry_id, then_find=True),
        workspace.datasets.refresh,
        scheduler(document),
        tell,
    )
    sessions.answer(files.actions)
    interrupted = Interrupted(
        StoreLine(common.store, scheduler(document), lambda text: tell(text, "error")),
        front,
        pn.state.user or "",
        workbench.phases,
        lambda entry_id, dataset_id: _can_open(common, entry_id, dataset_id),
        sessions.lay,
        workspace.resumed.start,
        tell,
    )
    sessions.answer(interrupted.actions)
    front.on_message(sessions.received)

    def leave(_context: object) -> None:
        sessions.close()
        interrupted.close()

    pn.state.on_session_destroyed(leave)
    return sessions, interrupted


def _can_open(common: Shared, entry_id: str, dataset_id: str) -> bool:
    """Is a dataset in the data folder, or in memory under another name?"""
    there = any(entry.id == entry_id for entry in common.catalogue.entries())
    return there or (bool(dataset_id) and common.library.find(dataset_id) is not None)


def _is_connected(document: Document) -> bool:
    """Is the page of a document open in a browser? It is kept for a while after the tab was closed."""
    context = document.session_context
    session = None if context is None else context.session
    return session is not None and session.connection_count > 0


def tell(text: str, kind: str) -> None:
    """Show a message to this visitor and write it to the log; kind is error, warning or info."""
    log.log(logging.ERROR if kind == "error" else logging.INFO, "told the visitor: %s", text)
    notifications = pn.state.notifications
    if notifications is not None:
        # a message may quote a file or a recipe: the notifications of this page show it as text, not as HTML
        getattr(notifications, kind)(text, duration=0 if kind == "error" else 6000)


def _link() -> dict[str, str]:
    search = pn.state.location.search if pn.state.location is not None else ""
    return dict(parse_qsl(search.lstrip("?")))


def _forget(document: Document, _context: Any) -> None:
    """Take back what Panel keeps of a closed tab: its notifications, and with them the whole page."""
    views = pn.state._views
    for view in [name for name, (_, _, of, _) in views.items() if of is document]:
        del views[view]
