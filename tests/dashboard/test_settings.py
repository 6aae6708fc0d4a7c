"""The environment decides, and what it says wrongly is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard import settings
from dashboard.settings import Settings
from data import installed_memory


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
    assert (found.data_folder, found.cache_folder) == (tmp_path, tmp_path / "new")
    assert (found.memory_bytes, found.n_workers) == (8 * 2**30, 3)
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
    monkeypatch.setattr(installed_memory, "_CGROUP_LIMITS", (str(limit), str(tmp_path / "absent")))
    assert settings.installed_memory_bytes() == 2**30
    limit.write_text("max\n")
    assert settings.installed_memory_bytes() > 2**30


def test_a_home_folder_may_be_written_with_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "maps").mkdir()
    assert Settings.from_environment({"LODESTONE_DATA": "~/maps"}).data_folder == Path(tmp_path / "maps")


def test_the_store_lies_in_the_data_folder_or_with_the_users_own_data(tmp_path, monkeypatch):
    home = {"XDG_DATA_HOME": str(tmp_path / "home")}
    assert Settings.from_environment(home).store_folder == tmp_path / "home" / "lodestone"
    data = {**home, "LODESTONE_DATA": str(tmp_path)}
    assert Settings.from_environment(data).store_folder == tmp_path / ".lodestone"
    chosen = {**data, "LODESTONE_STORE": str(tmp_path / "kept")}
    assert Settings.from_environment(chosen).store_folder == tmp_path / "kept"
    assert not (tmp_path / "kept").exists()

    monkeypatch.setattr(settings.os, "access", lambda _path, mode: mode != settings.os.W_OK)
    assert Settings.from_environment(data).store_folder == tmp_path / "home" / "lodestone"
    (tmp_path / ".lodestone").mkdir()  # what was saved there must not seem to be gone
    assert Settings.from_environment(data).store_folder == tmp_path / ".lodestone"


def test_a_store_that_is_a_file_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ValueError, match=r"LODESTONE_STORE is .*file, which is a file"):
        Settings.from_environment({"LODESTONE_STORE": str(tmp_path / "file")})


@pytest.mark.parametrize("url", ["postgresql://u:p@db/l", "postgresql+psycopg://db/l", "postgres://db/l", ""])
def test_a_database_is_named_by_its_address(url):
    assert Settings.from_environment({"DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize("url", ["mysql://me:secret@db/l", "secret", "postgresql:secret", "sqlite:///secret"])
def test_another_database_is_refused_and_its_password_not_shown(url):
    with pytest.raises(ValueError, match="DATABASE_URL is no address of a PostgreSQL") as caught:
        Settings.from_environment({"DATABASE_URL": url})
    assert "secret" not in str(caught.value)


def test_uploads_have_a_limit_and_a_folder_of_the_team():
    found = Settings.from_environment({})
    assert (found.upload_limit_bytes, found.team) == (20 * 2**30, "team")
    found = Settings.from_environment({"LODESTONE_UPLOAD_LIMIT": "1.5 GB", "LODESTONE_TEAM": "Particle lab"})
    assert (found.upload_limit_bytes, found.team) == (3 * 2**29, "Particle lab")


@pytest.mark.parametrize("text", ["much", "60%", "0", "5KB", "-1GB"])
def test_a_limit_of_uploads_that_makes_no_sense_is_named(text):
    with pytest.raises(ValueError, match=f"LODESTONE_UPLOAD_LIMIT is '{text}'"):
        Settings.from_environment({"LODESTONE_UPLOAD_LIMIT": text})


@pytest.mark.parametrize("text", ["..", "a/b", "-", "x" * 65, ".hidden"])
def test_a_team_whose_name_is_no_folder_is_named(text):
    with pytest.raises(ValueError, match="LODESTONE_TEAM"):
        Settings.from_environment({"LODESTONE_TEAM": text})


def test_admins_are_listed_with_commas():
    assert Settings.from_environment({}).admins == ()
    assert Settings.from_environment({"LODESTONE_ADMINS": "anna, ben,,"}).admins == ("anna", "ben")
