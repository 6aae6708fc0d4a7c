"""Calls for one block (or one map) after the other: on a Dask cluster, or on Dask's threads of this process.

The kernels release the interpreter and use all cores, so that two blocks at a time are enough: while one is
computed the next is read. Memory is that of the blocks under way.
"""

from __future__ import annotations

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from functools import partial
from itertools import chain, islice
from queue import SimpleQueue
from typing import Any, TypeVar

from data import block_cluster

Answer = TypeVar("Answer")
Report = TypeVar("Report")

_AT_A_TIME = 2
_AHEAD = 4  # calls handed to the threads together
_PER_WORKER = 2  # of a cluster: one runs, one waits there
_LOOKED_AFTER_S = 5.0  # how often it is asked whether a cluster still has workers, while nothing comes


class Abandoned(BaseException):
    """Nobody waits for the answer any more: not an error that anything on the way should treat."""


_tell: contextvars.ContextVar[Callable[[float], None] | None] = contextvars.ContextVar("tell", default=None)


def in_order(
    function: Callable[..., Answer],
    calls: Iterator[tuple],
    n_calls: int,
    ahead: int = _AHEAD,
    refusals: tuple[type[Exception], ...] = (),
) -> Iterator[Answer | Exception]:
    """Answers to ``function(*call)`` in the order of the calls, few of them at a time.

    Between two answers whoever follows this work is told how far it is, see :func:`followed`.

    Parameters
    ----------
    function : of a module, so that a cluster can find it
    calls : arguments, made when they are needed
    n_calls : how many there are
    ahead : how many are handed to the threads together, before the first answer comes
    refusals : errors that are an answer like others, where the calls after it go on
    """
    client = block_cluster.client()
    if client is None:
        answers = _here(function, calls, ahead, refusals)
    else:
        answers = _there(client, function, calls, ahead, refusals)
    for done, answer in enumerate(answers):
        tell((done + 1) / n_calls)
        yield answer


def tell(share: float) -> None:
    """Say how far a pass is, 0 ... 1, to whoever follows the work; ends it where nobody does any more."""
    to_follower = _tell.get()
    if to_follower is not None:
        to_follower(share)


def followed(
    work: Callable[[], Answer], passes: int = 1, wanted: bool = True
) -> Generator[float, None, Answer]:
    """Do some work that goes through blocks, and yield how far it is, 0 ... 1.

    The work runs in a thread of its own; closing the generator ends it at the next block.

    Parameters
    ----------
    work : a plain function; what it returns is the value of the generator
    passes : how often it goes through all blocks
    wanted : False does the work at once, where there are no blocks
    """
    if not wanted:
        yield from ()
        return work()
    told: SimpleQueue[float | None] = SimpleQueue()
    ended = threading.Event()
    outcome: list[Any] = []

    def put(share: float) -> None:
        if ended.is_set():
            raise Abandoned
        told.put(share)

    def run() -> None:
        _tell.set(put)
        try:
            outcome[:] = [True, work()]
        except BaseException as error:
            outcome[:] = [False, error]
        finally:
            told.put(None)

    thread = threading.Thread(
        target=contextvars.copy_context().run, args=(run,), name="block work", daemon=True
    )
    thread.start()
    finished = 0
    try:
        while (share := told.get()) is not None:
            yield min(1.0, (finished + share) / passes)
            finished += share >= 1
    finally:
        ended.set()
        thread.join()
    well, answer = outcome
    if not well:
        raise answer
    return answer


def retold(
    reports: Generator[Any, None, Answer], report: Callable[[Any], Report]
) -> Generator[Report, None, Answer]:
    """Every report of a generator as another one; what it returns is returned."""
    with closing(reports):
        while True:
            try:
                found = next(reports)
            except StopIteration as end:
                return end.value
            yield report(found)


def _answer(function: Callable[..., Answer], refusals: tuple[type[Exception], ...], call: tuple) -> Any:
    try:
        return function(*call)
    except refusals as refused:
        return refused


def _here(
    function: Callable[..., Answer], calls: Iterator[tuple], ahead: int, refusals: tuple
) -> Iterator[Any]:
    import dask

    def task(call: tuple) -> Any:
        # closed up, or dask would look into the arguments for more to compute
        return dask.delayed(partial(_answer, function, refusals, call), pure=False, traverse=False)()

    while batch := [task(call) for call in islice(calls, ahead)]:
        answers = deque(dask.compute(*batch, scheduler="threads", num_workers=_AT_A_TIME, traverse=False))
        while answers:
            yield answers.popleft()


def _there(
    client: Any, function: Callable[..., Answer], calls: Iterator[tuple], ahead: int, refusals: tuple
) -> Iterator[Any]:
    n_under_way = max(_AT_A_TIME, _PER_WORKER * sum(client.nthreads().values()))
    begun: deque[tuple[tuple, Any]] = deque()  # calls, and their futures
    try:
        while True:
            while len(begun) < n_under_way and (call := next(calls, None)) is not None:
                begun.append((call, _sent(client, function, call)))
            if not begun:
                return
            call, future = begun.popleft()
            try:
                answer = _awaited(client, future)
            except Exception as error:
                # what is wrong with the map itself is wrong here too, and is said; else it is the worker: it
                # is gone, sees other files or another program
                answer = _answer(function, refusals, call)
                if not isinstance(answer, refusals):
                    block_cluster.give_up(error)
                    break
            yield answer
    except (GeneratorExit, Abandoned):
        client.cancel([future for _, future in begun if not isinstance(future, Exception)])
        raise
    yield answer
    yield from _here(function, chain((call for call, _ in begun), calls), ahead, refusals)


def _sent(client: Any, function: Callable[..., Any], call: tuple) -> Any:
    """The future of a call, or the error where it cannot be sent."""
    try:
        return client.submit(block_cluster.by_itself, function, *call, pure=False)
    except Exception as error:
        return error


def _awaited(client: Any, future: Any) -> Any:
    """What a worker answers; an error where there is no worker any more that could."""
    from distributed import wait

    if isinstance(future, Exception):
        raise future
    while not future.done():
        try:
            with client.as_current():
                wait(future, timeout=_LOOKED_AFTER_S)
        except TimeoutError:
            if not client.nthreads():
                raise ValueError("it has no workers any more") from None
    return future.result()
