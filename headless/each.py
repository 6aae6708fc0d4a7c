"""Many files, every one by itself, as tasks of Dask: on the cluster that the environment names, else on
worker processes of this machine.

One task is one file. A file that cannot be used, or whose worker dies, has an error; the others go on.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from data import block_cluster
from headless.board import Board
from headless.local_workers import local_workers
from headless.on_worker import Outcome, run_on_worker
from headless.one_map import OneMap
from headless.result_folder import clear_unfinished, is_unfinished

_LOOKED_EVERY_S = 0.5
_NO_WORKERS_S = 20.0  # so long a cluster may be without workers
_ENDING_S = 10.0  # so long tasks of a cluster may take to notice that nobody waits for them
_SEEN_S = 5.0  # so long a shared disk may take to show what was written

_LOST = (
    "The worker that ran it ended before it was done: it was killed, perhaps for want of memory, or switched "
    "off. Run this file again by itself; where memory is short, add --set line_maps.rebin=2."
)
_UNSEEN_FILE = " It is there on this machine: the workers of a cluster need the files under the same paths."
_UNSEEN_RESULT = (
    "The worker says that it wrote the result, but {out} holds none: the folder of --out must be on a disk "
    "that the workers of the cluster share with this machine."
)


def run_each(runs: Sequence[OneMap], board: Board, done: dict[int, Outcome]) -> None:
    """Run all, and clear away what is unfinished at the end, however it comes.

    Parameters
    ----------
    runs : what to run; all in folders of their own
    board : told what happens
    done : filled with what came of every run by its number, as they end
    """
    pending = deque(range(len(runs)))
    begun: set[int] = set()
    try:
        client = block_cluster.client()
        if client is not None:
            try:
                _Work(client, runs, board, done, pending, begun, is_elsewhere=True).go()
            except Exception as error:  # whatever a cluster can fail with: the work goes on here
                block_cluster.give_up(error)
        if block_cluster.remark():
            board.say(block_cluster.remark())
        if pending:
            with local_workers(len(pending)) as client:
                _Work(client, runs, board, done, pending, begun, is_elsewhere=False).go()
    finally:
        for number in begun - done.keys():
            clear_unfinished(runs[number].out)


class _Work:
    """The files that one cluster works on: a worker gets the next one when it is done with its last."""

    def __init__(
        self,
        client: Any,
        runs: Sequence[OneMap],
        board: Board,
        done: dict[int, Outcome],
        pending: deque[int],
        begun: set[int],
        is_elsewhere: bool,
    ) -> None:
        self._client, self._runs, self._board = client, runs, board
        self._done, self._pending, self._begun = done, pending, begun
        self._is_elsewhere = is_elsewhere
        self._topic = f"lodestone-{uuid.uuid4().hex}"
        self._busy: dict[str, tuple[int, Any]] = {}  # worker -> run, future
        self._happened: SimpleQueue[Any] = SimpleQueue()

    def go(self) -> None:
        """Work until nothing is pending.

        Raises
        ------
        Exception
            The cluster cannot be used; what is not done is pending.
        """
        self._client.subscribe_topic(self._topic, lambda event: self._happened.put(event[1]))
        alive_at = time.monotonic()
        try:
            while self._pending or self._busy:
                workers = set(self._client.nthreads())
                if workers:
                    alive_at = time.monotonic()
                elif time.monotonic() - alive_at > _NO_WORKERS_S:
                    raise ValueError("it has no workers any more")
                self._give_out(workers)
                self._take_in(workers)
        finally:
            self._drop()

    def _give_out(self, workers: set[str]) -> None:
        for worker in sorted(workers - self._busy.keys())[: len(self._pending)]:
            number = self._pending.popleft()
            self._begun.add(number)
            future = self._client.submit(
                run_on_worker, self._runs[number], self._topic, number, workers=[worker], pure=False
            )
            self._busy[worker] = (number, future)
            future.add_done_callback(lambda _: self._happened.put(None))
            self._board.begun(number)

    def _take_in(self, workers: set[str]) -> None:
        """Wait for a moment for something to happen."""
        with contextlib.suppress(Empty):
            told = self._happened.get(timeout=_LOOKED_EVERY_S)
            if told is not None:
                self._board.at(told["number"], told["fraction"], told["message"])
        for worker, (number, future) in list(self._busy.items()):
            if future.done():
                outcome = self._answer(future)
                del self._busy[worker]
                self._end(number, outcome)
            elif worker not in workers:
                # it would wait for that worker to come back
                future.cancel()
                del self._busy[worker]
                self._end(number, Outcome(error=_LOST))

    def _answer(self, future: Any) -> Outcome:
        from distributed import KilledWorker

        try:
            return future.result()
        except KilledWorker:
            return Outcome(error=_LOST)

    def _end(self, number: int, outcome: Outcome) -> None:
        one = self._runs[number]
        if self._is_elsewhere:
            outcome = _as_seen_here(one, outcome)
        if outcome.found is None:
            clear_unfinished(one.out)
        self._done[number] = outcome
        said = outcome.error and "left out"
        if outcome.found is not None:
            said = f"{outcome.found.n_phases} phases in {outcome.found.seconds:.0f} s"
        self._board.ended(number, said)

    def _drop(self) -> None:
        """Nobody waits any more: tasks under way are told, and their files are pending again."""
        numbers = [number for number, _ in self._busy.values()]
        with contextlib.suppress(Exception):  # what cannot be reached cannot be told
            self._client.cancel([future for _, future in self._busy.values()])
            self._client.unsubscribe_topic(self._topic)
        self._busy.clear()
        for number in reversed(numbers):
            self._pending.appendleft(number)
            self._board.put_back(number)
        # workers of this machine are ended after this, and what they were at is cleared away then
        until = time.monotonic() + _ENDING_S * self._is_elsewhere
        while time.monotonic() < until and any(is_unfinished(self._runs[number].out) for number in numbers):
            time.sleep(0.1)


def _as_seen_here(one: OneMap, outcome: Outcome) -> Outcome:
    """What came of a run elsewhere, with what this machine knows of its files."""
    if outcome.is_absent and Path(one.path).exists():
        return replace(outcome, error=outcome.error + _UNSEEN_FILE)
    until = time.monotonic() + _SEEN_S
    while outcome.found is not None and not (one.out / "metrics.json").is_file():
        if time.monotonic() > until:
            return Outcome(error=_UNSEEN_RESULT.format(out=one.out))
        time.sleep(0.2)
    return outcome
