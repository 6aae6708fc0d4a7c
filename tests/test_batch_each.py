"""Many files, every one by itself: on a cluster and on this machine, whatever becomes of single ones."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import pandas as pd
import pytest
import tasks_of_each
from distributed import Client, LocalCluster

import batch
from data import block_cluster
from headless import each
from headless.board import Board
from headless.local_workers import local_workers, number_of_workers


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(
        n_workers=1, threads_per_worker=2, dashboard_address=None, silence_logs=50, memory_limit=0
    ) as found:
        yield found


@pytest.fixture
def on_cluster(cluster, monkeypatch):
    """Files are worked on by the cluster, in milliseconds; nowhere else."""
    monkeypatch.setenv(block_cluster.ADDRESS_VARIABLE, cluster.scheduler_address)
    monkeypatch.setattr(each, "run_on_worker", tasks_of_each.task)
    monkeypatch.setattr(each, "local_workers", lambda _: pytest.fail("not worked on by the cluster"))
    yield cluster
    block_cluster.forget()


@pytest.fixture
def files(tmp_path):
    """Makes files of some names, and gives their paths."""

    def make(*names: str) -> list[str]:
        for name in names:
            (tmp_path / f"{name}.bcf").write_text("")
        return [str(tmp_path / f"{name}.bcf") for name in names]

    return make


def run(inputs: list[str], out: Path, *more: str) -> int:
    return batch.main(["phases", *inputs, "--out", str(out), "--each", *more])


def table(out: Path) -> pd.DataFrame:
    return pd.read_csv(out / "runs.csv", keep_default_na=False)


def test_every_file_has_a_folder_and_a_line_whatever_becomes_of_the_others(
    on_cluster, files, tmp_path, capsys
):
    inputs = files("one", "refused", "surprise", "two")
    assert run([*inputs, "gone.bcf"], tmp_path / "out") == 0
    found = table(tmp_path / "out").set_index("folder", drop=False)
    assert found.file.tolist() == [*inputs, "gone.bcf"]
    assert found.folder.tolist() == ["one", "", "", "two", "gone"]
    assert found.phases["one"] == "3" and float(found.seconds["one"]) == 1.2
    assert found.peak_memory_mb["one"] == "900"
    assert found.error.iloc[1] == "refused.bcf is empty (0 bytes). Copy it again."
    assert "unexpected KeyError" in found.error.iloc[2]
    assert "nobody foresaw this" in (tmp_path / "out" / "surprise-error.log").read_text()
    kept = {path.name for path in (tmp_path / "out").iterdir()}
    assert kept == {"one", "two", "gone", "runs.csv", "surprise-error.log"}
    assert {path.name for path in (tmp_path / "out" / "one").iterdir()} == {"labels.tif", "metrics.json"}
    said = capsys.readouterr()
    assert "batch.py: refused was left out: refused.bcf is empty (0 bytes). Copy it again.\n" in said.err
    assert "5 of 5 done" in said.err and "one: 3 phases in 1 s" in said.err and "Traceback" not in said.err
    assert "two: 2 maps: 1 = a, 2 = b. The first is taken.\n" in said.out
    assert said.out.endswith(f"3 of 5 files: {tmp_path / 'out' / 'runs.csv'}\n")


def test_a_worker_that_is_killed_costs_its_file_alone(on_cluster, files, tmp_path, capsys):
    assert run(files("dies", "after"), tmp_path / "out") == 0
    found = table(tmp_path / "out")
    assert "worker that ran it ended" in found.error[0] and "Run this file again" in found.error[0]
    assert found.error[1] == "" and found.phases[1] == "3"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"after", "runs.csv"}
    assert "Traceback" not in capsys.readouterr().err


def test_where_nothing_goes_well_the_exit_code_says_so(on_cluster, files, tmp_path, capsys):
    assert run(files("refused"), tmp_path / "out") == 2
    assert "None of the 1 files could be used" in capsys.readouterr().err
    assert table(tmp_path / "out").error[0].startswith("refused.bcf is empty")


def test_a_stop_keeps_what_is_whole_and_nothing_else(on_cluster, files, tmp_path, monkeypatch, capsys):
    told = []

    def at(_board, number, fraction, message):
        told.append((number, fraction, message))
        if message == "Still at it":
            raise KeyboardInterrupt

    monkeypatch.setattr(Board, "at", at)
    started = time.monotonic()
    assert run(files("one", "endless", "never"), tmp_path / "out") == 130
    # the worker noticed: it took its folder away itself, long before it was given up
    assert time.monotonic() - started < each._ENDING_S
    assert (1, 0.6, "Still at it") in told
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"one", "runs.csv"}
    assert table(tmp_path / "out").error.tolist() == ["", *["stopped before it was done"] * 2]
    assert "stopped; 1 of 3 files are done" in capsys.readouterr().err
    with Client(on_cluster, set_as_default=False) as client:
        assert not any(client.processing().values())


def test_a_cluster_that_loses_its_workers_leaves_the_rest_to_this_machine(
    on_cluster, files, tmp_path, monkeypatch, capsys
):
    class Deserted:
        def __getattr__(self, name):
            return lambda *_: {}

    @contextlib.contextmanager
    def local(n_files):
        assert n_files == 2
        with Client(on_cluster, set_as_default=False) as client:
            yield client

    monkeypatch.setattr(block_cluster, "client", Deserted)
    monkeypatch.setattr(each, "_NO_WORKERS_S", 0.0)
    monkeypatch.setattr(each, "local_workers", local)
    assert run(files("one", "other"), tmp_path / "out") == 0
    assert table(tmp_path / "out").phases.tolist() == [3, 3]
    assert "it has no workers any more" in capsys.readouterr().err


def test_on_this_machine_workers_are_started_for_it_that_nobody_else_reaches(
    files, tmp_path, monkeypatch, capfd
):
    schedulers = []

    @contextlib.contextmanager
    def watched(n_files):
        with local_workers(n_files) as client:
            schedulers.append((client.scheduler.address, len(client.nthreads())))
            yield client

    monkeypatch.delenv(block_cluster.ADDRESS_VARIABLE, raising=False)
    monkeypatch.setattr(each, "run_on_worker", tasks_of_each.task)
    monkeypatch.setattr(each, "local_workers", watched)
    environment = dict(os.environ)
    assert run(files("dies", "one"), tmp_path / "out") == 0
    assert table(tmp_path / "out").phases.tolist() == ["", "3"]
    [(address, n_workers)] = schedulers
    assert address.startswith("tls://127.0.0.1:") and n_workers >= 1
    assert dict(os.environ) == environment
    # whatever a worker or Dask prints would be seen as well
    assert all(
        line.startswith(("0 ", "1 ", "2 ", "batch.py: ")) for line in capfd.readouterr().err.splitlines()
    )


@pytest.mark.parametrize(
    ("n_files", "n_cores", "free", "wanted"),
    [(9, 2, 20e9, 1), (9, 16, 64e9, 8), (3, 16, 64e9, 3), (9, 16, 4e9, 2), (9, 1, 1e8, 1)],
)
def test_as_many_files_at_a_time_as_there_is_room_for(n_files, n_cores, free, wanted):
    assert number_of_workers(n_files, n_cores, free) == wanted


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--set", "mixture.phases=3"], "n_phases"),
        (["--set", "autoencoder.max_epochs=0"], "max_epochs"),
        (["--model", "nowhere.safetensors"], "nowhere.safetensors"),
    ],
)
def test_wrong_choices_are_said_once_before_anything_is_begun(more, message, files, tmp_path, capsys):
    assert run(files("one", "other"), tmp_path / "out", *more) == 2
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_with_other_things_is_left_alone(files, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.docx").write_text("years of work")
    assert run(files("one"), tmp_path / "out") == 2
    assert "thesis.docx" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.docx"]
