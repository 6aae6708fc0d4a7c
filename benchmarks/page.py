"""The live page in a real browser: slider to repaint, and lasso to highlighted map and spectrum.

A map of 1024 x 1024 pixels (``--side``) is served in this process; headless Chromium, drawing in software on
the same cores, moves the handle of the number of phases and draws lassos with the mouse. Times run from the
change in the page to the frame in which the target is painted, server and websocket included. The latent
space is that of the two principal components of the line maps: what is measured does not depend on where the
points lie.

Wanted at 1024 x 1024: slider to repaint at most 300 ms (median of 20), lasso to map and spectrum at most
300 ms.
"""

from __future__ import annotations

import argparse
import socket
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import panel as pn
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from dashboard.phases.opened import OpenedMap  # noqa: E402
from dashboard.phases.workspace import PhasesWorkspace  # noqa: E402
from dashboard.shell import page as shell_page  # noqa: E402
from dashboard.visitors import connect, shared  # noqa: E402
from dashboard.workbench import Workbench  # noqa: E402
from data import synthetic  # noqa: E402
from data.line_maps import default_lines, line_maps  # noqa: E402
from models import mixture  # noqa: E402
from models.latent_grid import LatentGrid  # noqa: E402
from models.latent_space import LatentSpace  # noqa: E402
from models.live_phases import live_phases  # noqa: E402
from models.phases_result import PhasesResult  # noqa: E402
from models.recipe import MixtureChoices, PhasesRecipe, RefinementChoices  # noqa: E402
from tools.browser import find_browser  # noqa: E402

MODEL_NAMED = """window.modelNamed = name => (window.Bokeh?.documents ?? [])
    .flatMap(d => [...d._all_models.values()]).find(m => m.name === name);
window.painted = (name) => new Promise((resolve) => {
    const signal = modelNamed(name).properties.data.change;
    const seen = () => { signal.disconnect(seen);
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now()), 0)); };
    signal.connect(seen); });"""
HAS_SLIDER = """() => Bokeh.documents.flatMap(d => [...d._all_models.values()])
    .some(m => (m.data?.label ?? '').startsWith('Number of phases'))"""
SLIDE = """async (value) => {
    const slider = Bokeh.documents.flatMap(d => [...d._all_models.values()])
        .find(m => (m.data?.label ?? '').startsWith('Number of phases'));
    const targets = ['phase_map:phases', 'latent:density', 'spectra:log'].map(name => painted(name));
    const start = performance.now();
    slider.data.value = value;
    return (await Promise.all(targets)).map(end => end - start); }"""
ARM = """() => {
    window.lassoed = (async () => {
        const targets = ['phase_map:phases', 'spectra:log'].map(name => painted(name));
        const start = await new Promise(resolve =>
            document.addEventListener('pointerup', () => resolve(performance.now()),
                                      {once: true, capture: true}));
        return (await Promise.all(targets)).map(end => end - start); })(); }"""


def main() -> None:
    """Serve, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--counts", type=float, default=50.0, help="counts per pixel")
    arguments = parser.parse_args()
    result, opened = prepared_result(arguments.side, arguments.counts)

    def app() -> pn.viewable.Viewable:
        bench = Workbench()
        bench.phases.recipe = result.recipe
        workspace: PhasesWorkspace = connect(bench)
        bench.phases.open(opened.image, opened)
        bench.phases.result = result
        bench.phases.shown = live_phases(result, result.recipe)
        pn.state.onload(workspace.complete)
        return shell_page("Lodestone", [], workspace.sidebar, workspace.main)

    shared()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pn.serve(
        app, port=port, address="127.0.0.1", threaded=True, show=False, verbose=False,
        websocket_origin=f"127.0.0.1:{port}",
    )  # fmt: skip
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_init_script(MODEL_NAMED)
        page.goto(f"http://127.0.0.1:{port}", timeout=120_000)
        page.wait_for_function("modelNamed('phase_map:phases')?.data.image.length > 0", timeout=120_000)
        page.wait_for_function(HAS_SLIDER, timeout=120_000)
        page.wait_for_timeout(3000)
        slides = slider_times(page)
        lassos = lasso_times(page)
        browser.close()
    pn.state.kill_all_servers()
    side = arguments.side
    for name, times in slides.items():
        print(f"{side} x {side}: slider to {name} repainted: wanted 300 ms, median {times:.0f} ms")
    for name, times in lassos.items():
        print(f"{side} x {side}: lasso to {name} repainted: wanted 300 ms, median {times:.0f} ms")


def prepared_result(side: int, counts: float) -> tuple[PhasesResult, OpenedMap]:
    """A map and a run on it whose latent space comes from principal components."""
    image, _truth = synthetic.particulate(3, n_y=side, n_x=side, counts_per_pixel=counts)
    image = image.crop_energy(0.1)
    maps = line_maps(image, default_lines(image))
    values = maps.intensity.reshape(image.n_pixels, -1)
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    _, axes = np.linalg.eigh(np.cov(values[:: max(1, len(values) // 100_000)].T))
    latent = LatentSpace(
        (values @ axes[:, -2:]).astype(np.float32), np.zeros(image.n_pixels, np.float32), image.shape
    )
    grid = LatentGrid.build(latent, image.counts)
    recipe = PhasesRecipe(mixture=MixtureChoices(n_phases=8), refinement=RefinementChoices(enabled=False))
    fitted = mixture.fit(grid, recipe.mixture)
    phases = fitted.phase_map(grid)
    result = PhasesResult(
        recipe=recipe, dataset_id=image.dataset_id, prepared=image, maps=maps, latent=latent, grid=grid,
        mixture=fitted, latent_phases=phases, phases=phases, phase_spectra=fitted.spectra(grid),
    )  # fmt: skip
    return result, OpenedMap.of(image, maps)


def slider_times(page: Page) -> dict[str, float]:
    """Medians over 20 moves, ms, of phase map, latent space and spectra."""
    times = []
    for move in range(22):
        times.append(page.evaluate(SLIDE, 5 + move % 9))
        page.wait_for_timeout(250)
    medians = np.median(np.array(times[2:]), axis=0)
    return dict(zip(("phase map", "latent space", "spectra"), medians, strict=True))


def lasso_times(page: Page) -> dict[str, float]:
    """Medians over 10 lassos with 60 vertices in the latent space, ms, of phase map and spectra."""
    frame = page.evaluate(
        """() => { const view = Bokeh.index.find_one_by_id(modelNamed('latent').id);
                   const box = view.frame.bbox, at = view.el.getBoundingClientRect();
                   return [at.x + box.left, at.y + box.top, box.width, box.height]; }"""
    )
    left, top, width, height = frame
    angle = np.linspace(0, 2 * np.pi, 60)
    times = []
    for draw in range(11):
        page.evaluate(ARM)
        radius = 0.2 + 0.02 * draw
        path = np.c_[
            left + width * (0.5 + radius * np.cos(angle)), top + height * (0.5 + radius * np.sin(angle))
        ]
        page.mouse.move(*path[0])
        page.mouse.down()
        for point in path[1:]:
            page.mouse.move(*point)
        page.mouse.up()
        times.append(page.evaluate("window.lassoed"))
        time.sleep(0.3)
    return {
        name: statistics.median(of_draw[i] for of_draw in times[1:])
        for i, name in enumerate(("phase map", "spectrum"))
    }


if __name__ == "__main__":
    main()
