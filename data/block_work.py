"""Calls for one block after the other: on a Dask cluster, or on Dask's threads of this process.

The kernels release the interpreter and use all cores, so that two blocks at a time are enough: while one is
computed the next is read. Memory is that of the blocks under way.
"""

from __future__ import annotations

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from itertools import islice
from queue import SimpleQueue
from typing import Any, TypeVar

from data import block_cluster

Answer = TypeVar("Answer")

_AT_A_TIME = 2
_AHEAD = 4  # calls handed to the threads together
_PER_WORKER = 2  # of a cluster: one runs, one waits there


class Abandoned(Exception):
    """Nobody waits for the answer any more."""


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
    tell = _tell.get() or (lambda share: None)
    client = block_cluster.client()
    answers = _here(function, calls) if client is None else _there(client, function, calls)
    for done, answer in enumerate(answers):
        tell((done + 1) / n_calls)
        yield answer


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

    def tell(share: float) -> None:
        if ended.is_set():
            raise Abandoned
        told.put(share)

    def run() -> None:
        _tell.set(tell)
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
    under_way: deque[tuple[tuple, Any]] = deque()
    try:
        while True:
            while len(under_way) < n_under_way and (call := next(calls, None)) is not None:
                under_way.append((call, client.submit(function, *call, pure=False)))
            if not under_way:
                return
            answer = under_way[0][1].result()
            under_way.popleft()
            yield answer
    except (GeneratorExit, Abandoned):
        client.cancel([future for _, future in under_way])
        raise
    except Exception as error:
        # of a worker that is gone, sees other files or another program; what is wrong with the map itself
        # is found again here
        block_cluster.give_up(error)
    yield from _here(function, _rest([call for call, _ in under_way], calls))


def _rest(begun: Sequence[tuple], calls: Iterator[tuple]) -> Iterator[tuple]:
    yield from begun
    yield from calls
