"""Who looks at the same: people, not tabs, and nobody is kept in memory by being counted."""

from __future__ import annotations

import gc
import weakref

from dashboard.sessions.presence import Presence


class Page:
    number, open = 0, True

    def people_changed(self, number: int) -> None:
        self.number = number

    def is_connected(self) -> bool:
        return self.open


def test_people_are_counted_once_and_told_when_somebody_comes_or_goes():
    presence, pages = Presence(), [Page() for _ in range(3)]
    for visit, (page, person) in enumerate(zip(pages, ("anna", "anna", "bert"), strict=True)):
        presence.enter(visit, "dust", person, page)
    assert [page.number for page in pages] == [2, 2, 2]
    presence.leave(0)
    assert pages[2].number == 2
    presence.leave(1)
    assert (pages[2].number, presence.count("dust")) == (1, 1)
    presence.leave(1)  # a tab may say goodbye twice


def test_who_looks_at_something_else_leaves_what_was_looked_at_before():
    presence, anna, bert = Presence(), Page(), Page()
    presence.enter(1, "dust", "anna", anna)
    presence.enter(2, "dust", "bert", bert)
    presence.enter(2, "alloy", "bert", bert)
    assert (anna.number, bert.number) == (1, 1)
    assert (presence.count("dust"), presence.count("alloy")) == (1, 1)


def test_a_tab_without_a_connection_is_not_there():
    presence, anna, bert = Presence(), Page(), Page()
    presence.enter(1, "dust", "anna", anna, tab="one")
    anna.open = False  # closed a moment ago: the server keeps it for a while
    presence.enter(2, "dust", "bert", bert, tab="two")
    assert (bert.number, presence.tabs(but=2)) == (1, set())


def test_a_page_that_is_forgotten_counts_no_more_and_is_not_kept():
    presence, bert = Presence(), Page()
    page = Page()
    presence.enter(1, "dust", "anna", page, tab="one")
    presence.enter(2, "dust", "bert", bert, tab="two")
    assert presence.tabs(but=2) == {"one"}
    gone = weakref.ref(page)
    del page
    gc.collect()
    assert gone() is None
    assert presence.count("dust") == 1
    assert presence.tabs(but=2) == set()
    presence.leave(1)
    assert presence._room_of.keys() == {2}
