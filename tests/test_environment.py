"""One list of dependencies: pyproject.toml names them, the lock pins them, conda installs that lock."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([0-9][A-Za-z0-9.]*)$")


def normalised(name: str) -> str:
    """A package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked_versions() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [PIN.match(line) for line in lines if line and not line.startswith("#")]
    assert all(pins), "every line of requirements.lock pins one package, without suffix, marker or address"
    return {normalised(pin[1]): pin[2] for pin in pins}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def direct_requirements() -> list[str]:
    development = project()["optional-dependencies"]["dev"]
    return [*project()["dependencies"], *development]


def conda_dependencies() -> tuple[dict[str, str], list[str]]:
    """What environment.yml asks of conda (name -> constraint) and of pip (lines)."""
    wanted = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    conda = dict((*item.split(maxsplit=1), "")[:2] for item in wanted if isinstance(item, str))
    pip = [line for item in wanted if isinstance(item, dict) for line in item["pip"]]
    return conda, pip


@pytest.mark.parametrize("requirement", direct_requirements())
def test_every_direct_dependency_is_pinned_at_a_version_it_allows(requirement):
    name, pinned = re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?(?:==(.+))?$", requirement).groups()
    assert normalised(name) in locked_versions(), "run `make lock`"
    assert pinned in (None, locked_versions()[normalised(name)]), "run `make lock`"


def test_the_lock_names_no_package_twice_and_no_build_for_one_kind_of_machine():
    names = [
        normalised(line.split("==")[0])
        for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert len(names) == len(set(names))
    assert not [name for name in names if name.startswith(("nvidia-", "cuda-", "triton"))]


def test_conda_users_get_the_versions_of_the_lock():
    conda, pip = conda_dependencies()
    pins = locked_versions()
    assert pip == ["-r requirements.lock"]
    # what conda itself would bring besides Python and pip has to be the pinned version as well
    others = {name: constraint for name, constraint in conda.items() if name not in ("python", "pip")}
    assert {name: constraint.lstrip("= ") for name, constraint in others.items()} == {
        name: pins.get(normalised(name)) for name in others
    }


def test_the_lowest_python_is_the_same_everywhere():
    floor = project()["requires-python"].removeprefix(">=")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert conda_dependencies()[0]["python"].startswith(f">={floor}")
    assert f"sys.version_info < ({floor.replace('.', ', ')})" in makefile
    assert f"Python {floor} or later" in makefile


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this copy is no git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_no_tracked_text_holds_an_index_address_or_a_path_of_one_machine():
    """Someone else's machine has neither: the ordinary index and relative paths are enough."""
    forbidden = re.compile(
        "|".join(["index" + "-url", "find" + "-links", "/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/"])
    )
    found = []
    for path in tracked_files():
        if path.suffix in (".png", ".npz", ".tif") or not path.is_file():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if forbidden.search(line) and path != Path(__file__).resolve():
                found.append(f"{path.relative_to(ROOT)}:{number}")
    assert not found
