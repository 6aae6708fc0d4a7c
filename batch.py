"""The door without a browser: python batch.py phases INPUT --out DIR [--recipe R.yaml] [--set key=value ...]

Several inputs share one latent space and one set of phases: each gets a folder, all of them a modal table.
Bad input is answered by one line on stderr and exit code 2. What was not foreseen gives exit code 1 and a log
file beside DIR.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

# Only the standard library above: --help and a mistyped option answer at once, without torch.
if TYPE_CHECKING:
    from data.elemental_maps import ElementalMaps
    from data.spectrum_image import SpectrumImage
    from headless.progress import Show
    from models.latent_model import LatentModel
    from models.recipe import PhasesRecipe

# before torch is imported: threads that wait would otherwise spin, many times slower beside other work
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

ROOT = Path(__file__).resolve().parent
BAD_INPUT, UNFORESEEN, INTERRUPTED = 2, 1, 130


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line instead of the whole usage."""
        self.exit(BAD_INPUT, f"{self.prog}: {message}. See {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    whole = _Parser(prog="batch.py", description="Lodestone without a browser.")
    whole.add_argument("--version", action="version", version=f"Lodestone {_version()}")
    workspaces = whole.add_subparsers(dest="workspace", required=True, metavar="phases")
    what = "find the phases of a spectrum image or of a folder of element maps"
    phases = workspaces.add_parser("phases", help=what, description=what.capitalize() + ".")
    phases.add_argument(
        "input",
        nargs="+",
        metavar="INPUT",
        help="a file, a folder of images, or demo for the built-in map; several share their phases",
    )
    phases.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the results")
    phases.add_argument("--recipe", type=Path, metavar="R.yaml", help="the choices of an earlier run")
    phases.add_argument("--preset", metavar="NAME", help="the choices to start from: default or published")
    phases.add_argument(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help="single choices, e.g. refinement.n_phases=6 'line_maps.lines=[Fe_Ka, Si_Ka]'",
    )
    phases.add_argument(
        "--model",
        type=Path,
        metavar="FILE",
        help="a latent space saved before (model.safetensors), applied in place of a training",
    )
    phases.add_argument(
        "--dataset", metavar="N|NAME", help="which map, where a file holds several (1 is the first)"
    )
    return whole


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    options = parser().parse_args(arguments)
    try:
        phases(options) if len(options.input) == 1 else several(options)
    except KeyboardInterrupt:
        print("\nbatch.py: stopped; nothing was written", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if _is_bad_input(error):
            print(f"batch.py: {' '.join(str(error).split())}", file=sys.stderr)
            return BAD_INPUT
        log = _write_log(options.out)
        print(f"batch.py: unexpected {type(error).__name__}; the details are in {log}", file=sys.stderr)
        return UNFORESEEN
    return 0


def phases(options: argparse.Namespace) -> None:
    """Find the phases of one map and write all files of the result.

    Raises
    ------
    ValueError, OSError
        The recipe, the map or the folder cannot be used; the message is for the person who named it.
    """
    recipe, model = _with_model(_recipe(options), options.model)
    from headless.peak_memory import PeakMemory, give_back
    from headless.progress import progress
    from headless.result_folder import result_folder
    from models.phases_files import FILES, write_phases

    with (
        result_folder(options.out, FILES) as folder,
        _quiet_libraries() as warned,
        PeakMemory() as memory,
        progress() as show,
    ):
        started = time.perf_counter()
        memory.enter("open")
        dataset = _open(options.input[0], options.dataset, show)
        give_back()
        seconds = {"open": time.perf_counter() - started}
        from models.phases import run  # with torch, which a file that cannot be read need not wait for

        reports = run(dataset, recipe, model=model)
        # the counts as they were before the low-energy cut need not stay in memory
        del dataset
        epochs = []
        for report in reports:
            memory.enter(report.stage)
            show(report.fraction, report.message)
            if report.epoch is not None and report.epoch.share == 1:
                epochs.append(report.epoch)
            if report.partial is not None:
                result = report.partial
                give_back()
        seconds |= {**result.seconds, "total": time.perf_counter() - started}
        losses = ("train_loss", "validation_loss", "learning_rate")
        metrics = {
            "version": _version(),
            "input": options.input[0],
            "seconds": {stage: round(spent, 3) for stage, spent in seconds.items()},
            "peak_memory_mb": memory.peaks(),
            "losses": {name: [float(getattr(epoch, name)) for epoch in epochs] for name in losses},
            "warnings": warned,
        }
        memory.enter("write")
        write_phases(result, folder, metrics)
        from models.report_files import write_report  # with matplotlib

        memory.enter("report")
        show(1.0, "Writing the report")
        write_report(result, Path(options.input[0]).name, folder)
    for note in result.notes:
        print(f"- {note}")
    print(f"{result.phases.n_phases} phases in {seconds['total']:.0f} s: {options.out}")


def _recipe(options: argparse.Namespace) -> PhasesRecipe:
    from models.presets import preset
    from models.recipe import read_recipe, with_settings

    if options.recipe is not None and options.preset is not None:
        raise ValueError("--recipe and --preset both name choices to start from. Give one of them.")
    recipe = preset(options.preset or "default") if options.recipe is None else read_recipe(options.recipe)
    settings = {}
    for setting in options.set:
        key, equals, value = setting.partition("=")
        if not equals:
            raise ValueError(f"--set takes KEY=VALUE, such as mixture.n_phases=6; {setting!r} has no '='.")
        settings[key.strip()] = value
    return with_settings(recipe, settings)


def _with_model(recipe: PhasesRecipe, path: Path | None) -> tuple[PhasesRecipe, LatentModel | None]:
    """The recipe that applies the model of a file, and that model; without a file the recipe as it is."""
    if path is None:
        return recipe, None
    from models.latent_model_file import from_bytes

    model = from_bytes(path.read_bytes(), path.name)
    return model.recipe(recipe), model


def several(options: argparse.Namespace) -> None:
    """Find the phases that several maps share; errors as for :func:`phases`, of each map in the table."""
    if options.model is not None:
        raise ValueError("--model applies to one map. Several maps share a latent space that they train.")
    recipe = _recipe(options)
    from headless.peak_memory import PeakMemory
    from headless.progress import progress
    from headless.several import folder_names, share

    with _quiet_libraries() as warned, PeakMemory() as memory, progress() as show:
        maps = [
            (name, path, lambda path=path: _open(path, options.dataset, lambda *_: None))
            for name, path in zip(folder_names(options.input), options.input, strict=True)
        ]
        known = {"version": _version(), "input": options.input, "warnings": warned}
        outcomes, shared = share(maps, recipe, options.out, show, memory, known)
    for note in shared.result.notes:
        print(f"- {note}")
    for outcome in outcomes:
        if outcome.error:
            print(f"batch.py: {outcome.name} was left out: {outcome.error}", file=sys.stderr)
    n_maps = len(shared.names)
    print(f"{shared.result.phases.n_phases} phases that {n_maps} maps share: {options.out / 'modal.csv'}")


def _open(path: str, wanted: str | None, show: Show) -> SpectrumImage | ElementalMaps:
    if path == "demo":
        from data import synthetic

        show(0.0, "Computing the demo")
        return synthetic.demo()[0]
    from data.catalogue import default_cache_folder, room_in
    from data.readers import open_dataset

    show(0.0, f"Opening {path}")
    room = room_in(default_cache_folder())
    datasets = open_dataset(path, lambda _, message: show(0.0, f"Opening, {message}"), room).datasets
    listed = ", ".join(f"{number} = {dataset.title}" for number, dataset in enumerate(datasets, 1))
    if wanted is None:
        if len(datasets) > 1:
            print(f"{len(datasets)} maps: {listed}. The first is taken; --dataset takes another.")
        return datasets[0]
    if wanted.isdecimal() and 1 <= int(wanted) <= len(datasets):
        return datasets[int(wanted) - 1]
    named = [dataset for dataset in datasets if dataset.title.casefold() == wanted.casefold()]
    if len(named) != 1:
        raise ValueError(f"{path} has no map {wanted!r}; it has {listed}.")
    return named[0]


@contextlib.contextmanager
def _quiet_libraries() -> Iterator[list[str]]:
    """Warnings of libraries as a list, for ``metrics.json``: on stderr they would bury the one message."""
    warned: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: warned.append(" ".join(record.getMessage().split()))
    logging.captureWarnings(True)
    logging.getLogger().addHandler(handler)
    try:
        yield warned
    finally:
        logging.getLogger().removeHandler(handler)
        logging.captureWarnings(False)


def _is_bad_input(error: Exception) -> bool:
    """Whether the file system, or a raise of our own, says what is wrong; any other error is a surprise."""
    if isinstance(error, OSError):
        return True
    innermost = traceback.extract_tb(error.__traceback__)[-1]
    ours = Path(innermost.filename).is_relative_to(ROOT) and ".venv" not in Path(innermost.filename).parts
    return isinstance(error, ValueError) and ours and (innermost.line or "").startswith("raise ")


def _write_log(out: Path) -> Path:
    """The traceback as a file beside the folder of the results, or in the temporary folder of the system."""
    text = f"Lodestone {_version()}\n{' '.join(sys.argv)}\n\n{traceback.format_exc()}"
    for path in (
        out.absolute().with_name(f"{out.name}-error.log"),
        Path(tempfile.gettempdir(), "lodestone.log"),
    ):
        with contextlib.suppress(OSError):
            path.write_text(text, encoding="utf-8")
            return path
    return Path("(no folder could be written)")


def _version() -> str:
    import tomllib

    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def _stop(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(main())
