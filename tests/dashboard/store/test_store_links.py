"""Links show what was shared to who has them, until they are revoked, expire or their session goes."""

from __future__ import annotations

import pytest

from dashboard.store import NotAccepted, NotAllowed, NotFound, SessionContent


def test_a_link_shows_what_was_shared_whatever_comes_later(store, content, clock):
    saved = store.save("One", "ann", content("one"))
    link = store.share(saved.id, "ann", view={"tab": "phases", "ranges": {"x": [0, 10]}})
    clock.pass_by(60)
    store.save("Two", "ann", content("two"), session_id=saved.id)
    store.annotate(saved.id, "ann", "other notes")
    store.collect_garbage(min_age_s=0)
    opened = store.open_link(link.token, "bob", verify=True)
    assert (opened.session.name, opened.session.notes) == ("One", "notes one")
    assert opened.state == content("one").state
    assert opened.artifacts["phases.result"].read_bytes() == b"one" * 1000
    assert opened.view == {"tab": "phases", "ranges": {"x": [0, 10]}}
    assert opened.link == link and opened.session.author == "ann"
    assert opened.session.dataset_title == "Section one" and opened.session.changed == saved.changed


def test_sharing_makes_a_private_session_one_of_link_visibility(store, content):
    saved = store.save("One", "ann", content())
    store.share(saved.id, "ann")
    assert store.sessions("ann")[0].visibility == "link"
    ours = store.save("Ours", "ann", content(), visibility="team")
    store.share(ours.id, "ann")
    assert store.load(ours.id, "ann").session.visibility == "team"


def test_tokens_cannot_be_guessed(store, content):
    saved = store.save("One", "ann", content())
    tokens = {store.share(saved.id, "ann").token for _ in range(20)}
    assert len(tokens) == 20 and all(len(token) >= 32 for token in tokens)


@pytest.mark.parametrize("token", ["", "wrong", "\x00", "../x", None, 5, "' OR 1=1", "\ud800", "long"])
def test_a_wrong_token_says_so(store, content, token):
    store.share(store.save("One", "ann", content()).id, "ann")
    token = "x" * 10**6 if token == "long" else token
    with pytest.raises(NotFound, match=r"no such link.*copy all of it"):
        store.open_link(token, "ann")
    with pytest.raises(NotFound, match="no such link"):
        store.revoke(token, "ann")


def test_a_revoked_link_says_so_and_others_go_on(store, content, clock):
    saved = store.save("One", "ann", content())
    first, second = store.share(saved.id, "ann"), store.share(saved.id, "ann")
    revoked = store.revoke(first.token, "ann")
    assert revoked.revoked == clock.now and not revoked.is_open(clock.now)
    clock.pass_by(5)
    assert store.revoke(first.token, "ann") == revoked, "a second time changes nothing"
    with pytest.raises(NotFound, match="was revoked by the person who shared it"):
        store.open_link(first.token, "ann")
    assert store.open_link(second.token, "bob").session.name == "One"


def test_a_link_expires(store, content, clock):
    link = store.share(store.save("One", "ann", content()).id, "ann", expires_in_s=3600)
    assert link.expires == clock.now + 3600 and link.is_open(clock.now)
    clock.pass_by(3599)
    store.open_link(link.token)
    clock.pass_by(1)
    with pytest.raises(NotFound, match=r"was good until 2027-01-15 09:00 UTC"):
        store.open_link(link.token)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), 1e300, "soon"])
def test_a_time_that_is_none_is_refused(store, content, seconds):
    saved = store.save("One", "ann", content())
    with pytest.raises(NotAccepted, match="cannot end after"):
        store.share(saved.id, "ann", expires_in_s=seconds)
    assert store.links(saved.id, "ann") == ()


def test_only_who_shared_it_revokes_a_link_or_sees_the_list(store, content):
    saved = store.save("Ours", "ann", content(), visibility="team")
    link = store.share(saved.id, "ann")
    with pytest.raises(NotAllowed, match="somebody else"):
        store.revoke(link.token, "bob")
    with pytest.raises(NotAllowed, match="belongs to ann"):
        store.links(saved.id, "bob")
    assert store.open_link(link.token, "bob").session.n_links == 0, "the author's business"
    assert store.open_link(link.token, "ann").session.n_links == 1
    assert store.sessions("bob")[0].n_links == 0


def test_open_links_are_counted(store, content, clock):
    saved = store.save("One", "ann", content())
    gone = store.share(saved.id, "ann")
    store.share(saved.id, "ann", expires_in_s=10)
    store.share(saved.id, "ann")
    store.revoke(gone.token, "ann")
    assert store.sessions("ann")[0].n_links == 2
    clock.pass_by(11)
    assert store.load(saved.id, "ann").session.n_links == 1
    assert len(store.links(saved.id, "ann")) == 3


def test_links_of_a_deleted_or_private_session_open_nothing_until_that_is_undone(store, content):
    saved = store.save("One", "ann", content())
    link = store.share(saved.id, "ann")
    store.delete(saved.id, "ann")
    with pytest.raises(NotFound, match="was deleted by its author"):
        store.open_link(link.token, "bob")
    store.restore(saved.id, "ann")
    store.set_visibility(saved.id, "ann", "private")
    with pytest.raises(NotFound, match="was made private"):
        store.open_link(link.token, "bob")
    store.set_visibility(saved.id, "ann", "link")
    assert store.open_link(link.token, "bob").session.name == "One"


def test_a_link_whose_artifact_is_gone_opens_what_is_left(store, content):
    saved = store.save("One", "ann", content())
    link = store.share(saved.id, "ann")
    store.open_link(link.token).artifacts["phases.result"].unlink()
    opened = store.open_link(link.token, "bob")
    assert opened.missing == ("phases.result",) and opened.artifacts == {}
    assert opened.state == content().state


def test_a_view_has_a_limit(store):
    saved = store.save("One", "ann", SessionContent({}))
    with pytest.raises(NotAccepted, match=r"0\.1 MB are kept"):
        store.share(saved.id, "ann", view={"x": "y" * 200_000})


def test_dead_links_give_way_in_the_end(store, content, clock):
    saved = store.save("One", "ann", content("one"))
    expired, revoked = store.share(saved.id, "ann", expires_in_s=10), store.share(saved.id, "ann")
    store.revoke(revoked.token, "ann")
    store.save("One", "ann", content("two"), session_id=saved.id)
    clock.pass_by(7200)
    assert store.collect_garbage(min_age_s=0) == 1, "what only dead links showed goes"
    with pytest.raises(NotFound, match="was good until"):
        store.open_link(expired.token)
    clock.pass_by(91 * 86400)
    store.collect_garbage()
    assert store.links(saved.id, "ann") == ()
