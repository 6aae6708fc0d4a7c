"""One visit to the Phases workspace: what a change of the state sets off, and what comes back.

Cheap changes are drawn by the views themselves. A number of phases, a covariance, a threshold and a
selection are answered live, in a thread; opening, line maps and training are jobs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
from bokeh.model import Model

from dashboard.gate import PaintGate
from dashboard.job_monitor import JobMonitor
from dashboard.jobs import Job
from dashboard.library import Library
from dashboard.live import LatestWins
from dashboard.phases.line_choices import of_another_sample, same_maps, same_pixels
from dashboard.phases.opened import OpenedMap
from dashboard.phases.progress import ProgressCard
from dashboard.phases.requests import FindRequest, FoundMap, Opened, OpenRequest, PrepareRequest
from dashboard.phases.state import PhasesState
from dashboard.result_cache import ResultCache
from dashboard.selection import Context, Origin, PhaseMembers, Selection, drawn, select
from data import sparse_counts
from models.live_phases import LivePhases, live_phases
from models.phases import StageReport
from models.phases_result import PhasesResult
from models.recipe import LineMapChoices, PhasesRecipe

log = logging.getLogger(__name__)


class PhasesVisit:
    """The controller of one visit.

    Parameters
    ----------
    state : what is chosen and shown
    library, kept : datasets of the process, and results on disk
    monitor : this visit's eye on the job queue
    schedule : calls a function soon on the thread of the page
    tell : shows a message to the person: (text, "error" | "warning" | "info")
    anchor : a figure of the page, whose painting sets the pace of live answers
    """

    def __init__(
        self,
        state: PhasesState,
        library: Library,
        kept: ResultCache,
        monitor: JobMonitor,
        schedule: Callable[[Callable[[], None]], None],
        tell: Callable[[str, str], None],
        anchor: Model,
    ) -> None:
        self.state, self.library, self._kept = state, library, kept
        self._monitor, self._tell = monitor, tell
        self.progress = ProgressCard(self.cancel)
        self._job: Job | None = None
        self._adopting = False
        self._newest: LivePhases | None = None
        self._gate = PaintGate(self._draw_newest, anchor)
        self._phases = LatestWins(_answer, self._show_phases, self._live_failed, schedule)
        self._selections = LatestWins(_selection, self._show_selection, self._live_failed, schedule)
        state.param.watch(self._recipe_changed, "recipe")
        state.param.watch(self._phase_chosen, "chosen_phase")
        state.param.watch(self._selection_changed, "selection")
        # the same shape may be asked for again, after the selection was cleared
        state.param.watch(lambda event: self._select(event.new), "asked", onlychanged=False)

    @property
    def busy(self) -> bool:
        """A job of this visit runs or waits."""
        return self._job is not None

    # --- opening

    def open(self, entry_id: str, index: int = 0, then_find: bool = False) -> None:
        """Open a dataset; the one on show stays until the new one is ready.

        What a link or a recipe says of the sample is for the dataset that is opened with it; of the next
        one, lines, crop and energies start anew.
        """
        choices = self.state.recipe.line_maps
        if self.state.prepared is not None:
            choices = of_another_sample(choices)
        self._open(entry_id, index, choices, then_find)

    def _open(self, entry_id: str, index: int, choices: LineMapChoices, then_find: bool) -> None:
        state = self.state

        def opened(answer: Opened) -> None:
            self._end()
            self._phases.drop()
            self._selections.drop()
            self._newest = None
            state.param.update(entry_id=entry_id, dataset_index=index, titles=answer.titles)
            state.open(answer.dataset, answer.view)
            state.recipe = replace(state.recipe, line_maps=choices)
            if not answer.view.maps.lines:
                self._tell("This file gives no energies: type them in the tab Lines to see lines.", "info")
            elif then_find:
                self.find()

        def failed() -> None:
            plain = of_another_sample(choices)
            if plain != choices:
                self._tell("Opened without its lines, crop and energies, which do not fit this file.", "info")
                self._open(entry_id, index, plain, then_find)

        request = OpenRequest(self.library, entry_id, index, choices)
        self._start(request, f"Opening {entry_id}", opened, on_failed=failed)

    def show_found(self, found: FoundMap) -> None:
        """Show a map whose phases are known already, with the recipe that found them."""
        if self._job is not None:
            self._monitor.cancel(self._job)
            self._end()
        self._phases.drop()
        self._selections.drop()
        self._newest = None
        state = self.state
        self._adopting = True
        try:
            # no entry of the catalogue has these phases: the menu names none, and any can be chosen
            state.param.update(entry_id="", dataset_index=0, titles=())
            state.open(found.result.prepared, found.view)
            state.param.update(
                recipe=found.result.recipe, names=dict(found.names), colours=dict(found.colours)
            )
            state.param.update(result=found.result, shown=found.shown)
        finally:
            self._adopting = False

    def _prepare(self) -> None:
        state, before, choices = self.state, self.state.prepared, self.state.recipe.line_maps

        def prepared(view: OpenedMap) -> None:
            self._end()
            if not same_maps(state.recipe.line_maps, choices):
                return  # taken back meanwhile: the maps on show are those that are wanted
            if view.maps.shape != before.maps.shape or not (
                before.choices is None or same_pixels(before.choices, choices)
            ):
                state.open(state.dataset, view)
                return
            image, old = view.image, before.image
            if image is not None and image.energy.n_channels != old.energy.n_channels:
                # spectra of other channels cannot be drawn over these: the phases are to be found again
                state.param.update(result=None, shown=None, selection=None, chosen_phase=None)
            state.refresh(view)

        def failed() -> None:
            if before.choices is not None:
                # what cannot be used is taken back: the recipe always says how the maps on show were made
                state.change("line_maps", **{
                    field.name: getattr(before.choices, field.name)
                    for field in fields(LineMapChoices)
                    if field.name != "normalisation"
                })  # fmt: skip

        request = PrepareRequest(state.dataset, choices)
        self._start(request, "Making line maps", prepared, on_failed=failed)

    # --- finding phases

    def find(self) -> None:
        """Run what the recipe asks for; stages that have not changed are kept."""
        state = self.state
        if state.prepared is None:
            self._tell("Open a dataset first.", "info")
            return
        same_map = state.result is not None and state.result.dataset_id == state.dataset.dataset_id
        request = FindRequest(state.dataset, state.recipe, self._kept, state.result if same_map else None)

        def done(result: PhasesResult) -> None:
            self._end()
            state.result = result
            # what was shown on the way has no names yet: the numbers then depend on the result alone
            named = state.names or state.colours
            self._phases.request(result, state.recipe, self._comparable() if named else None)

        self._start(request, "Waiting for a free worker", done, self._stage_reported)

    def _stage_reported(self, report: StageReport) -> None:
        epoch = report.epoch
        losses = () if epoch is None else ((epoch.epoch, epoch.train_loss, epoch.validation_loss),)
        self.progress.report(report.fraction, report.message, losses)
        partial = report.partial
        if partial is None or report.stage not in ("mixture", "refinement"):
            return
        state = self.state
        first = state.result is None or state.result.dataset_id != partial.dataset_id
        if report.stage == "mixture" and not first:
            return
        # what is found early is shown early, and stays should a later stage fail or be cancelled
        state.result = partial
        recipe = state.recipe
        if partial.refinement is None:
            recipe = replace(recipe, refinement=replace(recipe.refinement, enabled=False))
        self._phases.request(partial, recipe, self._comparable())

    def cancel(self) -> None:
        """Stop what runs for this visit; what was on show before stays."""
        if self._job is not None:
            self._monitor.cancel(self._job)
            self._end()
            self._tell("Stopped. What was found before is still here.", "info")

    def _start(
        self,
        request: Any,
        message: str,
        done: Callable[[Any], None],
        report: Callable[[Any], None] | None = None,
        on_failed: Callable[[], None] | None = None,
    ) -> None:
        if self._job is not None:
            self._monitor.cancel(self._job)
        self.progress.start(message)

        def failed(text: str) -> None:
            self._end()
            self._tell(text, "error")
            if on_failed is not None:
                on_failed()

        # a kept result answers before submit returns: the job must not be remembered after that
        self._job = job = _PENDING
        job = self._monitor.submit(
            request,
            on_report=report or (lambda step: self.progress.report(step.fraction, step.message)),
            on_progress=self._queued,
            on_done=done,
            on_failed=failed,
        )
        if self._job is _PENDING:
            self._job = job

    def _queued(self, progress: Any) -> None:
        if progress.position:
            before = progress.position - 1
            self.progress.report(0.0, f"Waiting: {before} before you" if before else "Waiting: next")

    def _end(self) -> None:
        self._job = None
        self.progress.end()

    # --- live answers

    def _recipe_changed(self, event: Any) -> None:
        old, new = event.old, event.new
        if self.state.prepared is None or self._adopting:
            return
        made_with = self.state.prepared.choices or old.line_maps
        if new.line_maps != old.line_maps and not same_maps(made_with, new.line_maps):
            self._prepare()
        result = self.state.result
        if result is None:
            return
        if (new.mixture, new.refinement, new.probability_threshold) != (
            old.mixture, old.refinement, old.probability_threshold,
        ):  # fmt: skip
            self._phases.request(result, new, self._comparable())
        if new.unmixing != old.unmixing:
            self.find()

    def _comparable(self) -> LivePhases | None:
        """The phases on show, where they are of the same pixels as the next answer."""
        shown, result = self.state.shown, self.state.result
        if shown is None or result is None or shown.phase_map.shape != result.maps.shape:
            return None
        return shown

    def _show_phases(self, answer: LivePhases) -> None:
        self._newest = answer
        self._gate()

    def _draw_newest(self) -> None:
        """Show the newest answer; the gate calls this once the one before is painted."""
        answer = self._newest
        if answer is None:
            return
        self.state.shown = answer
        chosen = self.state.chosen_phase
        if chosen is not None:
            if chosen in answer.ids:
                self._phase_chosen()
            else:
                self.state.chosen_phase = None

    def _live_failed(self, text: str) -> None:
        self._tell(text, "warning")

    # --- selections

    def select_drawn(self, space: str, geometry: dict[str, Any]) -> None:
        """A lasso or a box was finished on a map (in map pixels) or in the latent space."""
        try:
            origin = drawn(space, geometry)
        except ValueError as error:
            self._tell(str(error), "warning")
            return
        self._select(origin)

    def clear_selection(self) -> None:
        """Nothing is selected any more."""
        self._selections.drop()
        self.state.param.update(
            selection=None, selection_spectrum=None, selection_phases=(), chosen_phase=None
        )

    def _phase_chosen(self, *_events: Any) -> None:
        phase = self.state.chosen_phase
        if phase is None:
            if self.state.selection is not None and isinstance(self.state.selection.origin, PhaseMembers):
                self.clear_selection()
            return
        if self.state.label_of(phase) is not None:
            self._select(PhaseMembers(phase))

    def _select(self, origin: Origin) -> None:
        state = self.state
        if state.prepared is not None:
            self._selections.request(origin, state.prepared, state.result, state.shown)

    def _show_selection(self, answer: tuple[Selection, np.ndarray, tuple[tuple[int, float], ...]]) -> None:
        selection, spectrum, phases = answer
        self.state.param.update(selection=selection, selection_spectrum=spectrum, selection_phases=phases)
        if not isinstance(selection.origin, PhaseMembers):
            self.state.chosen_phase = None

    def _selection_changed(self, event: Any) -> None:
        if event.new is None and self.state.selection_spectrum is not None:
            self.state.param.update(selection_spectrum=None, selection_phases=())


class _Pending:
    """Stands for a job between asking and having it."""


_PENDING: Any = _Pending()


def _answer(result: PhasesResult, recipe: PhasesRecipe, before: LivePhases | None) -> LivePhases:
    return live_phases(result, recipe, before)


def _selection(
    origin: Origin, opened: OpenedMap, result: PhasesResult | None, shown: LivePhases | None
) -> tuple[Selection, np.ndarray, tuple[tuple[int, float], ...]]:
    """The pixels of an origin, their sum spectrum, and the phases that they belong to."""
    selection = select(
        origin,
        Context(
            opened.maps.shape,
            coordinates=None if result is None else result.latent.coordinates[:, :2],
            label=None if shown is None else shown.phase_map.label,
            ids=None if shown is None else shown.ids,
            probability=None if shown is None else shown.phase_map.probability,
            images={line: opened.maps.of(line) for line in opened.maps.lines},
        ),
    )
    if opened.image is not None:
        spectrum = sparse_counts.sum_where(opened.image.counts, selection.mask, opened.sum_spectrum)
    else:
        spectrum = opened.maps.intensity[selection.image].sum(axis=0, dtype=np.float64)
    if shown is None:
        return selection, spectrum, ()
    members = np.bincount(
        shown.phase_map.label.ravel()[selection.mask].astype(np.intp) + 1, minlength=shown.n_phases + 1
    )[1:]
    order = np.argsort(-members, kind="stable")
    phases = tuple(
        (shown.ids[label], float(members[label] / selection.n_selected)) for label in order if members[label]
    )
    return selection, spectrum, phases
