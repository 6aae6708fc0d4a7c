"""The sidebar's section on the latent space: the method, its settings, and trained models as files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboard.exports import PageTools, download_button
from dashboard.phases.grid import Column, Row
from dashboard.phases.state import PhasesState
from models.exports_files import file_name
from models.latent_model import LatentModel
from models.latent_model_file import ENDING, from_bytes, to_bytes
from models.placement import METHODS

_COMPACT = {"size": "small", "sizing_mode": "stretch_width", "margin": (6, 8)}


class LatentControls:
    """Widgets of the latent space, both ways with the recipe of a state; ``find`` runs it."""

    def __init__(self, state: PhasesState, tools: PageTools, find: Callable[[], None]) -> None:
        self.state, self.tools, self._find = state, tools, find
        self._bound: list[tuple[Any, str, str]] = []
        self._following = False
        self._build()
        self._follow()
        state.param.watch(self._follow, ["recipe", "result", "model"])

    def _build(self) -> None:
        self.method = self._bind(
            pmui.Select(label="Method", options={name: key for key, name in METHODS.items()}, **_COMPACT),
            "latent", "method",
        )  # fmt: skip
        self.epochs = self._number("Most epochs", "autoencoder", "max_epochs", 1, 5000)
        self.batch = self._number("Batch size", "autoencoder", "batch_size", 16, 65536)
        self.rate = self._bind(
            pmui.FloatInput(label="Learning rate", start=1e-6, end=1, step=1e-4, **_COMPACT),
            "autoencoder", "learning_rate",
        )  # fmt: skip
        self.kl_weight = self._bind(
            pmui.FloatInput(label="Weight of the prior", start=0, end=1e6, step=0.1, **_COMPACT),
            "latent", "kl_weight",
        )  # fmt: skip
        self.neighbours = self._number("Neighbours", "latent", "n_neighbours", 2, 200)
        self.distance = self._bind(
            pmui.FloatInput(label="Least distance", start=0, end=0.99, step=0.05, **_COMPACT),
            "latent", "least_distance",
        )  # fmt: skip
        self.fitted = self._number("Fitted pixels", "latent", "fitted_pixels", 100, 1_000_000)
        self.dimension = self._number("Coordinates", "autoencoder", "n_latent", 1, 8)
        self.seed = self._number("Seed", "autoencoder", "seed", 0, 2**31 - 1)
        self.note = pmui.Typography("", variant="caption", margin=(0, 12), sizing_mode="stretch_width")
        self.save = download_button(self.tools, "Save model", self._file_name, self._file)
        self.open = pmui.FileInput(label="Open model", size="small", variant="outlined", margin=(2, 4))
        self.open.param.watch(self._opened, "value")
        self.forget = pmui.Button(
            label="Train on this map instead", size="small", variant="outlined", margin=(2, 8), visible=False
        )
        self.forget.on_click(lambda _event: self._train_again())
        row = {"sizing_mode": "stretch_width", "margin": 0}
        self.network_rows = [
            Row(self.epochs, self.batch, **row),
            Row(self.rate, self.kl_weight, **row),
        ]
        self.umap_rows = [Row(self.neighbours, self.distance, **row), Row(self.fitted, **row)]
        self.panel: pn.viewable.Viewable = Column(
            self.method, self.note, *self.network_rows, *self.umap_rows,
            Row(self.dimension, self.seed, **row),
            Row(self.save, self.open, margin=(6, 4), styles={"flex-wrap": "wrap"}),
            self.forget, sizing_mode="stretch_width", margin=0,
        )  # fmt: skip

    def _number(self, label: str, part: str, name: str, low: int, high: int) -> Any:
        return self._bind(pmui.IntInput(label=label, start=low, end=high, **_COMPACT), part, name)

    def _bind(self, widget: Any, part: str, name: str) -> Any:
        def changed(event: Any) -> None:
            if self._following or event.new is None or event.new == self._choice(part, name):
                return
            self.state.change(part, **{name: event.new})

        widget.param.watch(changed, "value")
        self._bound.append((widget, part, name))
        return widget

    def _choice(self, part: str, name: str) -> Any:
        return getattr(getattr(self.state.recipe, part), name)

    def _follow(self, *_events: Any) -> None:
        """Show the recipe; settings of other methods are not there, those of a loaded model are fixed."""
        latent, model = self.state.recipe.latent, self.state.model
        self._following = True
        for widget, part, name in self._bound:
            value = self._choice(part, name)
            if widget.value != value:
                widget.value = value
            widget.disabled = bool(latent.model)
        self._following = False
        trained = latent.method in ("autoencoder", "variational")
        for row in self.network_rows:
            row.visible = trained
        self.kl_weight.visible = latent.method == "variational"
        for row in self.umap_rows:
            row.visible = latent.method == "umap"
        self.seed.visible = latent.method != "pca"
        self.forget.visible = bool(latent.model)
        self.note.object = _note(latent.model, model, latent.method)
        result = self.state.result
        self.save.disabled = result is None or result.trained is None

    # --- models as files

    def _file_name(self) -> str:
        result = self.state.result
        return file_name(result.maps.title, result.recipe.latent.method, "model", ending=ENDING)

    def _file(self) -> bytes:
        result = self.state.result
        if result is None or result.trained is None:
            raise ValueError("There is no trained model yet. Press Find phases first.")
        # one that came from a file keeps the normalisation of the map that it was made on
        applied = bool(result.recipe.latent.model) and result.model is not None
        return to_bytes(
            result.model if applied else LatentModel.of(result.trained, result.maps, result.recipe)
        )

    def _opened(self, event: Any) -> None:
        if event.new is None:
            return
        name = self.open.filename or "This file"
        content = event.new[0] if isinstance(event.new, list) else event.new
        name = name[0] if isinstance(name, list) else name
        try:
            self.use(from_bytes(content, name))
        except ValueError as error:
            self.tools.tell(str(error), "error")
        finally:
            self.open.value = None  # the same file may be opened again, after a change of the lines

    def use(self, model: LatentModel) -> None:
        """Apply a model to the map that is open, and find its phases.

        Raises
        ------
        ValueError
            No map is open, or the model is of other lines or intensities.
        """
        state = self.state
        if state.prepared is None:
            raise ValueError("Open a dataset first; the model is then applied to it.")
        line_maps = replace(state.recipe.line_maps, normalisation=model.normalisation)
        model.check_fits(state.prepared.maps.lines, line_maps)
        state.model = model
        state.recipe = replace(model.recipe(state.recipe), line_maps=line_maps)
        self._find()

    def _train_again(self) -> None:
        self.state.change("latent", model="")
        self._find()


def _note(wanted: str, model: LatentModel | None, method: str) -> str:
    if wanted and (model is None or model.id != wanted):
        return f"The recipe asks for the model {wanted}. Open its file, or train on this map."
    if wanted:
        return f"From a file, made on {model.title or 'another map'} ({model.id}); nothing is trained."
    return {
        "autoencoder": "",
        "variational": "Like the autoencoder, with latent points drawn towards a normal distribution.",
        "pca": "Linear and immediate; two components seldom hold all phases apart.",
        "umap": "Fitted to some pixels, all others are placed among them: minutes on a large map.",
    }[method]
