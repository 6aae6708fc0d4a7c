"""Blocks are worked through in order, can be followed and given up, here and on a cluster."""

from __future__ import annotations

import contextlib
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from distributed import LocalCluster

from data import block_cluster, block_work, blocked_image, sparse_counts
from data.block_store import DamagedBlocks
from data.block_work import followed, in_order
from data.spectrum_image import SpectrumImage
from data.synthetic import rock_section


@pytest.fixture(scope="module")
def image() -> SpectrumImage:
    return rock_section(5, 60, 40, counts_per_pixel=40.0)[0]


@pytest.fixture(scope="module")
def blocked(image, tmp_path_factory) -> SpectrumImage:
    path = tmp_path_factory.mktemp("maps") / "rock.lodestone.zarr"
    blocked_image.save(image, path, block_pixels=200)
    return blocked_image.load(path)


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch):
    monkeypatch.delenv(block_cluster.ADDRESS_VARIABLE, raising=False)
    yield
    block_cluster.forget()


def test_answers_come_in_the_order_of_the_calls_with_few_under_way():
    under_way, most, lock = [0], [0], threading.Lock()

    def slow(number: int) -> int:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        threading.Event().wait(0.002 * (number % 3))
        with lock:
            under_way[0] -= 1
        return number

    assert list(in_order(slow, ((n,) for n in range(11)), 11)) == list(range(11))
    assert most[0] <= 2


def test_who_follows_a_pass_is_told_how_far_it_is(blocked):
    shares, total = [], None
    work = followed(blocked.counts_per_pixel)
    try:
        while True:
            shares.append(next(work))
    except StopIteration as end:
        total = end.value
    assert shares == sorted(shares) and shares[-1] == 1 and len(shares) == 12
    assert total.sum() == blocked.counts.sum()


def test_closing_ends_the_work_at_the_next_block(blocked):
    seen = []

    def work():
        for number in in_order(seen.append, ((n,) for n in range(1000)), 1000):
            assert number is None

    steps = followed(work)
    next(steps)
    steps.close()
    assert len(seen) < 50
    assert not [thread for thread in threading.enumerate() if thread.name == "block work"]


def test_an_error_on_the_way_reaches_who_follows(image, tmp_path):
    blocked_image.save(image, tmp_path / "rock.lodestone.zarr", block_pixels=200)
    (tmp_path / "rock.lodestone.zarr" / "blocks" / "2" / "data" / "c" / "0").unlink()
    opened = blocked_image.load(tmp_path / "rock.lodestone.zarr")
    with pytest.raises(DamagedBlocks, match="Block 3 of 12"):
        list(followed(opened.counts_per_pixel))


def test_a_cluster_gives_the_same_and_its_failure_is_no_harm(image, blocked, tmp_path, monkeypatch):
    weights = np.random.default_rng(1).random((image.counts.shape[1], 3))
    wanted = sparse_counts.project(image.counts, weights)
    label = np.arange(image.n_pixels) % 3
    with LocalCluster(1, processes=True, threads_per_worker=1, dashboard_address=None) as cluster:
        monkeypatch.setenv(block_cluster.ADDRESS_VARIABLE, cluster.scheduler_address)
        monkeypatch.setattr(block_work, "_here", lambda *_: pytest.fail("not worked through on the cluster"))
        np.testing.assert_array_equal(sparse_counts.project(blocked.counts, weights), wanted)
        np.testing.assert_array_equal(blocked.sum_by_label(label, 3), image.sum_by_label(label, 3))
        assert block_cluster.remark() == ""
        monkeypatch.undo()
        monkeypatch.setenv(block_cluster.ADDRESS_VARIABLE, cluster.scheduler_address)
        # what is wrong with the map itself is found on the cluster as well, and said as it is said here
        path = tmp_path / "rock.lodestone.zarr"
        blocked_image.save(image, path, block_pixels=200)
        (path / "blocks" / "2" / "data" / "c" / "0").unlink()
        with pytest.raises(DamagedBlocks, match="Block 3 of 12"):
            blocked_image.load(path).counts_per_pixel()
        assert block_cluster.remark() == ""
        block_cluster.forget()
    # the cluster is gone: the work goes on here
    monkeypatch.setattr(block_cluster, "_PATIENCE_S", 0.3)
    np.testing.assert_array_equal(sparse_counts.project(blocked.counts, weights), wanted)
    assert "cannot be used" in block_cluster.remark() and "this machine" in block_cluster.remark()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nowhere", "http://", "tcp://nobody.invalid:8786"])
def test_a_scheduler_that_cannot_be_reached_is_said_and_not_waited_for_again(
    blocked, monkeypatch, caplog, address
):
    monkeypatch.setattr(block_cluster, "_PATIENCE_S", 0.2)
    monkeypatch.setenv(block_cluster.ADDRESS_VARIABLE, address)
    assert blocked.sum_by_label(np.zeros(blocked.n_pixels, int), 1).sum() == blocked.counts.sum()
    assert address in block_cluster.remark() and "on this machine instead" in block_cluster.remark()
    assert sum("cannot be used" in record.getMessage() for record in caplog.records) == 1
    monkeypatch.setattr(block_cluster, "_connected", lambda _: pytest.fail("asked again at once"))
    assert blocked.counts_per_pixel().sum() == blocked.counts.sum()


def test_a_cluster_that_fails_in_the_middle_is_left(blocked, monkeypatch, caplog):
    class Failing:
        status = "running"

        def nthreads(self):
            return {"worker": 1}

        def submit(self, function, *call, pure):
            raise OSError("no such file on the worker")

        def cancel(self, futures):
            pass

        def close(self, timeout):
            pass

    monkeypatch.setenv(block_cluster.ADDRESS_VARIABLE, "tcp://127.0.0.1:9")
    monkeypatch.setattr(block_cluster, "_connected", lambda _: Failing())
    assert blocked.counts_per_pixel().sum() == blocked.counts.sum()
    assert "failed: no such file on the worker" in block_cluster.remark()
    assert "under the same paths" in block_cluster.remark()


def test_a_cluster_whose_workers_are_gone_is_not_waited_for(blocked, monkeypatch):
    class Deserted:
        status = "running"
        n_asked = 0

        def nthreads(self):
            self.n_asked += 1
            return {"worker": 1} if self.n_asked == 1 else {}

        def submit(self, function, *call, pure):
            return SimpleNamespace(done=lambda: False)

        def as_current(self):
            return contextlib.nullcontext()

        def close(self, timeout):
            pass

    def nothing_comes(future, timeout):
        raise TimeoutError

    cluster = Deserted()
    monkeypatch.setattr("distributed.wait", nothing_comes)
    monkeypatch.setenv(block_cluster.ADDRESS_VARIABLE, "tcp://127.0.0.1:9")
    monkeypatch.setattr(block_cluster, "_connected", lambda _: cluster)
    assert blocked.counts_per_pixel().sum() == blocked.counts.sum()
    assert "failed: it has no workers any more" in block_cluster.remark()


def _halved(number: int) -> float:
    if number % 2:
        raise ValueError(f"{number} is odd.")
    if number == 8:
        raise KeyError("not foreseen")
    return number / 2


def test_refusals_are_answers_and_other_errors_are_not():
    calls = ((n,) for n in (2, 3, 4))
    answers = list(in_order(_halved, calls, 3, refusals=(ValueError,)))
    assert answers[0] == 1 and str(answers[1]) == "3 is odd." and answers[2] == 2
    with pytest.raises(KeyError):
        list(in_order(_halved, ((n,) for n in (3, 8)), 2, refusals=(ValueError,)))


def test_what_runs_on_a_worker_sends_nothing_on(monkeypatch):
    monkeypatch.setenv(block_cluster.ADDRESS_VARIABLE, "tcp://127.0.0.1:9")
    monkeypatch.setattr(block_cluster, "_connected", lambda _: pytest.fail("asked for a cluster"))
    # the work of a stage goes on in a thread of its own
    counted = block_cluster.by_itself(
        lambda: list(followed(lambda: list(in_order(_halved, iter([(2,)]), 1))))
    )
    assert counted == [1.0]
