"""One recipe on many maps: open each, lay them on one sheet, find the phases that they share.

A map that cannot be opened or prepared is left out, and said; the others go on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from models.live_phases import LivePhases, live_phases
from models.phases import StageReport, run
from models.recipe import PhasesRecipe
from models.several_maps import Dataset, Member, member, pool
from models.shared_phases import SharedPhases

log = logging.getLogger(__name__)

_OPENING = 0.3  # of the bar
_MOST_NAMED = 3

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
    maps : name of every map, and what opens it
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
    for number, (name, open_map) in enumerate(maps):
        message = f"Opening {name}, {number + 1} of {len(maps)}"
        yield SharedReport(_OPENING * number / len(maps), message, tuple(outcomes), "open")
        try:
            found = member(name, open_map(), recipe.line_maps)
            _require_new(found, members)
            members.append(found)
            outcomes.append(MapOutcome(name))
        except (ValueError, OSError) as error:
            log.info("left out of several maps: %s", name, exc_info=True)
            said = str(error)
            outcomes.append(MapOutcome(name, said.removeprefix(f"{name}: ")))
    if not members:
        reasons = " ".join(outcome.error for outcome in outcomes[:_MOST_NAMED])
        raise ValueError(f"None of the {len(maps)} maps could be used. {reasons}")
    done = tuple(outcomes)
    yield SharedReport(_OPENING, f"Bringing {len(members)} maps together", done, "pool")
    pooled = pool(members, recipe.line_maps)
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


def _require_new(found: Member, members: Sequence[Member]) -> None:
    """Counts that come twice, noise and all, would pass for a confirmation of themselves."""
    for other in members:
        if found.prepared.dataset_id and found.prepared.dataset_id == other.prepared.dataset_id:
            raise ValueError(f"It holds the same data as {other.name}.")


def distinct_map_names(paths: Sequence[str]) -> tuple[str, ...]:
    """Short names of maps from their paths: the last part without its ending, with more of the path where
    two would be called the same, and with a number where even the paths are the same."""
    parts = [[part for part in path.replace("\\", "/").split("/") if part] or [path] for path in paths]
    names = [_stem(of_path[-1]) for of_path in parts]
    for depth in range(2, max(map(len, parts), default=1) + 1):
        taken = [name for name in names if names.count(name) > 1]
        names = [
            "/".join([*of_path[-depth:-1], _stem(of_path[-1])]) if name in taken else name
            for name, of_path in zip(names, parts, strict=True)
        ]
    seen: dict[str, int] = {}
    for i, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            names[i] = f"{name} ({seen[name]})"
    return tuple(names)


def _stem(name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    return stem if dot and stem and len(ending) <= 5 else name
