"""A page belongs to its visit alone."""

from __future__ import annotations

import gc
import inspect
import weakref

import panel as pn
from panel.reactive import Syncable

from dashboard import shell


def test_a_page_that_nobody_holds_is_freed():
    page = shell.page("Lodestone", [], [], [pn.pane.Markdown("All is well.")])
    alive = weakref.ref(page)
    del page
    gc.collect()
    assert alive() is None


def test_work_of_one_visit_does_not_touch_the_page_of_another():
    page = shell.page("Lodestone", [], [], [])
    changes = []
    page.param.watch(changes.append, list(page.param))
    with pn.util.edit_readonly(pn.state):
        pn.state.busy = True
        pn.state.busy = False
    assert changes == []


def test_panel_passes_on_a_moving_handle_at_once():
    # a private setting of Panel: should it go, the page would be slower without a word
    assert "self._debounce" in inspect.getsource(Syncable._server_change)
    assert Syncable._debounce <= 10
