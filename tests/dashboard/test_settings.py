"""The environment decides, and what it says wrongly is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard import settings
from dashboard.settings import Settings


def test_an_empty_environment_gives_the_demo_on_most_of_the_memory(monkeypatch):
    monkeypatch.setattr(settings, "installed_memory_bytes", lambda: 10_000_000_000)
    found = Settings.from_environment({})
    assert found.data_folder is None
    assert found.memory_bytes == 6_000_000_000
    assert found.n_workers == 1
    assert found.cache_folder.name == "lodestone"


def test_what_the_environment_names_is_taken(tmp_path):
    found = Settings.from_environment(
        {
            "LODESTONE_DATA": str(tmp_path),
            "LODESTONE_CACHE": str(tmp_path / "new"),
            "LODESTONE_MEMORY": "8GB",
            "LODESTONE_WORKERS": "3",
        }
    )
    assert found == Settings(tmp_path, tmp_path / "new", 8 * 2**30, 3)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [("500MB", 500 * 2**20), ("1.5 GiB", 3 * 2**29), ("2t", 2 * 2**40), ("123456789", 123456789)],
)
def test_sizes_are_read_as_people_write_them(text, n_bytes):
    assert Settings.from_environment({"LODESTONE_MEMORY": text}).memory_bytes == n_bytes


@pytest.mark.parametrize("text", ["lots", "-1GB", "8PB", "0%", "120%", "10", "GB"])
def test_a_size_that_makes_no_sense_is_named(text):
    with pytest.raises(ValueError, match=f"LODESTONE_MEMORY is '{text}'"):
        Settings.from_environment({"LODESTONE_MEMORY": text})


@pytest.mark.parametrize("text", ["0", "two", "1.5", "-1", "65", "²"])
def test_a_number_of_workers_that_makes_no_sense_is_named(text):
    with pytest.raises(ValueError, match="LODESTONE_WORKERS"):
        Settings.from_environment({"LODESTONE_WORKERS": text})


def test_a_data_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"LODESTONE_DATA is .*nowhere, which does not exist"):
        Settings.from_environment({"LODESTONE_DATA": str(tmp_path / "nowhere")})
    file = tmp_path / "map.bcf"
    file.write_bytes(b"")
    with pytest.raises(ValueError, match="which is a file"):
        Settings.from_environment({"LODESTONE_DATA": str(file)})
    with pytest.raises(ValueError, match="which is a file"):
        Settings.from_environment({"LODESTONE_CACHE": str(file)})


def test_the_memory_of_a_container_counts(tmp_path, monkeypatch):
    limit = tmp_path / "memory.max"
    limit.write_text("1073741824\n")
    monkeypatch.setattr(settings, "_CGROUP_LIMITS", (str(limit), str(tmp_path / "absent")))
    assert settings.installed_memory_bytes() == 2**30
    limit.write_text("max\n")
    assert settings.installed_memory_bytes() > 2**30


def test_a_home_folder_may_be_written_with_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "maps").mkdir()
    assert Settings.from_environment({"LODESTONE_DATA": "~/maps"}).data_folder == Path(tmp_path / "maps")
