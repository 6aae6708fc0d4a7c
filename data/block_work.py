"""Calls for one block after the other: on a Dask cluster, or on Dask's threads of this process.

The kernels release the interpreter and use all cores, so that two blocks at a time are enough: while one is
computed the next is read. Memory is that of the blocks under way.
"""

from __future__ import annotations

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from functools import partial
from itertools import chain, islice
from queue import SimpleQueue
from typing import Any, TypeVar

from data import block_cluster

Answer = TypeVar("Answer")

_AT_A_TIME = 2
_AHEAD = 4  # calls handed to the threads together
_PER_WORKER = 2  # of a cluster: one runs, one waits there


class Abandoned(BaseException):
    """Nobody waits for the answer any more: not an error that anything on the way should treat."""


_tell: contextvars.ContextVar[Callable[[float], None] | None] = contextvars.ContextVar("tell", default=None)


def in_order(function: Callable[..., Answer], calls: Iterator[tuple], n_calls: int) -> Iterator[Answer]:
    """Answers to ``function(*call)`` in the order of the calls, few of them at a time.

    Between two answers whoever follows this work is told how far it is, see :func:`followed`.

    Parameters
    ----------
    function : of a module, so that a cluster can find it
    calls : arguments, made when they are needed
    n_calls : how many there are
    """
    client = block_cluster.client()
    answers = _here(function, calls) if client is None else _there(client, function, calls)
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


def _here(function: Callable[..., Answer], calls: Iterator[tuple]) -> Iterator[Answer]:
    import dask

    def task(call: tuple) -> Any:
        # closed up, or dask would look into the arguments for more to compute
        return dask.delayed(partial(function, *call), pure=False, traverse=False)()

    while batch := [task(call) for call in islice(calls, _AHEAD)]:
        answers = deque(dask.compute(*batch, scheduler="threads", num_workers=_AT_A_TIME, traverse=False))
        while answers:
            yield answers.popleft()


def _there(client: Any, function: Callable[..., Answer], calls: Iterator[tuple]) -> Iterator[Answer]:
    n_under_way = max(_AT_A_TIME, _PER_WORKER * sum(client.nthreads().values()))
    begun: deque[tuple] = deque()
    futures: deque[Any] = deque()
    try:
        while True:
            while len(begun) < n_under_way and (call := next(calls, None)) is not None:
                begun.append(call)
                futures.append(client.submit(function, *call, pure=False))
            if not begun:
                return
            answer = futures.popleft().result()
            begun.popleft()
            yield answer
    except (GeneratorExit, Abandoned):
        client.cancel(list(futures))
        raise
    except Exception as error:
        # what is wrong with the map itself is wrong here too, and is said; else it is the worker: it is gone,
        # sees other files or another program
        answer = function(*begun.popleft())
        block_cluster.give_up(error)
    yield answer
    yield from _here(function, chain(begun, calls))
