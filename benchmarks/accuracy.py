"""Are the phases right? Defaults only, on synthetic maps with their truth, beside an oracle and peers.

    python -m benchmarks.accuracy [--quick] [--published] [--scenes ...] [--seeds 11 12] [--doses 50 200]

For every map one row per method:
- oracle: maximum likelihood of every pixel under the true pure spectra, which nobody has;
- oracle, mixed: the same spectra, but every pixel a mixture of them with smooth neighbours;
- refinement: what Lodestone does, with nothing set;
- k-means: on z-scored net line maps, told the true number of phases;
- published: the preset of that name (Tung et al. 2023), which chooses its number by BIC; minutes a map.

ari: adjusted Rand index against the phase of the largest true share. found: phases of at least 1 % of the
area with an intersection over union of at least 0.5, after the best matching. trace F1: of the phase below
0.5 %. cosine: mean similarity of matched end-members (k-means: cluster spectra) with the true pure spectra,
zero peak left out.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from data import line_maps, sparse_counts, synthetic
from data.spectrum_image import SpectrumImage
from data.synthetic import SyntheticTruth
from models import count_bins, phases, poisson_unmixing, refinement
from models.presets import preset
from models.recipe import RefinementChoices

SCENES: dict[str, Callable[..., tuple[SpectrumImage, SyntheticTruth]]] = {
    "demo": synthetic.demo,
    "rock_section": synthetic.rock_section,
    "particulate": synthetic.particulate,
}
Method = Callable[[SpectrumImage, SyntheticTruth], "Score"]
SEEDS = (11, 12)  # not those on which the method was developed
DOSES = (50.0, 200.0)
_LEAST_AREA = 0.01
_LEAST_OVERLAP = 0.5


@dataclass(frozen=True)
class Score:
    """How one method did on one map."""

    method: str
    ari: float
    n_phases: int
    found: int
    n_main: int
    missed: tuple[str, ...]
    trace_precision: float
    trace_recall: float
    trace_f1: float
    cosine: float
    seconds: float


def score(
    method: str,
    label: np.ndarray,
    spectra: np.ndarray | None,
    image: SpectrumImage,
    truth: SyntheticTruth,
    seconds: float,
) -> Score:
    """Compare labels (n_pixels,) and end-members (n, n_channels) with the truth."""
    label, true = label.ravel(), truth.label.ravel()
    n_true, n_found = len(truth.phase_names), int(label.max()) + 1
    both = np.zeros((n_true, n_found))
    np.add.at(both, (true[label >= 0], label[label >= 0]), 1)
    area, size = np.bincount(true, minlength=n_true), np.bincount(label[label >= 0], minlength=n_found)
    overlap = both / np.maximum(area[:, None] + size[None, :] - both, 1)
    rows, columns = linear_sum_assignment(-overlap)
    partner = dict(zip(rows.tolist(), columns.tolist(), strict=True))
    main = np.flatnonzero(area >= _LEAST_AREA * true.size)
    missed = [k for k in main if k not in partner or overlap[k, partner[k]] < _LEAST_OVERLAP]
    precision = recall = 0.0
    if truth.trace in partner:
        hit = both[truth.trace, partner[truth.trace]]
        precision = hit / max(size[partner[truth.trace]], 1)
        recall = hit / max(area[truth.trace], 1)
    return Score(
        method,
        adjusted_rand_score(true, label),
        int((size > 0).sum()),
        len(main) - len(missed),
        len(main),
        tuple(truth.phase_names[k] for k in missed),
        precision,
        recall,
        2 * precision * recall / max(precision + recall, 1e-9),
        np.nan if spectra is None else mean_cosine(truth.spectra, spectra, image),
        seconds,
    )


def mean_cosine(true: np.ndarray, found: np.ndarray, image: SpectrumImage) -> float:
    """Mean cosine of true spectra with their partners, above the zero peak; 0 for one without a partner."""
    above = image.energy.energy_kev >= 0.1
    true = true[:, above] / np.linalg.norm(true[:, above], axis=1, keepdims=True)
    found = found[:, above] / np.maximum(np.linalg.norm(found[:, above], axis=1, keepdims=True), 1e-12)
    cosine = true @ found.T
    rows, columns = linear_sum_assignment(-cosine)
    return float(cosine[rows, columns].sum() / len(true))


def oracle(image: SpectrumImage, truth: SyntheticTruth) -> Score:
    """Per-pixel maximum likelihood of a single true spectrum."""
    started = time.perf_counter()
    logarithm = np.log(np.maximum(truth.spectra, 1e-12)).T
    label = sparse_counts.project(image.counts, logarithm).argmax(axis=1)
    return score("oracle", label, None, image, truth, time.perf_counter() - started)


def mixed_oracle(image: SpectrumImage, truth: SyntheticTruth) -> Score:
    """The true spectra mixed in every pixel, with smooth neighbours: what perfect spectra would give."""
    started = time.perf_counter()
    bin_of_channel = count_bins.bin_channels(image.sum_spectrum(), image.energy, 0.1)
    binned = count_bins.bin_counts(image.counts, image.shape, bin_of_channel)
    kept = bin_of_channel >= 0
    spectra = np.array(
        [np.bincount(bin_of_channel[kept], one[kept], binned.n_bins) + 1e-9 for one in truth.spectra]
    )
    spectra /= spectra.sum(axis=1, keepdims=True)
    share = poisson_unmixing.start_shares(binned, spectra)
    share = poisson_unmixing.shares(binned, spectra, share, passes=25)
    return score("oracle, mixed", share.argmax(axis=1), None, image, truth, time.perf_counter() - started)


def refined(image: SpectrumImage, truth: SyntheticTruth) -> Score:
    """Lodestone's refinement with nothing set."""
    started = time.perf_counter()
    for report in refinement.refine(image, RefinementChoices()):
        answer = report.refinement
    seconds = time.perf_counter() - started
    return score("refinement", answer.phases().label, answer.endmembers, image, truth, seconds)


def k_means(image: SpectrumImage, truth: SyntheticTruth) -> Score:
    """k-means of z-scored net line maps, told the true number of phases."""
    started = time.perf_counter()
    maps = line_maps.line_maps(image, line_maps.default_lines(image)).intensity.reshape(image.n_pixels, -1)
    features = (maps - maps.mean(axis=0)) / np.maximum(maps.std(axis=0), 1e-9)
    n_phases = len(truth.phase_names)
    label = KMeans(n_phases, n_init=4, random_state=4).fit_predict(features)
    spectra = image.sum_by_label(label, n_phases)
    return score("k-means", label, spectra, image, truth, time.perf_counter() - started)


def published(image: SpectrumImage, truth: SyntheticTruth) -> Score:
    """The published pipeline: line maps, autoencoder, Gaussian mixture, NMF."""
    started = time.perf_counter()
    for report in phases.run(image, preset("published")):
        answer = report.partial
    seconds = time.perf_counter() - started
    above = answer.prepared.energy.offset_kev - image.energy.offset_kev
    first = round(above / image.energy.scale_kev)
    endmembers = np.zeros((len(answer.unmixing.endmembers), image.energy.n_channels))
    endmembers[:, first : first + answer.unmixing.endmembers.shape[1]] = answer.unmixing.endmembers
    return score("published", answer.phases.label, endmembers, image, truth, seconds)


METHODS = (oracle, mixed_oracle, refined, k_means)


def evaluate(
    names: list[str], seeds: list[int], doses: list[float], methods: tuple[Method, ...]
) -> Iterator[tuple[str, int, float, Score]]:
    """All scores, map by map."""
    for name in names:
        for seed in seeds:
            for dose in doses:
                image, truth = SCENES[name](seed, counts_per_pixel=dose)
                for method in methods:
                    yield name, seed, dose, method(image, truth)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one seed, the two small scenes")
    parser.add_argument("--published", action="store_true", help="the published pipeline too")
    parser.add_argument("--scenes", nargs="+", choices=SCENES, default=None)
    parser.add_argument("--seeds", nargs="+", type=int, default=None)
    parser.add_argument("--doses", nargs="+", type=float, default=list(DOSES))
    chosen = parser.parse_args()
    names = chosen.scenes or (["rock_section", "particulate"] if chosen.quick else list(SCENES))
    seeds = chosen.seeds or list(SEEDS[:1] if chosen.quick else SEEDS)
    print(
        f"{'scene':13}{'seed':>5}{'dose':>6}  {'method':15}{'ari':>7}{'/oracle':>9}{'phases':>8}{'found':>8}"
        f"{'trace F1':>10}{'(prec, rec)':>14}{'cosine':>8}{'s':>7}  missed"
    )
    methods = (*METHODS, published) if chosen.published else METHODS
    reference = 1.0
    for name, seed, dose, one in evaluate(names, seeds, chosen.doses, methods):
        if one.method == "oracle":
            reference = one.ari
        print(
            f"{name:13}{seed:5d}{dose:6.0f}  {one.method:15}{one.ari:7.3f}{one.ari / reference:9.3f}"
            f"{one.n_phases:8d}{one.found:5d}/{one.n_main:<2d}{one.trace_f1:10.2f}"
            f"{f'({one.trace_precision:.2f}, {one.trace_recall:.2f})':>14}{one.cosine:8.3f}{one.seconds:7.1f}"
            f"  {', '.join(one.missed)}",
            flush=True,
        )


if __name__ == "__main__":
    main()
