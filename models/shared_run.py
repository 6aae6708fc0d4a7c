"""One recipe on many maps: open each, lay them on one sheet, find the phases that they share.

A map that cannot be opened or prepared is left out, and said; the others go on. Maps are opened two at a
time, or by the workers of a cluster where one is named (``data.block_work``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from data import block_cluster
from data.block_work import in_order
from models.live_phases import LivePhases, live_phases
from models.phases import StageReport, run
from models.recipe import LineMapChoices, PhasesRecipe
from models.several_maps import Dataset, Member, Pooled, member, pool
from models.shared_phases import SharedPhases

log = logging.getLogger(__name__)

_OPENING = 0.3  # of the bar
_MOST_NAMED = 3
_OPENED_TOGETHER = 2

#: finds the phases of a dataset; the last report carries the result
Find = Callable[[Dataset, PhasesRecipe], Iterator[StageReport]]


@dataclass(frozen=True)
class MapOutcome:
    """What became of one of the chosen maps: why it was left out, or nothing where it takes part."""

    name: str
    error: str = ""


@dataclass(frozen=True, eq=False)
class SharedReport:
    """How far a run on several maps is.

    Attributes
    ----------
    fraction, message : of the whole, 0 to 1, and for a person
    outcomes : of the maps looked at so far, in their order
    stage : "open", "pool", or that of the run on the sheet
    step : report of the run on the sheet
    shared, shown : the answer, and its phases; with the last report
    """

    fraction: float
    message: str
    outcomes: tuple[MapOutcome, ...]
    stage: str
    step: StageReport | None = None
    shared: SharedPhases | None = None
    shown: LivePhases | None = None


def run_shared(
    maps: Sequence[tuple[str, Callable[[], Dataset]]], recipe: PhasesRecipe, find: Find = run
) -> Iterator[SharedReport]:
    """Find the phases that maps share.

    Parameters
    ----------
    maps : name of every map, and what opens it; that is called in a thread, or sent to a worker of a cluster
    recipe : every choice, as for a single map
    find : runs the recipe on the sheet

    Yields
    ------
    SharedReport
        The last one carries the answer.

    Raises
    ------
    ValueError
        No map can be used, or those that can have nothing in common; the message names them.
    """
    members: list[Member] = []
    outcomes: list[MapOutcome] = []
    calls = ((name, open_map, recipe.line_maps) for name, open_map in maps)
    answers = in_order(_opened, calls, len(maps), ahead=_OPENED_TOGETHER, refusals=(ValueError, OSError))
    for number, (name, _) in enumerate(maps):
        message = f"Opening {name}, {number + 1} of {len(maps)}"
        yield SharedReport(_OPENING * number / len(maps), message, tuple(outcomes), "open")
        found = next(answers)
        if isinstance(found, Exception):
            log.info("left out of several maps: %s", name, exc_info=found)
            outcomes.append(MapOutcome(name, str(found).removeprefix(f"{name}: ")))
        elif (twin := _twin(found, members)) is not None:
            outcomes.append(MapOutcome(name, f"It holds the same data as {twin.name}."))
        else:
            members.append(found)
            outcomes.append(MapOutcome(name))
    answers.close()
    if not members:
        reasons = " ".join(outcome.error for outcome in outcomes[:_MOST_NAMED])
        raise ValueError(f"None of the {len(maps)} maps could be used. {reasons}")
    done = tuple(outcomes)
    yield SharedReport(_OPENING, f"Bringing {len(members)} maps together", done, "pool")
    pooled = _remarked(pool(members, recipe.line_maps))
    members.clear()  # the sheet holds their counts now
    common = pooled.recipe(recipe)
    result = None
    for step in find(pooled.dataset, common):
        result = step.partial or result
        fraction = _OPENING + (0.99 - _OPENING) * step.fraction
        yield SharedReport(fraction, step.message, done, step.stage, step)
    asked = replace(recipe, line_maps=replace(recipe.line_maps, lines=result.maps.lines))
    shared = SharedPhases(pooled, result, asked)
    yield SharedReport(1.0, "Done", done, "done", shared=shared, shown=live_phases(result, common))


def _opened(name: str, open_map: Callable[[], Dataset], choices: LineMapChoices) -> Member:
    return member(name, open_map(), choices)


def _remarked(pooled: Pooled) -> Pooled:
    """What is to be said of the cluster that should have opened the maps stands among the notes."""
    if not block_cluster.remark():
        return pooled
    notes = (*pooled.notes, block_cluster.remark())
    return replace(pooled, dataset=replace(pooled.dataset, notes=notes), notes=notes)


def _twin(found: Member, members: Sequence[Member]) -> Member | None:
    """The map among others that has the same counts, noise and all: it would pass for a confirmation."""
    identity = found.prepared.dataset_id
    return next((other for other in members if identity and identity == other.prepared.dataset_id), None)
