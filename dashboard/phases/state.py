"""What a visitor of the Phases workspace chose, how it looks, and what follows from it.

Plain values and param only: the state never sees a widget, a figure or a thread. Results are replaced
whole and never changed in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import param

from dashboard import theme
from dashboard.phases.opened import OpenedMap
from dashboard.selection import Origin, Selection
from data.elemental_maps import ElementalMaps
from data.spectrum_image import SpectrumImage
from models import phase_edits
from models.latent_model import LatentModel
from models.live_phases import LivePhases
from models.phases_result import PhasesResult
from models.recipe import PhasesRecipe

#: what the element map can show besides one line
ALL_COUNTS, COLOUR_COMPOSITE = "All counts", "RGB of three"
NAVIGATION = "Image: "
#: what the latent space can be coloured by besides one line
BY_PHASE, BY_DENSITY = "Phases", "Density"


#: what a person changes and can take back, beside the selection; see ``dashboard.phases.history``
UNDONE = (
    "recipe", "hidden", "selections", "map_shown", "composite", "map_palette", "background_shown",
    "phase_opacity", "spectra_shown", "spectra_scale", "spectra_norm", "latent_colour", "latent_ellipses",
)  # fmt: skip


@dataclass(frozen=True)
class PhaseRow:
    """One line of the table of phases.

    ``kind``: phase; excluded, for one that was left out; unassigned, for the pixels of no phase (its id is
    -1).
    """

    id: int
    name: str
    colour: str
    pixels: int
    area_percent: float
    lines: tuple[str, ...]
    visible: bool
    chosen: bool
    locked: bool = False
    kind: str = "phase"


class PhasesState(param.Parameterized):
    """The state of one visit's Phases workspace."""

    # --- choices: saved and shared
    entry_id = param.String("demo", doc="which dataset of the catalogue")
    dataset_index = param.Integer(0, bounds=(0, None), doc="which signal of a file with several")
    recipe = param.ClassSelector(class_=PhasesRecipe, default=PhasesRecipe())
    names = param.Dict({}, doc="phase number -> name given by a person; as the recipe's edits say")
    colours = param.Dict({}, doc="phase number -> colour given by a person; as the recipe's edits say")
    selections = param.Parameter((), doc="NamedSelection: kept selections, in the order of their making")

    # --- look: cheap, never recomputes
    hidden = param.ClassSelector(class_=frozenset, default=frozenset(), doc="phases left out of the map")
    map_shown = param.String(ALL_COUNTS, doc="a line, ALL_COUNTS, COLOUR_COMPOSITE or NAVIGATION + name")
    composite = param.Tuple(("", "", ""), doc="lines shown as red, green and blue")
    map_palette = param.Selector(objects=list(theme.MAP_PALETTES), default="Inferno")
    background_shown = param.String("", doc="navigation image below the phases; empty: counts")
    phase_opacity = param.Number(0.75, bounds=(0, 1))
    spectra_shown = param.List(["Sum", "Phases", "Selection"])
    spectra_scale = param.Selector(objects=["log", "linear"], default="log")
    spectra_norm = param.Selector(objects=["Counts", "Per pixel", "Equal area"], default="Per pixel")
    latent_colour = param.String(BY_PHASE, doc="colours of the latent space: BY_PHASE, BY_DENSITY or a line")
    latent_ellipses = param.Selector(objects=["Off", "Phases", "Gaussians"], default="Off")
    chosen_phase = param.Integer(None, allow_None=True, doc="the phase picked in the table, by number")
    chosen_phases = param.Parameter((), doc="phases picked in the table; chosen_phase is the last")

    # --- results: replaced whole
    dataset = param.Parameter(None, doc="SpectrumImage or ElementalMaps, as opened")
    titles = param.Parameter((), doc="titles of the signals of the opened file")
    prepared = param.ClassSelector(class_=OpenedMap, default=None, allow_None=True)
    model = param.ClassSelector(class_=LatentModel, default=None, allow_None=True, doc="opened from a file")
    result = param.ClassSelector(class_=PhasesResult, default=None, allow_None=True)
    unmixed = param.Parameter(None, doc="Unmixed: the end-members on show, and the phases that they are of")
    stability = param.Parameter(None, doc="TestedPhases: whether phases were found again, and which phases")
    shown = param.ClassSelector(class_=LivePhases, default=None, allow_None=True)
    asked = param.Parameter(None, doc="how the next selection is to be made; the visit answers with it")
    selection = param.ClassSelector(class_=Selection, default=None, allow_None=True)
    selection_spectrum = param.Array(None, allow_None=True)
    selection_phases = param.Parameter((), doc="(phase number, share of the selection), largest first")
    kept_masks = param.Parameter({}, doc="name of a kept selection -> its Selection on this map, or why not")

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        #: is what changes now taken back, or a consequence of what a person did? Neither is a step of its own
        self.restoring = self.following = False
        #: is what is taken back of the run whose result is here?
        self.same_run = True
        self.param.watch(self._names_and_recipe, ["recipe", "names", "colours"])
        self.param.watch(self._chosen, "chosen_phase")
        self._names_and_recipe()

    def change(self, part: str | None, **choices: object) -> None:
        """Replace choices of a part of the recipe, e.g. ``change("mixture", n_phases=6)``."""
        if part is None:
            self.recipe = replace(self.recipe, **choices)
        else:
            self.recipe = replace(self.recipe, **{part: replace(getattr(self.recipe, part), **choices)})

    @contextmanager
    def consequence(self) -> Iterator[None]:
        """What changes inside follows from the last thing that a person did: it is taken back with that."""
        before, self.following = self.following, True
        try:
            yield
        finally:
            self.following = before

    def edit(self, *commands: str, instead_of: Sequence[str] = ()) -> None:
        """Add edits to the recipe, see ``models.phase_edits``; those that they replace go."""
        kept = [edit for edit in self.recipe.edits if edit not in instead_of]
        self.recipe = replace(self.recipe, edits=(*kept, *commands))

    def choose(self, phases: Sequence[int]) -> None:
        """Pick phases in the table; their pixels become the selection."""
        chosen = tuple(dict.fromkeys(phases))
        self.param.update(chosen_phases=chosen, chosen_phase=chosen[-1] if chosen else None)

    @property
    def touched(self) -> bool:
        """Has a person named, coloured or edited phases? Then their numbers have to stay."""
        by_phase = any(getattr(kept.origin, "follows", "") == "phases" for kept in self.selections)
        return bool(self.recipe.edits or self.recipe.numbering or self.hidden or by_phase)

    def _names_and_recipe(self, *events: Any) -> None:
        """Names and colours stand in the recipe, for batch runs and links; whichever changes leads."""
        edits = phase_edits.parse_all(self.recipe.edits)
        if {event.name for event in events} & {"names", "colours"}:
            of_map = phase_edits.of_the_map(edits)
            names = [phase_edits.Name(phase, name) for phase, name in self.names.items() if name]
            colours = [phase_edits.Colour(phase, colour) for phase, colour in self.colours.items()]
            commands = tuple(edit.text for edit in (*of_map, *names, *colours))
            if commands != self.recipe.edits:
                self.recipe = replace(self.recipe, edits=commands)
            return
        names, colours = phase_edits.names_of(edits), phase_edits.colours_of(edits)
        if (names, colours) != (self.names, self.colours):
            self.param.update(names=names, colours=colours)

    def _chosen(self, *_events: Any) -> None:
        if self.chosen_phase is None:
            self.chosen_phases = ()
        elif self.chosen_phase not in self.chosen_phases:
            self.chosen_phases = (self.chosen_phase,)

    def open(
        self, dataset: SpectrumImage | ElementalMaps, prepared: OpenedMap, keep_edits: bool = False
    ) -> None:
        """Another dataset: everything that followed from the old one goes; edits stay where that is said."""
        recipe = self.recipe if keep_edits else replace(self.recipe, edits=(), numbering=())
        self.param.update(
            recipe=recipe,
            dataset=dataset,
            prepared=prepared,
            result=None,
            shown=None,
            unmixed=None,
            stability=None,
            selection=None,
            selection_spectrum=None,
            selection_phases=(),
            chosen_phase=None,
            chosen_phases=(),
            kept_masks={},
            hidden=frozenset(),
            map_shown=ALL_COUNTS,
            latent_colour=BY_PHASE,
            composite=prepared.composite,
            background_shown=next(iter(prepared.maps.navigation), ""),
        )

    def refresh(self, prepared: OpenedMap) -> None:
        """Other line maps of the same pixels: phases stay until they are sought again."""
        lines = prepared.maps.lines
        kept = self.map_shown in (ALL_COUNTS, *lines) or self.map_shown.startswith(NAVIGATION)
        self.param.update(
            prepared=prepared,
            map_shown=self.map_shown if kept else ALL_COUNTS,
            latent_colour=self.latent_colour if self.latent_colour in (BY_DENSITY, *lines) else BY_PHASE,
            composite=tuple(
                line if line in lines else lines[i % len(lines)] for i, line in enumerate(self.composite)
            ),
        )

    def select(self, origin: Origin) -> None:
        """Ask for the pixels of an origin; they become the selection as soon as they are found."""
        self.asked = origin

    def clear_selection(self) -> None:
        """Nothing is selected any more; a selection that is on its way does not come."""
        self.asked = None
        self.choose(())
        self.selection = None

    def name_of(self, phase: int) -> str:
        """Name of a phase by its lasting number."""
        return self.names.get(phase) or f"Phase {phase + 1}"

    def colour_of(self, phase: int) -> str:
        """Colour of a phase by its lasting number."""
        return self.colours.get(phase) or theme.PHASE_COLOURS[phase % len(theme.PHASE_COLOURS)]

    def colours_by_label(self) -> tuple[str, ...]:
        """Colours in the order of the labels of the shown answer."""
        return () if self.shown is None else tuple(self.colour_of(phase) for phase in self.shown.ids)

    def label_of(self, phase: int) -> int | None:
        """Label of a phase in the shown answer, by its lasting number; None where it has none."""
        ids = () if self.shown is None else self.shown.ids
        return ids.index(phase) if phase in ids else None

    def rows(self) -> list[PhaseRow]:
        """The table of phases, largest first; shares are of all valid pixels, unassigned ones included."""
        if self.shown is None:
            return []
        shown = self.shown
        n_valid = max(1, shown.n_valid)
        rows = [
            PhaseRow(
                id=phase,
                name=self.name_of(phase),
                colour=self.colour_of(phase),
                pixels=int(pixels),
                area_percent=100 * pixels / n_valid,
                lines=lines,
                visible=phase not in self.hidden,
                chosen=phase in self.chosen_phases,
                locked=phase in shown.locked,
            )
            for phase, pixels, lines in zip(shown.ids, shown.pixels, shown.main_lines, strict=True)
        ]
        return sorted(rows, key=lambda row: -row.pixels)

    def other_rows(self) -> list[PhaseRow]:
        """The pixels of no phase in the table: those below the least probability, and excluded phases."""
        if self.shown is None:
            return []
        shown = self.shown
        left = shown.n_valid - int(shown.pixels.sum())
        share = 100 * left / max(1, shown.n_valid)
        unassigned = PhaseRow(
            -1, "Unassigned", theme.UNASSIGNED, left, share, (), True, False, kind="unassigned"
        )
        excluded = [
            PhaseRow(
                phase, self.name_of(phase), self.colour_of(phase), n, 0.0, (), False, False, kind="excluded"
            )
            for phase, n in shown.excluded
        ]
        return [*([unassigned] if left else []), *excluded]

    def set_phase(self, phase: int, what: str, value: object) -> None:
        """A change of a person in the table: ``name``, ``colour``, ``visible`` or ``chosen``."""
        if what == "name":
            name = " ".join(str(value).split())[:60]
            self.names = {**self.names, phase: "" if name == f"Phase {phase + 1}" else name}
        elif what == "colour":
            self.colours = {**self.colours, phase: str(value).lower()}
        elif what == "visible":
            self.hidden = self.hidden - {phase} if value else self.hidden | {phase}
        elif what == "chosen":
            self.choose((phase,) if value else ())
