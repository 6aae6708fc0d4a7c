"""The Phases pipeline: from counts to phases and end-members, stage by stage.

A run is a generator of reports. Between two of them it can be dropped (``close``), and nothing is left of
it. Every stage is a function of the dataset, of what the stages before it found and of its own part of the
recipe; where all of these are as in an earlier run, its result is taken from there.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from models.latent_model import LatentModel
from models.phases_result import PhasesResult
from models.phases_stages import STAGES, Dataset, Findings, Progress, Stage
from models.recipe import PhasesRecipe
from models.recipe_limits import check_limits
from models.trained_autoencoder import EpochReport


@dataclass(frozen=True, eq=False)
class StageReport:
    """How far a run is.

    Attributes
    ----------
    stage : name of the stage, see ``phases_stages.STAGES``; done in the last report
    fraction : of the whole run, 0 to 1; never falls
    message : what is being done, for a person
    epoch : losses of the epoch that is being trained, else None
    partial : all that has been found, where a stage has come to its end; in the last report the whole result
    """

    stage: str
    fraction: float
    message: str
    epoch: EpochReport | None = None
    partial: PhasesResult | None = None


def run(
    dataset: Dataset,
    recipe: PhasesRecipe,
    previous: PhasesResult | None = None,
    model: LatentModel | None = None,
) -> Iterator[StageReport]:
    """Find the phases of a map.

    Parameters
    ----------
    dataset : a spectrum image, or element maps (then the phases are those of the latent space)
    recipe : every choice
    previous : an earlier result; stages that would come out the same are taken from it
    model : a latent space made before; used where the recipe names it

    Yields
    ------
    StageReport
        At least one for every stage; the last one is called done and carries the complete result.

    Raises
    ------
    ValueError
        The recipe or the dataset cannot be used; the message says why and what to do.
    """
    check_limits(recipe)
    stages = [stage for stage in STAGES if stage.is_wanted(dataset, recipe)]
    kept = _kept(previous, dataset, recipe, stages)
    result = PhasesResult(recipe=recipe, dataset_id=dataset.dataset_id, model=model)
    total = sum(stage.weight for stage in stages if stage.name not in kept)
    done = 0.0
    for stage in stages:
        if result.prepared is not None:
            # from here on the map without the channels below the cut will do: the other one can go
            dataset = result.prepared
        if stage.name in kept:
            taken = (*stage.finds, *stage.may_find)
            result = replace(result, **{name: getattr(previous, name) for name in taken})
            result = _with_reason(result, stage, previous.why.get(stage.name))
            continue

        def report(progress: Progress, stage: Stage = stage, done: float = done) -> StageReport:
            fraction = (done + stage.weight * progress.fraction) / total
            return StageReport(stage.name, fraction, progress.message, progress.epoch)

        yield report(Progress(0.0, stage.title))
        found, seconds = yield from _timed(stage.work(dataset, result), report)
        done += stage.weight
        result = _with_reason(result, stage, found.pop("why", None))
        result = replace(result, **found, seconds={**result.seconds, stage.name: seconds})
        yield StageReport(stage.name, done / total, stage.title, partial=result)
    yield StageReport("done", 1.0, "Done", partial=result)


def finished(reports: Iterator[StageReport]) -> PhasesResult:
    """The complete result of a run, for those who do not watch it."""
    return deque(reports, maxlen=1).pop().partial


def _kept(
    previous: PhasesResult | None, dataset: Dataset, recipe: PhasesRecipe, stages: Sequence[Stage]
) -> frozenset[str]:
    """Names of the stages that would find again what an earlier run found."""
    if previous is None or not dataset.dataset_id or previous.dataset_id != dataset.dataset_id:
        return frozenset()
    names = {stage.name for stage in stages}
    kept: set[str] = set()
    for stage in stages:
        if (
            # of an earlier run that had more stages, or fewer, what depends on them is not the same
            all((name in kept) == (name in names) for name in stage.after)
            and stage.choices(previous.recipe) == stage.choices(recipe)
            and all(getattr(previous, name) is not None for name in stage.finds)
        ):
            kept.add(stage.name)
    return frozenset(kept)


def _timed(
    steps: Findings, report: Callable[[Progress], StageReport]
) -> Generator[StageReport, None, tuple[dict[str, Any], float]]:
    """Work through a stage; its findings and the seconds that it took, without those of whoever watches."""
    spent = 0.0
    with closing(steps):
        while True:
            started = time.perf_counter()
            try:
                progress = next(steps)
            except StopIteration as end:
                return end.value, spent + time.perf_counter() - started
            spent += time.perf_counter() - started
            yield report(progress)


def _with_reason(result: PhasesResult, stage: Stage, why: str | None) -> PhasesResult:
    return result if why is None else replace(result, why={**result.why, stage.name: why})
