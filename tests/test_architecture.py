"""The rooms of the house: who may import whom. Imports are parsed, never run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("data", "models", "dashboard", "headless")
WORKSPACES = ("phases", "particles", "inversion")
DRAWING = ("panel", "panel_material_ui", "bokeh", "holoviews", "datashader")
#: what the page shows of saved sessions; the rest of that room keeps them
SHOWN_OF_SESSIONS = ("toolbar", "front", "table", "page_view", "visit")
#: files of the dashboard that hold what is kept, and those of the job queue
KEEPING = ("state", "workbench", "frozen_phases", "frozen_view")
QUEUEING = ("job", "jobs", "job_lane", "job_words", "job_recorder")
VAGUE_NAMES = ("utils", "helpers", "misc", "common", "base", "manager")


@dataclass(frozen=True)
class Import:
    """An imported module; ``from data import axes`` counts as data and as data.axes."""

    module: str
    line: int

    def is_of(self, package: str) -> bool:
        return self.module == package or self.module.startswith(package + ".")


def imports(source: str, module: str, is_package: bool = False) -> Iterator[Import]:
    """Everything that a module imports, anywhere in it, with relative imports made absolute."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(name.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                parents = module.split(".")
                parents = parents[: len(parents) - node.level + is_package]
                origin = ".".join([*parents, origin] if origin else parents)
            yield Import(origin, node.lineno)
            for name in node.names:
                yield Import(f"{origin}.{name.name}", node.lineno)
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) in ("importlib.import_module", "import_module", "__import__")
            and isinstance(next(iter(node.args), None), ast.Constant)
        ):
            yield Import(node.args[0].value, node.lineno)


def forbidden_packages(path: Path) -> dict[str, str]:
    """Package -> why a file at this place (relative to the root) must not import it."""
    room, name = path.parts[0], path.stem
    rules: dict[str, str] = {}

    def forbid(packages: tuple[str, ...], why: str) -> None:
        rules.update(dict.fromkeys(packages, why))

    if room == "data":
        forbid(("torch", "sklearn", "param", *DRAWING), "data is what was measured")
        forbid(("models", "dashboard", "headless", "app", "batch"), "data knows no room above it")
    if room == "models":
        forbid(("param", *DRAWING), "models take arrays and give results")
        forbid(("dashboard", "headless", "app", "batch"), "models know no room above them")
    if path == Path("batch.py") or room == "headless":
        forbid(("param", "dashboard", "app", *DRAWING), "this is the door without a browser")
    if room == "dashboard":
        forbid(("app", "batch"), "the doors open the dashboard, never the other way round")
        if path.parts[1] == "files" or (path.parts[1] == "sessions" and name not in SHOWN_OF_SESSIONS):
            forbid(DRAWING, "what is kept of sessions and files is not what is shown of them")
        if name in KEEPING or name in QUEUEING:
            forbid(DRAWING, f"{name}.py holds what is kept, not what is shown")
        if path.parts[1] == "store":
            forbid(("param", *DRAWING), "the store holds what is kept, not what is shown")
        if name == "plots":
            forbid(("panel", "panel_material_ui"), "plots draw figures; the view places them")
        if len(path.parts) == 3 and path.parts[1] in WORKSPACES:
            here = f"dashboard.{path.parts[1]}"
            siblings = tuple(f"dashboard.{other}" for other in WORKSPACES if other != path.parts[1])
            forbid(siblings, "workspaces never import each other")
            if name == "state":
                forbid((f"{here}.plots", f"{here}.view"), "state <- plots <- view")
            if name == "plots":
                forbid((f"{here}.view",), "state <- plots <- view")
    return rules


def violations(path: Path, source: str) -> list[str]:
    """What is wrong with the imports and the name of one file, as sentences; path relative to the root."""
    found = []
    if path.stem in VAGUE_NAMES or set(path.parts[:-1]) & set(VAGUE_NAMES):
        found.append(f"{path}: a helper lives with its caller until it is a concept with a name")
    module = ".".join(path.with_suffix("").parts)
    is_package = path.stem == "__init__"
    module = module.removesuffix(".__init__")
    for imported in imports(source, module, is_package):
        for package, why in forbidden_packages(path).items():
            if imported.is_of(package):
                found.append(f"{path}:{imported.line} imports {imported.module}: {why}")
    return found


def loads_pickles(source: str) -> list[int]:
    """Lines that could unpickle something: a file from somebody else would run code of its own."""
    lines = [
        imported.line
        for imported in imports(source, "")
        if imported.module in ("pickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal")
    ]
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        unsafe = (
            given.get("allow_pickle", "False") != "False"
            or called.endswith(("read_pickle", "to_pickle"))
            or (called == "torch.load" and given.get("weights_only") != "True")
        )
        if unsafe:
            lines.append(node.lineno)
    return sorted(set(lines))


def source_files() -> list[Path]:
    rooms = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    return [path.relative_to(ROOT) for path in [*rooms, *sorted(ROOT.glob("*.py"))]]


def module_graph() -> dict[str, set[str]]:
    """Module of the project -> modules of the project that it imports."""
    modules = {
        ".".join(path.with_suffix("").parts).removesuffix(".__init__"): path for path in source_files()
    }
    graph = {}
    for module, path in modules.items():
        found = {
            item.module
            for item in imports((ROOT / path).read_text(encoding="utf-8"), module, path.stem == "__init__")
        }
        found &= modules.keys() - {module}
        # a module that takes another one from its own package needs that one, not what the package offers
        parents = {module.rsplit(".", depth)[0] for depth in range(1, module.count(".") + 1)}
        graph[module] = found - parents
    return graph


def cycle_in(graph: dict[str, set[str]]) -> list[str]:
    """Modules that import each other in a ring, first one repeated at the end; empty where there is none."""
    done: set[str] = set()

    def visit(module: str, trail: list[str]) -> list[str]:
        if module in trail:
            return [*trail[trail.index(module) :], module]
        if module in done:
            return []
        for imported in sorted(graph.get(module, ())):
            if ring := visit(imported, [*trail, module]):
                return ring
        done.add(module)
        return []

    return next(filter(None, (visit(module, []) for module in sorted(graph))), [])


@pytest.mark.parametrize("path", source_files(), ids=str)
def test_every_file_imports_only_what_its_room_allows(path):
    assert violations(path, (ROOT / path).read_text(encoding="utf-8")) == []


def test_no_module_imports_itself_by_a_detour():
    assert cycle_in(module_graph()) == []


def test_nothing_is_ever_unpickled():
    folders = [ROOT / folder for folder in ("benchmarks", "tools", "docs")]
    files = [ROOT / path for path in source_files()] + [
        path for f in folders for path in sorted(f.rglob("*.py"))
    ]
    found = {path.name: lines for path in files if (lines := loads_pickles(path.read_text(encoding="utf-8")))}
    assert found == {}


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("data/axes.py", "import torch"),
        ("data/axes.py", "def late():\n    from sklearn.cluster import KMeans"),
        ("data/readers/bruker.py", "from models.recipe import PhasesRecipe"),
        ("data/readers/bruker.py", "from ...models import recipe"),
        ("models/mixture.py", "import holoviews as hv"),
        ("models/mixture.py", "from dashboard import theme"),
        ("models/mixture.py", "import importlib\nimportlib.import_module('param')"),
        ("dashboard/phases/state.py", "import panel as pn"),
        ("dashboard/phases/state.py", "from . import plots"),
        ("dashboard/jobs.py", "from bokeh.models import Div"),
        ("dashboard/store/sessions.py", "import panel"),
        ("dashboard/store/migrations/env.py", "import param"),
        ("dashboard/phases/plots.py", "import panel"),
        ("dashboard/phases/plots.py", "from dashboard.phases.view import PhasesView"),
        ("dashboard/phases/view.py", "from dashboard.particles import state"),
        ("dashboard/phases/view.py", "from ..particles import state"),
        ("models/helpers.py", ""),
        ("models/utils/windows.py", ""),
        ("batch.py", "import panel"),
    ],
)
def test_a_file_in_the_wrong_room_is_found(place, source):
    assert len(set(violations(Path(place), source))) >= 1


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("data/axes.py", "import numpy\nfrom data import sparse_counts"),
        ("models/mixture.py", "import torch, sklearn\nfrom data.axes import EnergyAxis"),
        ("dashboard/phases/state.py", "import param\nfrom models import recipe"),
        ("dashboard/phases/plots.py", "import bokeh.plotting\nfrom dashboard.phases import state"),
        ("dashboard/phases/view.py", "import panel\nfrom . import plots, state"),
        ("models/parametric.py", "import parametrisation_of_something"),
    ],
)
def test_a_file_in_its_own_room_passes(place, source):
    assert violations(Path(place), source) == []


def test_a_ring_of_imports_is_found():
    assert cycle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["b", "c", "b"]
    assert cycle_in({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "np.load(path, allow_pickle=True)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "pd.read_pickle(path)",
    ],
)
def test_an_unpickler_is_found(source):
    assert loads_pickles(source) == [1]


def test_safe_loading_is_no_unpickler():
    assert (
        loads_pickles("np.load(path)\nnp.load(p, allow_pickle=False)\ntorch.load(p, weights_only=True)") == []
    )
