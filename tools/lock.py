"""Pin everything that the dependencies of pyproject.toml resolve to: writes requirements.lock.

Run through ``make lock``. pip resolves as if nothing were installed, and installs nothing. Two things are
taken out so that one file serves every machine: local version suffixes (``torch 2.13.0+cpu`` is pinned as
``torch==2.13.0``, which any index answers with its ordinary build) and the accelerator libraries that torch
asks for on Linux alone (torch pins those itself).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ACCELERATOR_LIBRARIES = ("nvidia-", "cuda-", "triton", "pytorch-triton")
HEADER = """\
# Every package at the version that Lodestone is tested with, for Python {python} and later.
# Made from pyproject.toml by `make lock`; do not edit by hand. environment.yml installs this same list.
"""


def direct_dependencies(pyproject: Path) -> list[str]:
    """The requirements that pyproject.toml names, those for development included."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    extras = project.get("optional-dependencies", {})
    return [*project["dependencies"], *(item for group in extras.values() for item in group)]


def resolved(requirements: list[str]) -> dict[str, str]:
    """Name -> version of all packages that the requirements resolve to, without local version suffixes."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        subprocess.run([*command, "--report", str(report), *requirements], check=True)
        packages = json.loads(report.read_text(encoding="utf-8"))["install"]
    versions = {item["metadata"]["name"]: item["metadata"]["version"].split("+")[0] for item in packages}
    return {
        name: version
        for name, version in sorted(versions.items(), key=lambda pair: pair[0].lower())
        if not name.lower().startswith(ACCELERATOR_LIBRARIES)
    }


def main() -> None:
    """Resolve and write; the file is replaced only once everything has resolved."""
    pyproject = ROOT / "pyproject.toml"
    python = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["requires-python"]
    versions = resolved(direct_dependencies(pyproject))
    lines = [f"{name}=={version}" for name, version in versions.items()]
    text = HEADER.format(python=python.lstrip(">=")) + "\n".join(lines) + "\n"
    (ROOT / "requirements.lock").write_text(text, encoding="utf-8")
    print(f"requirements.lock: {len(lines)} packages")


if __name__ == "__main__":
    main()
