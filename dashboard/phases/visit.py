"""One visit to the Phases workspace: what a change of the state sets off, and what comes back.

Cheap changes are drawn by the views themselves. A number of phases, a covariance, a threshold, edits
(``live_answers``) and selections (``selecting``) are answered live, in a thread; opening, line maps and
training are jobs, and stand here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bokeh.model import Model

from dashboard.busy import Busy
from dashboard.job_monitor import JobMonitor
from dashboard.library import Library
from dashboard.named_selections import for_another_map
from dashboard.phases.kept_selections import KeptSelections
from dashboard.phases.line_choices import of_another_sample, same_maps, same_pixels
from dashboard.phases.live_answers import LiveAnswers, interim
from dashboard.phases.opened import OpenedMap
from dashboard.phases.requests import FindRequest, FoundMap, Opened, OpenRequest, PrepareRequest
from dashboard.phases.selecting import Selecting
from dashboard.phases.state import PhasesState
from dashboard.phases.visit_job import VisitJob
from dashboard.result_cache import ResultCache
from models.live_phases import LivePhases
from models.phases import StageReport
from models.phases_result import PhasesResult
from models.recipe import LineMapChoices


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
    busy : the sign at the head of the page that an answer is sought
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
        busy: Busy | None = None,
    ) -> None:
        self.state, self.library, self._kept = state, library, kept
        self._tell = tell
        self.job = VisitJob(monitor, tell)
        self.progress = self.job.progress
        self._adopting = False
        self._first, self._edits_at_start = True, ()
        self.phases = LiveAnswers(state, schedule, tell, anchor, busy)
        self.selecting = Selecting(state, schedule, tell, busy, anchor)
        self.kept_selections = KeptSelections(state, schedule)
        state.param.watch(self._recipe_changed, "recipe")

    @property
    def busy(self) -> bool:
        """A job of this visit runs or waits."""
        return self.job.busy

    @property
    def phases_are_final(self) -> bool:
        """Phases are on show, and none are sought any more."""
        return self.state.shown is not None and not self.busy and not self.phases.busy

    # --- opening

    def open_at_hand(self) -> bool:
        """Open what the link asks for where it is in memory: then the page is sent with it."""
        state = self.state
        request = OpenRequest(self.library, state.entry_id, state.dataset_index, state.recipe.line_maps)
        if request.at_hand() is None:
            return False
        self.open(state.entry_id, state.dataset_index)
        return True

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
            self.job.end()
            with state.consequence():
                self._leave()
                # a link says how its phases are edited; of another map, they are other phases
                keep = state.prepared is None
                state.param.update(entry_id=entry_id, dataset_index=index, titles=answer.titles)
                state.open(answer.dataset, answer.view, keep_edits=keep)
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

        recipe = replace(state.recipe, line_maps=choices)
        request = OpenRequest(self.library, entry_id, index, choices, recipe)
        ready = request.at_hand()
        if ready is not None:
            self.job.drop()
            opened(ready)
        else:
            self.job.start(request, f"Opening {entry_id}", opened, on_failed=failed)

    def show_found(self, found: FoundMap) -> None:
        """Show a map whose phases are known already, with the recipe that found them."""
        self.job.drop()
        state = self.state
        self._leave()
        self._adopting = state.following = True
        try:
            # no entry of the catalogue has these phases: the menu names none, and any can be chosen
            state.param.update(entry_id="", dataset_index=0, titles=())
            state.open(found.result.prepared, found.view)
            state.param.update(
                recipe=found.result.recipe, names=dict(found.names), colours=dict(found.colours)
            )
            state.param.update(result=found.result, shown=found.shown)
        finally:
            self._adopting = state.following = False

    def _leave(self) -> None:
        """The map on show is left: what is under way for it is dropped, its selections are taken along."""
        self.phases.drop()
        self.selecting.drop()
        state = self.state
        if state.selections:
            state.selections = for_another_map(state.selections, state.kept_masks)

    def _prepare(self, edits: tuple[tuple[str, ...], tuple[int, ...]]) -> None:
        state, before, choices = self.state, self.state.prepared, self.state.recipe.line_maps

        def prepared(view: OpenedMap) -> None:
            self.job.end()
            if not same_maps(state.recipe.line_maps, choices):
                return  # taken back meanwhile: the maps on show are those that are wanted
            if view.maps.shape != before.maps.shape or not (
                before.choices is None or same_pixels(before.choices, choices)
            ):
                with state.consequence():
                    state.open(state.dataset, view, keep_edits=True)
                return
            image, old = view.image, before.image
            with state.consequence():
                if image is not None and image.energy.n_channels != old.energy.n_channels:
                    # spectra of other channels cannot be drawn over these: phases are to be found again
                    state.param.update(result=None, shown=None, selection=None, chosen_phase=None)
                state.refresh(view)

        def failed() -> None:
            if before.choices is not None:
                # what cannot be used is taken back: the recipe always says how the maps on show were made
                chain = state.recipe.line_maps.normalisation
                maps = replace(before.choices, normalisation=chain)
                with state.consequence():
                    state.change(None, line_maps=maps, edits=edits[0], numbering=edits[1])

        request = PrepareRequest(state.dataset, choices)
        self.job.start(request, "Making line maps", prepared, on_failed=failed)

    # --- finding phases

    def find(self) -> None:
        """Run what the recipe asks for; stages that have not changed are kept."""
        state = self.state
        if state.prepared is None:
            self._tell("Open a dataset first.", "info")
            return
        same_map = state.result is not None and state.result.dataset_id == state.dataset.dataset_id
        previous = state.result if same_map else None
        request = FindRequest(
            state.dataset, state.recipe, self._kept, previous, state.model,
            state.entry_id, state.dataset_index,
        )  # fmt: skip
        self._first, self._edits_at_start = state.result is None, state.recipe.edits

        def done(result: PhasesResult) -> None:
            self.job.end()
            state.result = result
            # nobody has named a phase yet: the numbers depend on the result, or on the link, alone
            before = self._before() if state.touched else None
            self.phases.request(result, state.recipe, before)

        self.job.start(request, "Finding phases", done, self._stage_reported)

    def _stage_reported(self, report: StageReport) -> None:
        epoch = report.epoch
        if epoch is not None:
            self.progress.trained([(epoch.epoch + epoch.share, epoch.train_loss, epoch.validation_loss)])
        partial = report.partial
        if partial is None or report.stage not in ("mixture", "refinement"):
            return
        state = self.state
        first = state.result is None or state.result.dataset_id != partial.dataset_id
        if report.stage == "mixture" and not first:
            return
        # what is found early is shown early, and stays should a later stage fail or be cancelled
        state.result = partial
        # clusters of the latent space are shown until the counts are refined: no number or edit means them
        early = partial.refinement is None and state.recipe.refinement.enabled and partial.counts_are_events
        recipe = interim(state.recipe) if early else state.recipe
        self.phases.request(partial, recipe, self._before())

    def _before(self) -> LivePhases | None:
        """What the phases found are compared with, so that they keep their numbers.

        Nothing, where a link or a recipe brought numbers with it and nobody has changed a phase since.
        """
        numbered = self._first and self.state.recipe.numbering
        if numbered and self.state.recipe.edits == self._edits_at_start:
            return None
        return self.phases.comparable()

    def _recipe_changed(self, event: Any) -> None:
        old, new, state = event.old, event.new, self.state
        if state.prepared is None or self._adopting:
            return
        made_with = state.prepared.choices or old.line_maps
        if new.line_maps != old.line_maps and not same_maps(made_with, new.line_maps):
            edits = (new.edits, new.numbering)
            if not state.restoring and not same_pixels(made_with, new.line_maps) and any(edits):
                # phases of other pixels are other phases: no name and no edit of these fits them
                with state.consequence():
                    state.change(None, edits=(), numbering=())
            self._prepare(edits)
        self.phases.follow(old, new)
