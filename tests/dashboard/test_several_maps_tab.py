"""The tab "Several maps": choose, run, read the table, open one of the maps."""

import base64
import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from phases_bench import three_stripes
from PIL import Image
from scipy import sparse

from dashboard.exports import Chosen
from dashboard.job_monitor import JobMonitor
from dashboard.jobs import JobQueue
from dashboard.phases.several_pictures import picture
from dashboard.phases.several_tab import SeveralMapsTab
from dashboard.phases.state import PhasesState
from dashboard.phases.tab import Tools
from dashboard.result_cache import ResultCache
from models.exports_figure import FigureStyle
from models.recipe import AutoencoderChoices, PhasesRecipe, UnmixingChoices

QUICK = PhasesRecipe(
    autoencoder=AutoencoderChoices(max_epochs=2, steps_per_epoch=20), unmixing=UnmixingChoices(enabled=False)
)


class Shelf:
    """A catalogue and library of two maps, and one that does not open."""

    def __init__(self):
        image, stripe = three_stripes()
        # another measurement of the same sample: the same spectra, other noise
        mean = image.sum_by_label(stripe.ravel(), 3) / (stripe.size / 3)
        noise = np.random.default_rng(8).poisson(mean[stripe.ravel()]).astype(np.uint16)
        again = replace(image, counts=sparse.csr_matrix(noise), title="Other", dataset_id="other")
        other = again.crop(slice(0, 20), slice(6, 36))
        self.maps = {"a/stripes.bcf": image, "b/other.bcf": other}

    def entries(self):
        names = [*self.maps, "b/broken.bcf"]
        return tuple(SimpleNamespace(id=name, name=name, path=None) for name in names)

    def version(self, entry_id):
        return entry_id

    def open(self, entry_id):
        if entry_id not in self.maps:
            raise ValueError("broken.bcf is empty (0 bytes). Copy or export it again.")
        return (self.maps[entry_id],)


@pytest.fixture(scope="module")
def shelf():
    return Shelf()


@pytest.fixture
def tab(shelf, tmp_path):
    state = PhasesState(recipe=QUICK)
    queue = JobQueue(n_workers=0)
    said, shown, opened = [], [], []
    beats = []
    monitor = JobMonitor(
        queue, owner="test", every=lambda call, _ms: beats.append(call) or SimpleNamespace(stop=beats.clear)
    )
    tools = Tools(
        state, monitor, lambda call: call(), lambda text, kind: said.append((kind, text)),
        catalogue=shelf, library=shelf, kept=ResultCache(tmp_path),
        show_found=shown.append, open_tab=opened.append,
    )  # fmt: skip
    tab = SeveralMapsTab(tools)
    tab.build()
    tab.refresh(frozenset())
    return SimpleNamespace(
        tab=tab, state=state, monitor=monitor, said=said, shown=shown, opened=opened, queue=queue
    )


def run(page, *entries):
    page.tab.choice.value = list(entries)
    page.tab._start()
    page.queue.run_waiting()
    page.monitor.tick()
    settle(page)


def settle(page):
    import time

    for _ in range(500):
        if not (page.tab._rows.busy or page.tab._opening.busy):
            return
        time.sleep(0.02)


def test_one_map_alone_cannot_be_compared(tab):
    tab.tab.choice.value = ["a/stripes.bcf"]
    assert tab.tab._run.disabled
    tab.tab.choice.value = ["a/stripes.bcf", "b/other.bcf"]
    assert not tab.tab._run.disabled


def test_a_run_fills_the_table_and_says_what_was_left_out(tab):
    run(tab, "a/stripes.bcf", "b/broken.bcf", "b/other.bcf")
    table = tab.tab._table.shown
    assert [row["name"] for row in table["maps"]] == ["stripes", "broken", "other"]
    assert "0 bytes" in table["maps"][1]["error"]
    assert "Left out: broken" in tab.tab._said.object
    first, last = table["maps"][0]["share"], table["maps"][2]["share"]
    assert sorted(np.round(first)) == [33, 33, 33]
    assert sorted(np.round(last)) == [20, 40, 40]
    assert sum(table["overall"]) == pytest.approx(100)
    assert tab.tab._actions.visible
    # a click on the last row opens the second map of the sheet
    tab.tab._open(2)
    settle(tab)
    found = tab.shown[0]
    assert tab.opened == ["Explore"]
    assert found.result.prepared.title == "other"
    assert found.shown.phase_map.shape == (20, 30)
    # once it is on show its row is marked, and a name that is given there comes back
    tab.state.param.update(result=found.result, shown=found.shown, names={found.shown.ids[0]: "Quartz"})
    tab.tab.refresh(frozenset({"names"}))
    settle(tab)
    assert tab.tab._table.opened == 2
    assert "Quartz" in [phase["name"] for phase in tab.tab._table.shown["phases"]]
    csv = tab.tab._csv().decode()
    assert csv.splitlines()[0].count("Quartz (%)") == 1
    assert csv.splitlines()[2].startswith("broken,")
    name, content = tab.tab._figure(Chosen("PNG", FigureStyle(width_mm=120, dpi=100)))
    assert name.endswith(".png") and content.startswith(b"\x89PNG")
    assert tab.tab._tiff().startswith(b"PK")


def test_what_cannot_be_compared_is_told_and_the_button_comes_back(tab):
    run(tab, "b/broken.bcf", "b/broken.bcf")
    assert tab.said[0][0] == "error"
    assert "None of the 2 maps could be used" in tab.said[0][1]
    assert not tab.tab._line.busy


def test_a_picture_has_the_colours_of_the_phases():
    label = np.array([[-1, 0], [1, 1]])
    address = picture(label, ["#ff0000", "#0000ff"])
    image = Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))).convert("RGBA")
    pixels = np.asarray(image)
    assert pixels[0, 0, 3] == 0
    assert pixels[0, 1].tolist() == [255, 0, 0, 255]
    assert pixels[1, 0].tolist() == [0, 0, 255, 255]
