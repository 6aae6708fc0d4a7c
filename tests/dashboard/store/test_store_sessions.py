"""Saved sessions: what is saved comes back, each person sees what is theirs, hostile text stays text."""

from __future__ import annotations

import itertools
import math
import unicodedata

import pytest

from dashboard.store import ChangedSince, NotAccepted, NotAllowed, NotFound, SessionContent
from dashboard.store.limits import MAX_NAME, MAX_NOTES, MAX_THUMBNAIL_BYTES

HOSTILE = (
    "<script>alert(1)</script>",
    "Robert'); DROP TABLE saved_session;--",
    "nothing\x00here",
    "half an emoji \ud83d",
    "مرحبا \u202eoverridden",
    "Ⅷ ﬁ ß İ 𝔘𝔫𝔦",
    "%_\\%",
    "{0} %s ${HOME}",
)


def test_a_session_comes_back_as_it_was_saved(store, content, clock):
    saved = store.save("Basalt, thin section", "ann", content("one"))
    opened = store.load(saved.id, "ann", verify=True)
    assert opened.session == saved == store.sessions("ann")[0]
    assert opened.state == content("one").state
    assert opened.artifacts["phases.result"].read_bytes() == b"one" * 1000
    assert (saved.name, saved.author, saved.notes) == ("Basalt, thin section", "ann", "notes one")
    assert (saved.dataset_id, saved.dataset_title) == ("abc123", "Section one")
    assert (saved.created, saved.changed, saved.visibility) == (clock.now, clock.now, "private")
    assert opened.missing == () and saved.thumbnail == content().thumbnail


def test_saving_over_a_session_replaces_what_it_holds_and_nothing_else(store, content, clock):
    first = store.save("One", "ann", content("one"), visibility="team")
    clock.pass_by(60)
    second = store.save("Two", "ann", content("two"), session_id=first.id)
    assert (second.id, second.created, second.visibility) == (first.id, first.created, "team")
    assert (second.name, second.notes, second.changed) == ("Two", "notes two", clock.now)
    assert store.load(first.id, "ann").state["phases"]["recipe"] == "two"
    assert len(store.sessions("ann")) == 1


def test_a_version_that_was_overtaken_is_not_replaced_unseen(store, content):
    first = store.save("One", "ann", content("one"))
    second = store.save("One", "ann", content("two"), session_id=first.id, expected=first.version)
    with pytest.raises(ChangedSince, match="“One” has changed") as said:
        store.save("One", "ann", content("three"), session_id=first.id, expected=first.version)
    assert said.value.session == second  # the clock stood still, and the versions differ
    assert store.load(first.id, "ann").state["phases"]["recipe"] == "two"
    renamed = store.rename(first.id, "ann", "Two")
    assert renamed.version not in (first.version, second.version)
    published = store.set_visibility(first.id, "ann", "team")
    assert published.version == renamed.version == store.sessions("ann")[0].version
    with pytest.raises(ChangedSince):
        store.save("One", "ann", content("three"), session_id=first.id, expected=second.version)
    store.save("One", "ann", content("three"), session_id=first.id, expected=renamed.version)
    assert store.duplicate(first.id, "ann").version != renamed.version
    assert store.check() == ()


def test_a_store_that_is_opened_again_has_everything(place, content):
    with place.open() as store:
        saved = store.save("One", "ann", content())
    with place.open() as store:
        assert store.load(saved.id, "ann", verify=True).missing == ()
        assert store.check() == ()


def test_the_newest_stand_first_and_a_list_has_an_end(store, content, clock):
    for name in "abc":
        store.save(name, "ann", SessionContent({}))
        clock.pass_by(1)
    assert [session.name for session in store.sessions("ann")] == ["c", "b", "a"]
    assert [session.name for session in store.sessions("ann", limit=2)] == ["c", "b"]


def test_what_is_private_does_not_exist_for_others(store, content):
    saved = store.save("Secret", "ann", content())
    doings = {
        "load": lambda: store.load(saved.id, "bob"),
        "save": lambda: store.save("Mine", "bob", content(), session_id=saved.id),
        "rename": lambda: store.rename(saved.id, "bob", "x"),
        "annotate": lambda: store.annotate(saved.id, "bob", "x"),
        "publish": lambda: store.set_visibility(saved.id, "bob", "team"),
        "duplicate": lambda: store.duplicate(saved.id, "bob"),
        "delete": lambda: store.delete(saved.id, "bob"),
        "restore": lambda: store.restore(saved.id, "bob"),
        "share": lambda: store.share(saved.id, "bob"),
        "links": lambda: store.links(saved.id, "bob"),
        "without an account": lambda: store.load(saved.id, ""),
    }
    said = set()
    for doing in doings.values():
        with pytest.raises(NotFound) as refusal:
            doing()
        said.add(str(refusal.value))
    with pytest.raises(NotFound) as refusal:
        store.load("0" * 32, "bob")
    assert said == {str(refusal.value)}, "the answer must not tell whether there is such a session"
    assert store.sessions("bob") == () and store.load(saved.id, "ann").session == saved


def test_the_team_reads_but_only_the_author_changes(store, content):
    saved = store.save("Ours", "ann", content(), visibility="team")
    assert store.load(saved.id, "bob").session.name == "Ours"
    assert store.sessions("bob")[0].id == saved.id
    for change in (
        lambda: store.rename(saved.id, "bob", "x"),
        lambda: store.annotate(saved.id, "bob", "x"),
        lambda: store.delete(saved.id, "bob"),
        lambda: store.share(saved.id, "bob"),
        lambda: store.set_visibility(saved.id, "bob", "private"),
        lambda: store.save("x", "bob", content(), session_id=saved.id),
    ):
        with pytest.raises(NotAllowed, match=r"belongs to ann.*Save a copy"):
            change()
    assert store.load(saved.id, "ann").session == saved
    assert store.sessions("") == (), "who is not signed in is not of the team"


def test_the_link_of_a_session_is_no_way_to_its_row(store, content):
    saved = store.save("Linked", "ann", content(), visibility="link")
    store.share(saved.id, "ann")
    assert store.sessions("bob") == ()
    with pytest.raises(NotFound):
        store.load(saved.id, "bob")


def test_without_accounts_one_person_may_do_everything(store, content):
    saved = store.save("Mine", "", content())
    store.rename(saved.id, "", "Ours")
    store.annotate(saved.id, "", "new")
    store.delete(saved.id, "")
    assert store.restore(saved.id, "").name == "Ours"


def test_a_copy_is_ones_own(store, content, clock):
    saved = store.save("Ours", "ann", content("one"), visibility="team")
    clock.pass_by(1)
    copy = store.duplicate(saved.id, "bob")
    assert (copy.name, copy.author, copy.visibility) == ("Ours (copy)", "bob", "private")
    assert copy.copied_from == saved.id and copy.created == clock.now
    store.save("Ours", "ann", content("two"), session_id=saved.id)
    assert store.load(copy.id, "bob").state["phases"]["recipe"] == "one"
    assert len(store.duplicate(store.save("x" * MAX_NAME, "ann", content()).id, "ann").name) == MAX_NAME


def test_what_was_deleted_can_be_had_back(store, content):
    saved = store.save("Gone", "ann", content(), visibility="team")
    store.delete(saved.id, "ann")
    assert store.sessions("ann") == store.sessions("bob") == store.sessions("bob", deleted=True) == ()
    assert [session.name for session in store.sessions("ann", deleted=True)] == ["Gone"]
    for refused in (
        lambda: store.load(saved.id, "ann"),
        lambda: store.delete(saved.id, "ann"),
        lambda: store.save("x", "ann", content(), session_id=saved.id),
    ):
        with pytest.raises(NotFound, match="“Gone” was deleted"):
            refused()
    with pytest.raises(NotFound, match="no such session"):
        store.load(saved.id, "bob")
    with pytest.raises(NotFound, match="no such session"):
        store.restore(saved.id, "bob")
    assert store.restore(saved.id, "ann") == saved
    with pytest.raises(NotFound, match="is not deleted"):
        store.restore(saved.id, "ann")


def test_search_finds_words_in_any_case_and_encoding(store):
    store.save("Größe der Körner", "ann", SessionContent({}, notes="Étude"))
    store.save("100 % iron_oxide", "bob", SessionContent({}), visibility="team")

    def found(search):
        return [session.name for session in store.sessions("ann", search=search)]

    assert found("GRÖSSE") == found("körner größe") == found("étude") == ["Größe der Körner"]
    assert found(unicodedata.normalize("NFD", "étude")) == ["Größe der Körner"]
    assert found("bob") == found("%") == found("iron_") == ["100 % iron_oxide"]
    assert found("iron oxide") == ["100 % iron_oxide"]
    assert found("nothing") == found("\\") == [] and len(found("  ")) == 2
    assert found("\x00") == found("") and found("x" * 10**6) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text(store, content, text):
    saved = store.save(text, "ann", content("x", notes=text, state={"text": text, text: [text]}))
    opened = store.load(saved.id, "ann")
    assert opened.state == {"text": text, text: [text]}, "the state is kept to the letter"
    assert store.sessions("ann", search=saved.name)[0].name == saved.name
    assert "\x00" not in saved.name and "\u202e" not in saved.name
    if text.isascii() and text.isprintable():
        assert saved.name == saved.notes == text


def test_a_name_is_one_line_and_can_be_seen(store):
    assert store.save("  two\n\tlines ", "ann", SessionContent({})).name == "two lines"
    for nothing in ("", " \n", "\x00", "\u200b", "\u202e"):
        with pytest.raises(NotAccepted, match="needs a name"):
            store.save(nothing, "ann", SessionContent({}))


@pytest.mark.parametrize("user", ["ann\x00", "a\ud800", "x" * 201, None, 7, "ann\r"])
def test_no_name_is_corrected_into_that_of_another_person(store, user):
    store.save("Secret", "ann", SessionContent({}))
    for doing in (
        lambda: store.sessions(user),
        lambda: store.save("x", user, SessionContent({})),
        lambda: store.drafts(user),
        lambda: store.open_link("x", user),
    ):
        with pytest.raises(NotAllowed, match="ask the administrator"):
            doing()


def test_people_whose_names_look_alike_are_different_people(store):
    store.save("Secret", "André", SessionContent({}))
    for other in ("andré", "ANDRÉ", "André ", unicodedata.normalize("NFD", "André")):
        assert store.sessions(other) == ()


@pytest.mark.parametrize("session_id", ["", "../../etc/passwd", "\x00", "' OR 1=1 --", None, 3, "é", "long"])
def test_an_id_that_is_none_finds_nothing(store, session_id):
    session_id = "x" * 10**6 if session_id == "long" else session_id
    store.save("One", "ann", SessionContent({}))
    with pytest.raises(NotFound):
        store.load(session_id, "ann")
    if session_id is not None:
        with pytest.raises(NotFound):
            store.save("x", "ann", SessionContent({}), session_id=session_id)


def nested(depth):
    state = {}
    for _ in range(depth):
        state = {"a": state}
    return state


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"notes": "x" * (MAX_NOTES + 1)}, "note has 100,001 characters; 100,000 are kept"),
        ({"notes": 7}, "should be text"),
        ({"state": {"a": "x" * 2_100_000}}, "2.1 MB; 2 MB are kept"),
        ({"state": {"a": {1, 2}}}, "more than plain values"),
        ({"state": nested(100_000)}, "cannot be kept"),
        ({"state": [1]}, "should be a mapping"),
        ({"thumbnail": b"<svg onload=alert(1)>"}, "no PNG"),
        ({"thumbnail": b"\x89PNG\r\n\x1a\n" + bytes(MAX_THUMBNAIL_BYTES)}, "300 kB are kept"),
        ({"artifacts": {"../../x": "f"}}, "no name of an artifact"),
        ({"artifacts": {str(i): "f" for i in range(100)}}, "has 100 results; 64"),
    ],
    ids=itertools.count(1),
)
def test_what_is_too_large_or_of_another_kind_is_refused_with_a_sentence(store, content, changes, said):
    with pytest.raises(NotAccepted, match=said):
        store.save("x", "ann", content("x", **changes))
    assert store.sessions("ann") == ()


def test_a_name_is_never_shortened_in_silence(store):
    with pytest.raises(NotAccepted, match="name has 1,000,000 characters; 200 are kept"):
        store.save("x" * 10**6, "ann", SessionContent({}))
    saved = store.save("x", "ann", SessionContent({}))
    with pytest.raises(NotAccepted):
        store.rename(saved.id, "ann", "x" * 201)
    with pytest.raises(NotAccepted, match="private, team, link"):
        store.set_visibility(saved.id, "ann", "everybody")


def test_a_state_of_another_shape_has_no_title_and_is_kept(store):
    for state in ({"workspace": "phases"}, {"workspace": ["x"]}, {"workspace": "p", "p": 3}):
        assert store.save("x", "ann", SessionContent(state)).dataset_title == ""
    title = store.save("x", "ann", SessionContent({"workspace": "p", "p": {"dataset_title": "y" * 10**5}}))
    assert len(title.dataset_title) == 1000
    assert math.isnan(store.load(store.save("x", "", SessionContent({"a": math.nan})).id, "").state["a"])
