"""The door without a browser: files that come out, and what a mistake is answered with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

import batch
from data import synthetic

ROOT = Path(__file__).resolve().parents[1]
QUICK = ["--set", "autoencoder.max_epochs=2", "autoencoder.steps_per_epoch=20", "mixture.n_phases=4"]
FILES = {
    "labels.tif",
    "probability.tif",
    "latent.npy",
    "phases.csv",
    "spectra.csv",
    "components.csv",
    "weights.csv",
    "abundance.tif",
    "residual.tif",
    "maps.tif",
    "report.html",
    "composition.csv",
    "k_factors.csv",
    "particles.csv",
    "model.safetensors",
    "recipe.yaml",
    "metrics.json",
}


@pytest.fixture(scope="module")
def rock():
    return synthetic.rock_section(3, 40, 40, counts_per_pixel=300.0)[0]


@pytest.fixture
def small_demo(monkeypatch, rock):
    """The demo made small, so that a run takes seconds."""
    monkeypatch.setattr(synthetic, "demo", lambda: (rock, None))


@pytest.fixture(scope="module")
def result(tmp_path_factory, rock):
    """The folder that a run of the small demo leaves."""
    out = tmp_path_factory.mktemp("batch") / "result"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthetic, "demo", lambda: (rock, None))
        assert batch.main(["phases", "demo", "--out", str(out), *QUICK]) == 0
    return out


@pytest.fixture(scope="module")
def element_maps(tmp_path_factory):
    """A folder with one image per element, the left half of iron, the right half of silicon."""
    folder = tmp_path_factory.mktemp("maps")
    rng = np.random.default_rng(2)
    for name, left, right in (("Fe", 120, 20), ("Si", 20, 120), ("Ca", 30, 30)):
        image = rng.poisson(np.repeat([[left] * 16 + [right] * 16], 24, axis=0)).astype(np.uint16)
        tifffile.imwrite(folder / f"{name}.tif", image)
    return folder


def test_every_file_is_there_and_nothing_else(result):
    assert {path.name for path in result.iterdir()} == FILES


def test_images_have_their_types_shapes_and_pixel_size(result, rock):
    metrics = json.loads((result / "metrics.json").read_text())
    n_lines = len(metrics["dataset"]["lines"])
    labels = tifffile.TiffFile(result / "labels.tif")
    assert labels.asarray().dtype == np.int16 and labels.asarray().shape == rock.shape
    assert labels.asarray().max() == metrics["phases"]["found"] - 1
    assert f'PhysicalSizeX="{rock.pixel_size_um}"' in labels.ome_metadata
    probability = tifffile.imread(result / "probability.tif")
    assert probability.shape == rock.shape and probability.min() >= 0 and probability.max() <= 1
    assert tifffile.imread(result / "maps.tif").shape == (n_lines, *rock.shape)
    assert tifffile.imread(result / "abundance.tif").shape == (metrics["phases"]["components"], *rock.shape)
    assert np.load(result / "latent.npy").shape == (*rock.shape, 2)


def test_particles_compositions_and_k_factors_are_written_with_what_they_assume(result, rock):
    phases = pd.read_csv(result / "phases.csv")
    particles = pd.read_csv(result / "particles.csv")
    compositions = pd.read_csv(result / "composition.csv")
    labels = tifffile.imread(result / "labels.tif")
    assert set(particles.phase) <= set(phases.name)
    assert particles.pixels.min() >= 4
    assert particles.pixels.sum() <= (labels >= 0).sum()
    np.testing.assert_allclose(particles.area_um2, particles.pixels * rock.pixel_size_um**2)
    # label 0 is a phase like any other
    assert phases.name[0] in set(particles.phase)
    assert list(compositions.phase) == list(phases.name)
    shares = compositions.filter(regex="^[A-Z][a-z]?_wt_percent$")
    composed = compositions.no_composition_because.isna()
    np.testing.assert_allclose(shares[composed].sum(axis=1), 100)
    assert composed[0]
    assert compositions.nearest_mineral[composed].str.len().min() > 2
    factors = pd.read_csv(result / "k_factors.csv").set_index("line")
    assert factors.k_factor["Si_Ka"] == 1
    said = json.loads((result / "metrics.json").read_text())["composition"]
    assert f"{rock.beam_kev:g} kV" in said["k_factors"]
    assert "indicative" in said["sample"]


def test_tables_agree_with_each_other_and_with_the_labels(result, rock):
    phases = pd.read_csv(result / "phases.csv")
    spectra = pd.read_csv(result / "spectra.csv")
    labels = tifffile.imread(result / "labels.tif")
    assert list(spectra.columns) == ["energy_kev", "sum", *phases.name]
    np.testing.assert_array_equal(phases.pixels, np.bincount(labels[labels >= 0], minlength=len(phases)))
    assert phases.area_percent.sum() == pytest.approx(100)
    np.testing.assert_array_equal(spectra[phases.name].sum(axis=1), spectra["sum"])
    above_cut = rock.crop_energy(0.1)
    np.testing.assert_allclose(spectra.energy_kev, above_cut.energy.energy_kev)
    np.testing.assert_array_equal(spectra["sum"], above_cut.sum_spectrum())
    components = pd.read_csv(result / "components.csv")
    weights = pd.read_csv(result / "weights.csv")
    assert list(components.columns[1:]) == list(weights.columns[1:])
    assert list(weights.phase) == list(phases.name)


def test_metrics_tell_time_and_memory_of_every_stage(result):
    metrics = json.loads((result / "metrics.json").read_text())
    stages = {"prepare", "line_maps", "train", "latent_grid", "mixture", "refinement", "phases", "unmixing"}
    assert stages | {"open", "total"} == set(metrics["seconds"])
    assert stages <= set(metrics["peak_memory_mb"])
    assert len(metrics["losses"]["train_loss"]) == 2


def test_the_recipe_of_a_result_gives_the_same_labels(result, tmp_path, small_demo):
    recipe = str(result / "recipe.yaml")
    assert batch.main(["phases", "demo", "--out", str(tmp_path / "again"), "--recipe", recipe]) == 0
    for name in ("labels.tif", "probability.tif"):
        again = tifffile.imread(tmp_path / "again" / name)
        np.testing.assert_array_equal(tifffile.imread(result / name), again)
    assert (tmp_path / "again" / "recipe.yaml").read_text() == (result / "recipe.yaml").read_text()


def test_a_folder_of_element_maps_has_lines_instead_of_energies(element_maps, tmp_path):
    out = tmp_path / "out"
    settings = [*QUICK, "mixture.n_phases=2"]
    assert batch.main(["phases", str(element_maps), "--out", str(out), *settings]) == 0
    spectra = pd.read_csv(out / "spectra.csv")
    assert list(spectra.columns) == ["line", "sum", "Phase 1", "Phase 2"]
    assert set(spectra.line) == {"Ca", "Fe", "Si"}
    labels = tifffile.imread(out / "labels.tif")
    assert len(np.unique(labels[:, :16])) == len(np.unique(labels[:, 16:])) == 1


def test_without_unmixing_there_are_no_files_of_it(tmp_path, small_demo):
    out = tmp_path / "out"
    settings = [*QUICK, "unmixing.enabled=false", "refinement.enabled=false", "probability_threshold=0.9"]
    assert batch.main(["phases", "demo", "--out", str(out), *settings]) == 0
    of_unmixing = {"components.csv", "weights.csv", "abundance.tif", "residual.tif"}
    assert {path.name for path in out.iterdir()} == FILES - of_unmixing
    assert tifffile.imread(out / "labels.tif").min() == -1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["phases"], "INPUT"),
        (["particles", "demo"], "phases"),
        (["phases", "demo"], "--out"),
        (["phases", "nowhere.bcf", "--out", "OUT"], "nowhere.bcf"),
        (["phases", "demo", "--out", "OUT", "--recipe", "nowhere.yaml"], "nowhere.yaml"),
        (["phases", "demo", "--out", "OUT", "--recipe", "a.yaml", "--preset", "published"], "--preset"),
        (["phases", "demo", "--out", "OUT", "--preset", "publishd"], "published"),
        (["phases", "demo", "--out", "OUT", "--set", "mixture.phases=3"], "n_phases"),
        (["phases", "demo", "--out", "OUT", "--set", "mixture.n_phases"], "KEY=VALUE"),
        (["phases", "demo", "--out", "OUT", "--set", "mixture.n_phases=many"], "mixture.n_phases"),
        (["phases", "demo", "--out", "OUT", "--set", "mixture.n_phases=999"], "999 phases"),
        (["phases", "demo", "--out", "OUT", "--set", "line_maps.rebin=0"], "rebin"),
        (["phases", "demo", "--out", "OUT", "--set", "line_maps.lines=[Mo_Ka]"], "Mo"),
        (["phases", str(ROOT / "README.md"), "--out", "OUT"], "README.md"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments, message, tmp_path, monkeypatch, rock, capsys):
    one_by_one = rock.rebin(2)
    monkeypatch.setattr(synthetic, "demo", lambda: (one_by_one, None))
    monkeypatch.chdir(tmp_path)
    try:
        code = batch.main(arguments)
    except SystemExit as stopped:
        code = stopped.code
    said = capsys.readouterr().err
    assert code == 2
    assert message in said and said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_recipe_with_an_unknown_key_names_the_nearest(tmp_path, capsys):
    recipe = tmp_path / "r.yaml"
    recipe.write_text("line_maps:\n  rebinning: 2\n")
    assert batch.main(["phases", "demo", "--out", str(tmp_path / "out"), "--recipe", str(recipe)]) == 2
    assert "line_maps.rebin" in capsys.readouterr().err


def test_a_broken_file_is_one_line_too(shared_data, tmp_path, capsys):
    broken = shared_data / "eds" / "broken" / "Nope.bcf"
    assert batch.main(["phases", str(broken), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "Nope.bcf" in said and said.count("\n") == 1


def test_something_unforeseen_leaves_a_log_and_no_result(tmp_path, monkeypatch, capsys):
    # a mistake of ours: numpy refuses in words that tell a user nothing
    monkeypatch.setattr(synthetic, "demo", lambda: np.zeros(3).reshape(2, 2))
    assert batch.main(["phases", "demo", "--out", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert "out-error.log" in said and said.count("\n") == 1
    assert "Traceback" in (tmp_path / "out-error.log").read_text()
    assert not (tmp_path / "out").exists()


def test_help_comes_at_once_without_the_heavy_libraries():
    code = "import sys, batch; batch.parser().format_help(); print('numpy' in sys.modules)"
    asked = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert asked.stdout.strip() == "False"


def test_several_inputs_share_their_phases(tmp_path, monkeypatch, rock, element_maps, capsys):
    parts = {
        "one.bcf": rock.crop(slice(0, 40), slice(0, 20)),
        "two.bcf": rock.crop(slice(5, 35), slice(20, 40)),
    }

    def open_dataset(path, progress=None, room=None):
        from data.readers import Opened, UnreadableFile

        if path not in parts:
            raise UnreadableFile(f"There is no file {path}.")
        return Opened((parts[path],))

    monkeypatch.setattr("data.readers.open_dataset", open_dataset)
    out = tmp_path / "out"
    inputs = ["one.bcf", "gone.bcf", "two.bcf"]
    assert batch.main(["phases", *inputs, "--out", str(out), *QUICK, "line_maps.rebin=2"]) == 0
    assert {path.name for path in out.iterdir()} == {"modal.csv", "recipe.yaml", "metrics.json", "one", "two"}
    assert "gone was left out" in capsys.readouterr().err
    modal = pd.read_csv(out / "modal.csv")
    assert modal["map"].tolist() == ["one", "gone", "two", "all maps"]
    for name, shape in (("one", (20, 10)), ("two", (15, 10))):
        assert {path.name for path in (out / name).iterdir()} == FILES
        labels = tifffile.imread(out / name / "labels.tif")
        assert labels.shape == shape
        row = modal.set_index("map").loc[name]
        phases = pd.read_csv(out / name / "phases.csv")
        for phase in phases.itertuples():
            if phase.pixels:
                assert row[f"{phase.name} (%)"] == pytest.approx(phase.area_percent, rel=1e-4)
    # the recipe gives the same again, over the folders of the first run
    assert "rebin: 2" in (out / "recipe.yaml").read_text()
    assert batch.main(["phases", *inputs, "--out", str(out), "--recipe", str(out / "recipe.yaml")]) == 0
    pd.testing.assert_frame_equal(pd.read_csv(out / "modal.csv"), modal)


def test_several_inputs_of_different_kinds_are_one_line(tmp_path, small_demo, element_maps, capsys):
    assert batch.main(["phases", "demo", str(element_maps), "--out", str(tmp_path / "out"), *QUICK]) == 2
    said = capsys.readouterr().err
    assert "cannot share phases" in said and said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_model_of_one_run_places_the_pixels_of_another(result, tmp_path, small_demo, capsys):
    out = tmp_path / "again"
    model = str(result / "model.safetensors")
    assert batch.main(["phases", "demo", "--out", str(out), "--model", model, *QUICK]) == 0
    np.testing.assert_allclose(np.load(out / "latent.npy"), np.load(result / "latent.npy"), atol=1e-5)
    assert (out / "model.safetensors").read_bytes() == (result / "model.safetensors").read_bytes()
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["losses"]["train_loss"] == []
    # the recipe names its model: without the file it says so
    recipe = str(out / "recipe.yaml")
    assert batch.main(["phases", "demo", "--out", str(tmp_path / "third"), "--recipe", recipe]) == 2
    assert "--model" in capsys.readouterr().err


def test_a_model_that_is_none_is_refused_in_one_line(tmp_path, small_demo, capsys):
    fake = tmp_path / "network.pt"
    fake.write_bytes(b"PK\x03\x04 pickled")
    arguments = ["phases", "demo", "--out", str(tmp_path / "out"), "--model", str(fake)]
    assert batch.main(arguments) == 2
    assert "pickled Python code" in capsys.readouterr().err


def test_binary_maps_of_all_phases_are_written_where_asked_for(tmp_path, small_demo):
    out = tmp_path / "out"
    arguments = [
        "masks.enabled=true",
        "masks.least_speck=4",
        "refinement.enabled=false",
        "mixture.method=kmeans",
    ]
    assert batch.main(["phases", "demo", "--out", str(out), *QUICK, *arguments]) == 0
    masks, probability = tifffile.imread(out / "masks.tif"), tifffile.imread(out / "probabilities.tif")
    assert masks.shape == probability.shape == (4, 40, 40)
    assert set(np.unique(masks)) == {0, 255}
    np.testing.assert_allclose(probability.sum(axis=0), 1, atol=1e-4)
    known = json.loads((out / "metrics.json").read_text())["masks"]
    assert [entry["pixels"] for entry in known] == (masks > 0).sum(axis=(1, 2)).tolist()


def test_phases_are_sought_again_where_the_recipe_asks_for_it(tmp_path, small_demo):
    out = tmp_path / "out"
    settings = [*QUICK, "refinement.enabled=false", "stability.enabled=true", "stability.n_runs=2"]
    assert batch.main(["phases", "demo", "--out", str(out), *settings]) == 0
    table = pd.read_csv(out / "stability.csv")
    phases = pd.read_csv(out / "phases.csv")
    assert list(table.name) == list(phases.name)
    assert set(table.verdict) <= {"stable", "doubtful", "not found again", "not tested"}
    assert {"jaccard_run_1", "jaccard_run_2"} <= set(table)
    assert tifffile.imread(out / "returned.tif").shape == tifffile.imread(out / "labels.tif").shape
    known = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert known["stability"]["runs"] == 2 and "latent space stayed" in known["stability"]["what"]
    assert len(known["unmixing"]["relative_error"]) == len(phases)
