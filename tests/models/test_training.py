"""The autoencoder learns, is the same for the same seed, and says when it cannot."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from data import block_cluster
from models import trained_autoencoder
from models.autoencoder import initialised
from models.recipe import AutoencoderChoices
from models.trained_autoencoder import encode, encode_blocks
from models.training import train

QUICK = AutoencoderChoices(hidden=(64, 32), max_epochs=6, steps_per_epoch=60)


def phases_on_a_simplex(n_pixels=3000, n_lines=6, n_phases=4, seed=0):
    """Noisy shares of some phases, and the phase of every pixel."""
    random = np.random.default_rng(seed)
    pure = random.dirichlet(np.full(n_lines, 0.3), n_phases)
    label = random.integers(n_phases, size=n_pixels)
    counts = random.poisson(400 * pure[label]) + 0.1
    return (counts / counts.sum(axis=1, keepdims=True)).astype(np.float32), label


def finished(reports):
    """All reports of a training, and the trained network."""
    seen = []
    while True:
        try:
            seen.append(next(reports))
        except StopIteration as end:
            return seen, end.value


@pytest.fixture(scope="module")
def trained():
    values, _ = phases_on_a_simplex()
    return finished(train(values, QUICK, simplex=True, device="cpu"))


def test_the_network_is_the_published_one():
    network = initialised(9, AutoencoderChoices(), simplex=True)
    widths = [layer.out_features for layer in network.modules() if isinstance(layer, torch.nn.Linear)]
    assert widths == [512, 256, 128, 2, 128, 256, 512, 9]
    assert sum(isinstance(layer, torch.nn.LayerNorm) for layer in network.modules()) == 6
    leaks = {m.negative_slope for m in network.modules() if isinstance(m, torch.nn.LeakyReLU)}
    assert leaks == {0.02}
    assert torch.allclose(network(torch.rand(4, 9)).sum(dim=1), torch.ones(4))


def test_the_output_is_linear_where_the_input_is_no_simplex():
    assert not isinstance(initialised(9, AutoencoderChoices(), simplex=False).decoder[-1], torch.nn.Softmax)
    forced = AutoencoderChoices(output="softmax")
    assert isinstance(initialised(9, forced, simplex=False).decoder[-1], torch.nn.Softmax)


def test_the_loss_falls_far_below_the_variance(trained):
    reports, network = trained
    values, _ = phases_on_a_simplex()
    assert [report.epoch for report in reports] == list(range(6))
    assert reports[-1].validation_loss < 0.2 * values.var(axis=0).mean()
    assert reports[-1].learning_rate < 0.1 * QUICK.learning_rate
    assert network.reports == tuple(reports)
    assert reports[-1].fraction == 1


def test_pixels_of_a_phase_lie_together_in_latent_space(trained):
    values, label = phases_on_a_simplex()
    latent = encode(trained[1], values, (50, 60)).coordinates
    centre = np.stack([latent[label == phase].mean(axis=0) for phase in range(4)])
    nearest = np.linalg.norm(latent[:, None] - centre, axis=2).argmin(axis=1)
    assert np.mean(nearest == label) > 0.95


def test_the_error_is_that_of_the_reconstruction(trained):
    values, _ = phases_on_a_simplex()
    latent = encode(trained[1], values, (50, 60))
    assert latent.reconstruction_error.mean() == pytest.approx(trained[1].best.validation_loss, rel=0.25)


def test_the_same_seed_gives_the_same_network_and_leaves_other_random_numbers_alone():
    values, _ = phases_on_a_simplex(500)
    choices = replace(QUICK, max_epochs=2, steps_per_epoch=10)
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    one, other = (finished(train(values, choices, simplex=True, device="cpu"))[1] for _ in range(2))
    assert torch.equal(torch.rand(3), expected)
    different = finished(train(values, replace(choices, seed=5), simplex=True, device="cpu"))[1]
    for name, weights in one.state.items():
        np.testing.assert_array_equal(weights, other.state[name])
    assert not np.array_equal(one.state["encoder.0.weight"], different.state["encoder.0.weight"])


def test_counts_that_are_not_normalised_are_learned_too():
    random = np.random.default_rng(1)
    values = 1000 + 300 * random.normal(size=(2000, 1)) @ random.normal(size=(1, 5))
    reports, trained = finished(train(values, QUICK, simplex=False, device="cpu"))
    assert reports[-1].validation_loss < 0.1 * values.var(axis=0).mean()
    assert encode(trained, values, (40, 50)).reconstruction_error.mean() < 0.1 * values.var(axis=0).mean()


def test_z_scores_are_reconstructed_which_a_softmax_decoder_cannot():
    # z-scores are negative as often as not, a softmax gives shares: the published decoder cannot reach them
    random = np.random.default_rng(4)
    values = random.normal(size=(2000, 2)) @ random.normal(size=(2, 6))
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    chosen, published = (
        finished(train(values, replace(QUICK, output=output), simplex=False, device="cpu"))[1]
        for output in ("auto", "softmax")
    )
    ours, theirs = (
        encode(trained, values, (40, 50)).reconstruction_error.mean() for trained in (chosen, published)
    )
    assert ours < 0.1  # of a variance of 1
    assert theirs > 5 * ours


def test_training_ends_early_when_the_loss_no_longer_falls():
    values = np.random.default_rng(0).normal(size=(500, 8))  # nothing to learn beyond two coordinates
    choices = replace(QUICK, max_epochs=40, patience=2, steps_per_epoch=40)
    reports, trained = finished(train(values, choices, simplex=False, device="cpu"))
    assert len(reports) < 40
    assert reports[-1].n_epochs == len(reports)
    assert reports[-1].learning_rate < 0.1 * choices.learning_rate
    assert trained.best.validation_loss == min(report.validation_loss for report in reports)


def test_masked_pixels_are_not_learned_and_have_no_place():
    values, _ = phases_on_a_simplex(400)
    valid = np.arange(400) >= 50
    values[~valid] = np.nan
    choices = replace(QUICK, max_epochs=2, steps_per_epoch=10)
    _, trained = finished(train(values, choices, simplex=True, valid=valid, device="cpu"))
    latent = encode(trained, values, (20, 20), valid)
    np.testing.assert_array_equal(np.isfinite(latent.coordinates).all(axis=1), valid)


def test_a_map_of_few_pixels_trains():
    values, _ = phases_on_a_simplex(3)
    reports, _ = finished(train(values, replace(QUICK, max_epochs=1), simplex=True, device="cpu"))
    assert np.isfinite(reports[-1].validation_loss)


def test_training_can_be_dropped_between_two_epochs():
    values, _ = phases_on_a_simplex(300)
    reports = train(values, QUICK, simplex=True, device="cpu")
    assert next(reports).epoch == 0
    reports.close()
    assert list(reports) == []


def test_a_long_epoch_reports_in_between(monkeypatch):
    monkeypatch.setattr("models.training._SECONDS_WITHOUT_REPORT", -1.0)
    values, _ = phases_on_a_simplex(300)
    choices = replace(QUICK, max_epochs=2, steps_per_epoch=4)
    reports, trained = finished(train(values, choices, simplex=True, device="cpu"))
    assert [report.share for report in reports] == [0.25, 0.5, 0.75, 1.0] * 2
    fractions = [report.fraction for report in reports]
    assert fractions == sorted(fractions)
    assert len(trained.reports) == 2


def test_blocks_report_how_far_the_encoding_is(trained):
    values, _ = phases_on_a_simplex()
    assert list(encode_blocks(trained[1], values, (50, 60)))[-1] == 1.0


class InlineCluster:
    """Does at once what a cluster would do elsewhere, and counts it."""

    n_calls = 0

    def nthreads(self):
        return {"worker": 1}

    def submit(self, function, *call, pure):
        self.n_calls += 1
        answer = function(*call)
        return type("Future", (), {"done": lambda _: True, "result": lambda _: answer})()

    def cancel(self, futures):
        pass


def test_a_cluster_places_pixels_where_they_are_placed_here(trained, monkeypatch):
    values, _ = phases_on_a_simplex()
    valid = np.arange(len(values)) % 7 > 0
    here = encode(trained[1], values, (50, 60), valid, device="cpu")
    cluster = InlineCluster()
    monkeypatch.setattr(block_cluster, "client", lambda: cluster)
    monkeypatch.setattr(trained_autoencoder, "BLOCK", 250)
    monkeypatch.setattr(trained_autoencoder, "_SENT_TOGETHER", 1000)
    there = encode(trained[1], values, (50, 60), valid, device="cpu")
    assert cluster.n_calls == 3
    np.testing.assert_allclose(there.coordinates, here.coordinates, atol=1e-5)
    np.testing.assert_allclose(there.reconstruction_error, here.reconstruction_error, rtol=1e-4)
    assert np.isnan(there.coordinates[0]).all()


def test_a_loss_that_is_no_number_is_said():
    values, _ = phases_on_a_simplex(300)
    values[7] = np.inf
    with pytest.raises(ValueError, match="no finite number"):
        finished(train(values, QUICK, simplex=True, device="cpu"))


def test_too_few_pixels_and_other_maps_are_refused(trained):
    values, _ = phases_on_a_simplex(10)
    with pytest.raises(ValueError, match="at least 2 valid pixels"):
        next(train(values, QUICK, simplex=True, valid=np.zeros(10, bool)))
    with pytest.raises(ValueError, match="trained on 6 element maps; there are 5"):
        encode(trained[1], values[:, :5], (2, 5))
