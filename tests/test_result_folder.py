"""A result is whole or absent, whatever happens while it is written."""

from __future__ import annotations

import pytest

from headless.result_folder import result_folder

FILES = ("labels.tif", "metrics.json")


def write(folder, *names):
    for name in names:
        (folder / name).write_text(name)


def test_a_result_appears_only_when_all_of_it_is_written(tmp_path):
    with result_folder(tmp_path / "a" / "out", FILES) as folder:
        write(folder, *FILES)
        assert [path for path in (tmp_path / "a" / "out").iterdir() if not path.name.startswith(".")] == []
    assert sorted(path.name for path in (tmp_path / "a" / "out").iterdir()) == sorted(FILES)


def test_a_run_that_fails_leaves_no_folder(tmp_path):
    with pytest.raises(KeyboardInterrupt), result_folder(tmp_path / "out", FILES) as folder:
        write(folder, "labels.tif")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_fails_leaves_the_earlier_result(tmp_path):
    with result_folder(tmp_path / "out", FILES) as folder:
        write(folder, *FILES)
    with pytest.raises(RuntimeError), result_folder(tmp_path / "out", FILES):
        raise RuntimeError
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FILES)


def test_an_earlier_result_is_replaced_whole(tmp_path):
    with result_folder(tmp_path / "out", FILES) as folder:
        write(folder, *FILES)
    with result_folder(tmp_path / "out", FILES) as folder:
        write(folder, "metrics.json")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["metrics.json"]


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(ValueError, match=r"thesis\.docx"), result_folder(tmp_path, FILES):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(ValueError, match="is a file"), result_folder(tmp_path / "out", FILES):
        pass
