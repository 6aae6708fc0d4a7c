"""A result comes back from its file as it went in, and a file cannot run code."""

import json
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy import sparse

from models import archive
from models.phase_map import PhaseMap
from models.recipe import PhasesRecipe, with_settings


@dataclass(frozen=True)
class Foreign:
    """A class that is no part of the program."""

    number: int


def test_a_tree_of_results_comes_back_with_types_and_values(tmp_path):
    recipe = with_settings(PhasesRecipe(), {"line_maps.lines": "[Fe_Ka]", "mixture.n_phases": "7"})
    phases = PhaseMap(np.array([[0, -1, 1]], np.int16), np.array([[1, 0, 0.5]], np.float32), 2, "µ")
    value = {
        "recipe": recipe,
        "phases": phases,
        "counts": sparse.csr_matrix(np.eye(3, dtype=np.uint8)),
        "weights": {"layer": torch.arange(4.0)},
        "losses": (1, 2.5, None, [True, "x"]),
    }
    archive.save(value, tmp_path / "result.npz")
    back = archive.load(tmp_path / "result.npz")
    assert back["recipe"] == recipe
    assert back["phases"].label.dtype == np.int16
    np.testing.assert_array_equal(back["phases"].label, phases.label)
    assert back["phases"].made_by == "µ"
    assert back["counts"].dtype == np.uint8
    np.testing.assert_array_equal(back["counts"].toarray(), np.eye(3))
    torch.testing.assert_close(back["weights"]["layer"], torch.arange(4.0))
    assert back["losses"] == (1, 2.5, None, [True, "x"])


def test_a_foreign_class_is_neither_written_nor_made(tmp_path):
    with pytest.raises(TypeError, match="Foreign"):
        archive.save(Foreign(3), tmp_path / "foreign.npz")
    assert list(tmp_path.iterdir()) == []
    structure = json.dumps({"class": "subprocess.Popen", "fields": {"args": "true"}}).encode()
    np.savez(tmp_path / "evil.npz", structure=np.frombuffer(structure, np.uint8))
    with pytest.raises(ValueError, match=r"evil\.npz is no result"):
        archive.load(tmp_path / "evil.npz")
    structure = json.dumps({"class": "models.archive.importlib", "fields": {}}).encode()
    np.savez(tmp_path / "module.npz", structure=np.frombuffer(structure, np.uint8))
    with pytest.raises(ValueError, match=r"module\.npz is no result"):
        archive.load(tmp_path / "module.npz")


def test_a_truncated_file_is_said_to_be_none_of_ours(tmp_path):
    archive.save(PhasesRecipe(), tmp_path / "whole.npz")
    whole = (tmp_path / "whole.npz").read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 5):
        (tmp_path / "part.npz").write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"part\.npz"):
            archive.load(tmp_path / "part.npz")


def test_a_failed_save_leaves_the_old_file(tmp_path):
    archive.save({"value": 1}, tmp_path / "result.npz")
    with pytest.raises(TypeError):
        archive.save({"value": object()}, tmp_path / "result.npz")
    assert archive.load(tmp_path / "result.npz") == {"value": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["result.npz"]
