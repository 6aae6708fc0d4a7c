"""Find the phases of the built-in demo before the first visitor comes: ``python -m dashboard.first_demo``.

The result is kept on disk, so this takes its time once for each version of the program, and a moment after
that.
"""

from __future__ import annotations

import os
import sys

# before torch is imported: threads that wait would spin beside those that work
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from tqdm import tqdm

from dashboard.phases.requests import FindRequest
from dashboard.result_cache import ResultCache
from dashboard.settings import Settings
from data.catalogue import DEMO_ID, Catalogue
from models.recipe import PhasesRecipe


def main() -> None:
    """Find them, or see that they are there already."""
    try:
        settings = Settings.from_environment()
    except ValueError as error:
        sys.exit(str(error))
    kept = ResultCache(settings.cache_folder)
    dataset = Catalogue(None, settings.cache_folder).open(DEMO_ID).datasets[0]
    recipe = PhasesRecipe()
    if kept.has(dataset, recipe):
        return
    with tqdm(
        total=100, desc="Preparing the demo, once", unit="%", bar_format="{desc}: {bar} {n:.0f} %"
    ) as bar:
        for report in FindRequest(dataset, recipe, kept).run():
            bar.update(100 * report.fraction - bar.n)


if __name__ == "__main__":
    main()
