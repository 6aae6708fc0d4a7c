"""The door without a browser: python batch.py phases INPUT --out DIR [--recipe R.yaml] [--set key=value ...]

Several inputs share one latent space and one set of phases: each gets a folder, all of them a modal table.
With --each every input is analysed by itself, all of them as tasks of Dask.
Bad input is answered by one line on stderr and exit code 2. What was not foreseen gives exit code 1 and a log
file beside DIR.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import traceback
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from headless.mistakes import is_bad_input, one_line, write_log
from headless.version import version

# Only the standard library above: --help and a mistyped option answer at once, without torch.
if TYPE_CHECKING:
    from models.latent_model import LatentModel
    from models.recipe import PhasesRecipe

# before torch is imported: threads that wait would otherwise spin, many times slower beside other work
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

BAD_INPUT, UNFORESEEN, INTERRUPTED = 2, 1, 130


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line instead of the whole usage."""
        self.exit(BAD_INPUT, f"{self.prog}: {message}. See {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    whole = _Parser(prog="batch.py", description="Lodestone without a browser.")
    whole.add_argument("--version", action="version", version=f"Lodestone {version()}")
    workspaces = whole.add_subparsers(dest="workspace", required=True, metavar="phases")
    what = "find the phases of a spectrum image or of a folder of element maps"
    phases = workspaces.add_parser("phases", help=what, description=what.capitalize() + ".")
    phases.add_argument(
        "input",
        nargs="+",
        metavar="INPUT",
        help="a file, a folder of images, or demo for the built-in map; several share their phases, "
        "unless --each is given",
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
    phases.add_argument(
        "--each",
        action="store_true",
        help="every input by itself, with phases of its own; several at a time, on the cluster that "
        "DASK_SCHEDULER_ADDRESS names or on this machine",
    )
    return whole


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    options = parser().parse_args(arguments)
    try:
        if options.each:
            each(options)
        elif len(options.input) == 1:
            phases(options)
        else:
            several(options)
    except KeyboardInterrupt as stopped:
        print(f"\nbatch.py: stopped; {str(stopped) or 'nothing was written'}", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if is_bad_input(error):
            print(f"batch.py: {one_line(error)}", file=sys.stderr)
            return BAD_INPUT
        log = write_log(options.out, traceback.format_exc())
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
    from headless.library_warnings import quiet_cluster
    from headless.one_map import OneMap, find_phases
    from headless.progress import progress

    [given] = options.input
    with quiet_cluster(), progress() as show:
        found = find_phases(OneMap(given, given, options.dataset, recipe, model, options.out), show)
    for note in found.notes:
        print(f"- {note}")
    print(f"{found.n_phases} phases in {found.seconds:.0f} s: {options.out}")


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
        raise ValueError(
            "--model applies to one map, or to every map with --each. Several maps share a latent space that "
            "they train."
        )
    recipe = _recipe(options)
    from headless.library_warnings import quiet_cluster, quiet_libraries
    from headless.opening import located, open_map
    from headless.peak_memory import PeakMemory
    from headless.progress import progress
    from headless.several import folder_names, share

    with quiet_libraries() as warned, quiet_cluster(), PeakMemory() as memory, progress() as show:
        maps = [
            (name, path, partial(open_map, located(path), options.dataset))
            for name, path in zip(folder_names(options.input), options.input, strict=True)
        ]
        known = {"version": version(), "input": options.input, "warnings": warned}
        outcomes, shared = share(maps, recipe, options.out, show, memory, known)
    for note in shared.result.notes:
        print(f"- {note}")
    for outcome in outcomes:
        if outcome.error:
            print(f"batch.py: {outcome.name} was left out: {outcome.error}", file=sys.stderr)
    n_maps = len(shared.names)
    print(f"{shared.result.phases.n_phases} phases that {n_maps} maps share: {options.out / 'modal.csv'}")


def each(options: argparse.Namespace) -> None:
    """Find the phases of every map by itself.

    Raises
    ------
    ValueError, OSError
        The recipe or the folder cannot be used, or none of the maps; what is wrong with single ones is
        printed and stands in the table.
    """
    recipe, model = _with_model(_recipe(options), options.model)
    from headless.board import board
    from headless.each import run_each
    from headless.library_warnings import quiet_cluster, quiet_libraries
    from headless.one_map import OneMap
    from headless.opening import located
    from headless.runs_table import require_folder_of_runs, with_logs, write_runs
    from headless.several import folder_names
    from models.recipe_limits import check_limits

    check_limits(recipe)
    require_folder_of_runs(options.out)
    out, names = options.out.absolute(), folder_names(options.input)
    runs = [
        OneMap(given, located(given), options.dataset, recipe, model, out / name)
        for given, name in zip(options.input, names, strict=True)
    ]
    done = {}
    try:
        with quiet_libraries(), quiet_cluster(), board(names) as shown:
            run_each(runs, shown, done)
    except KeyboardInterrupt:
        if not done:
            with suppress(OSError):  # it was not made yet, or holds earlier results
                out.rmdir()
            raise
        table = write_runs(options.out, runs, done, with_logs(runs, done))
        raise KeyboardInterrupt(f"{len(done)} of {len(runs)} files are done: {table}") from None
    errors = with_logs(runs, done)
    table = write_runs(options.out, runs, done, errors)
    for number, name in enumerate(names):
        for remark in done[number].remarks:
            print(f"{name}: {remark}")
        if number in errors:
            print(f"batch.py: {name} was left out: {errors[number]}", file=sys.stderr)
    n_found = len(runs) - len(errors)
    if not n_found:
        raise ValueError(f"None of the {len(runs)} files could be used; see {table}")
    print(f"{n_found} of {len(runs)} files: {table}")


def _stop(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(main())
