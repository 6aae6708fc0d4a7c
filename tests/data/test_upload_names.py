"""Names of uploads become files: nothing in them leads elsewhere, hides, or cannot be held."""

from __future__ import annotations

import unicodedata

import pytest

from data.upload_names import MOST_BYTES, numbered, safe_name


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("map.bcf", "map.bcf"),
        (" map 3.bcf ", "map 3.bcf"),
        ("Präparat.hspy", "Präparat.hspy"),
        (unicodedata.normalize("NFD", "Präparat.hspy"), "Präparat.hspy"),
        ("粒子 12.bcf", "粒子 12.bcf"),
        ("a<b>:c|d?.bcf", "a_b__c_d_.bcf"),
        ("map.bcf...", "map.bcf"),
        ("<b>.bcf", "_b_.bcf"),
        ("context.bcf", "context.bcf"),
        ("a..b.bcf", "a..b.bcf"),
    ],
)
def test_plain_names_are_kept(sent, kept):
    assert safe_name(sent) == kept


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ("../map.bcf", "is a path"),
        ("..", "is a path"),
        (".", "is a path"),
        ("/etc/passwd", "is a path"),
        ("C:\\maps\\a.bcf", "is a path"),
        ("a/b.bcf", "is a path"),
        ("a\0.bcf", "cannot be seen"),
        ("a\n.bcf", "cannot be seen"),
        ("a\x1b[2J.bcf", "cannot be seen"),
        ("fcb.\u202eexe", "cannot be seen"),
        ("a\u200b.bcf", "cannot be seen"),
        ("\ud800.bcf", "cannot be seen"),
        (".hidden.bcf", "would be hidden"),
        ("~map.bcf", "would be hidden"),
        ("NUL.bcf", "device on Windows"),
        ("com1", "device on Windows"),
        ("lpt³.hspy", "device on Windows"),
        ("CON .bcf", "device on Windows"),
        ("", "has no name"),
        ("   ", "has no name"),
        (None, "has no name"),
        ("x" * 5000 + ".bcf", "Shorten it"),
        ("ä" * (MOST_BYTES // 2) + ".bcf", "Shorten it"),
    ],
)
def test_other_names_are_refused_with_the_reason(sent, why):
    with pytest.raises(ValueError, match=why) as caught:
        safe_name(sent)
    str(caught.value).encode()  # can be shown


def test_files_of_one_dataset_are_numbered_alike():
    assert numbered("a.rpl", "a.rpl", 2) == "a (2).rpl"
    assert numbered("a.raw", "a.rpl", 2) == "a (2).raw"
    assert numbered("a_1.ser", "a.emi", 3) == "a (3)_1.ser"
    assert numbered("scene", "scene.hdr", 2) == "scene (2)"
