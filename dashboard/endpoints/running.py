"""The running server: what is made when it starts, looked after while it runs, and ended before it exits."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop

from dashboard import logs, visitors
from dashboard.loop_watch import LoopWatch
from dashboard.settings import Settings
from dashboard.uploads import Uploads, uploads_folder
from data.catalogue import Catalogue

log = logging.getLogger(__name__)

STOPS_WITHIN_S = 14.0  # service managers kill after 90 s, container engines after 10 to 30 s
_JOBS_STOP_WITHIN_S = 9.0
_UPKEEP_EVERY_S = 6 * 3600.0
_SAID_AFTER_S = 5.0  # so long a start may take without a word


class Running:
    """The parts of the server besides the pages.

    Attributes
    ----------
    settings, uploads : of the process
    pieces : threads that write what arrives
    checks : threads that check and hash finished uploads; apart, so that these hold up nobody's pieces
    watch : of the event loop; None until that runs
    started : seconds since 1970
    is_stopping : it was told to end and takes nothing new
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        folder = uploads_folder(settings)
        catalogue = Catalogue(settings.data_folder, settings.cache_folder, folder)
        self.uploads = Uploads(folder, settings.team, settings.upload_limit_bytes, catalogue.entries)
        self.pieces = ThreadPoolExecutor(4, "upload pieces")
        self.checks = ThreadPoolExecutor(2, "upload checks")
        self.watch: LoopWatch | None = None
        self.started = time.time()
        self.is_stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self) -> None:
        """Start what runs beside the pages; called in the event loop."""
        self._loop = asyncio.get_running_loop()
        self.watch = LoopWatch(self._loop)
        self.watch.start()
        self._loop.call_later(60.0, self._look_after)
        if sys.platform != "win32" and threading.current_thread() is threading.main_thread():
            # instead of Bokeh's own, which drops at once what is under way
            for one in (signal.SIGTERM, signal.SIGINT):
                self._loop.add_signal_handler(one, self.stop, one)
        logs.note("the server has started")

    def stop(self, told_by: signal.Signals = signal.SIGTERM) -> None:
        """End: no new connections, jobs and writes come to an end, then the loop stops.

        Who presses Ctrl-C a second time does not want to wait; a supervisor that repeats itself does.
        """
        if self.is_stopping:
            if told_by is signal.SIGINT:
                os._exit(1)
            return
        self.is_stopping = True
        logs.note("the server stops: jobs and writes come to an end")
        deadline = threading.Timer(STOPS_WITHIN_S, _give_up)
        deadline.daemon = True
        deadline.start()
        # Bokeh keeps its HTTP server to itself, and a second way to it there is none
        for server in [one for one in gc.get_objects() if isinstance(one, HTTPServer)]:
            server.stop()
        threading.Thread(target=self._finish_and_leave, name="stopping", daemon=True).start()

    def _finish_and_leave(self) -> None:
        try:
            common = made_already()
            if common is not None:
                common.queue.shutdown(_JOBS_STOP_WITHIN_S)
            self.pieces.shutdown(wait=True)
            self.checks.shutdown(wait=True)
            if self.watch is not None:
                self.watch.stop()
        finally:
            logs.note("the server has stopped", seconds=time.time() - self.started)
            self._loop.call_soon_threadsafe(self._loop.stop)

    def _look_after(self) -> None:
        """Now and then: what was abandoned goes."""
        if self.is_stopping:
            return
        self._loop.call_later(_UPKEEP_EVERY_S, self._look_after)
        self.checks.submit(self._upkeep)

    def _upkeep(self) -> None:
        try:
            n_swept = self.uploads.sweep()
            common = made_already()
            n_artifacts = 0 if common is None else common.store().collect_garbage()
            n_left = 0 if common is None else common.kept.sweep() + common.thumbnails.sweep()
            logs.note(
                f"upkeep: {n_swept} abandoned uploads, {n_artifacts} unused results and {n_left} unfinished "
                "files deleted"
            )
        except (OSError, ValueError) as error:
            log.warning("upkeep was left for the next time: %s", error)


@lru_cache(maxsize=1)
def running() -> Running:
    """The one of this process, made from the environment at the first call."""
    return Running(Settings.from_environment())


def begin_with_the_loop() -> None:
    """Set up the log and what visits share, and let the rest begin once the event loop of the server runs.

    After an installation kernels are compiled here, for minutes: before the server listens. In the loop
    nobody would get an answer for so long, not even a supervisor.
    """
    settings = Settings.from_environment()
    logs.configure(os.environ.get("LODESTONE_LOG", ""), settings.data_folder)
    waits = threading.Timer(_SAID_AFTER_S, logs.note, ["kernels are compiled, once after an installation"])
    waits.daemon = True
    waits.start()
    try:
        visitors.shared()
    except ValueError as error:
        log.error("the server is not usable yet: %s", error)
    finally:
        waits.cancel()
    IOLoop.current().add_callback(running().begin)


def made_already() -> visitors.Shared | None:
    """What the visits share, where it was made; making it takes too long for an answer in between."""
    return visitors.shared() if visitors.shared.cache_info().currsize else None


def _give_up() -> None:
    log.warning("something did not come to an end in time; what was acknowledged is on the disk")
    logging.shutdown()
    os._exit(0)
