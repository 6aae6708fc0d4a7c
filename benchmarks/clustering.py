"""Claim: the BIC of 1 to 20 phases on a 1024 x 1024 map takes at most 10 s, and every way of clustering it is
as good as its peer on all pixels at a small part of the time.

The peers are scikit-learn's: GaussianMixture (at one number of phases) and KMeans on all pixels, HDBSCAN on a
sample that it can hold. Wanted: the curve in 10 s; a variance within the clusters of k-means no more than 1 %
above its peer's; the clusters of HDBSCAN those of its peer (adjusted Rand index above 0.9, noise apart);
another setting of every method in at most 1 s.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from number_of_phases import latent_map, verdict  # noqa: E402

from models import clustering, hdbscan, k_means, number_curve  # noqa: E402
from models.latent_grid import LatentGrid  # noqa: E402
from models.recipe import MixtureChoices  # noqa: E402

_SAMPLE = 20_000


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What some work gives, and the seconds that it takes."""
    start = time.perf_counter()
    answer = work()
    return answer, time.perf_counter() - start


def inertia(points: np.ndarray, label: np.ndarray) -> float:
    """Mean squared distance of all pixels from the mean of their cluster."""
    total = 0.0
    for k in range(int(label.max()) + 1):
        own = points[label == k]
        total += np.square(own - own.mean(axis=0)).sum() if len(own) else 0.0
    return total / len(points)


def main() -> int:
    """Measure and print; 1 where a claim does not hold."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--side", type=int, default=1024, help="pixels on a side")
    options = parser.parse_args()
    (latent, counts), seconds = timed(lambda: latent_map(options.side))
    points = latent.coordinates.astype(np.float64)
    print(f"map of {options.side} x {options.side}: {seconds:.0f} s")
    grid = LatentGrid.build(latent, counts)
    met = True

    list(number_curve.sweep(grid, MixtureChoices(seed=99), most=2))
    curve, seconds = timed(lambda: list(number_curve.sweep(grid, MixtureChoices()))[-1])
    peers = [timed(lambda seed=seed: GaussianMixture(8, random_state=seed).fit(points)) for seed in range(3)]
    of_peer = float(np.median([spent for _, spent in peers]))
    met &= verdict(
        "BIC of 1 to 20 phases",
        "at most 10 s",
        f"{seconds:.1f} s (scikit-learn on all pixels: {of_peer:.1f} s for 8 phases alone)",
        seconds <= 10,
    )
    # every start ends in another optimum: the peer's usual one is what counts
    scores = [peer.bic(points) for peer, _ in peers]
    worse = (curve.bic[7] - np.median(scores)) / abs(np.median(scores))
    spread = (max(scores) - min(scores)) / abs(np.median(scores))
    met &= verdict(
        "BIC of 8 phases",
        "no more than 1 % above the median of three starts of the peer",
        f"{100 * worse:+.2f} % (its starts differ by {100 * spread:.1f} %)",
        worse <= 0.01,
    )

    found, ours = timed(lambda: k_means.fit(grid, 8, 4))
    peer, of_peer = timed(lambda: KMeans(8, n_init=1, random_state=0).fit(points))
    worse = inertia(points, found.labels(grid).ravel()) / inertia(points, peer.labels_) - 1
    met &= verdict(
        "k-means with 8 clusters",
        "variance no more than 1 % above the peer's",
        f"{100 * worse:+.2f} %, {of_peer / ours:.1f} times faster ({1000 * ours:.0f} ms)",
        worse <= 0.01,
    )

    chosen = np.random.default_rng(0).choice(len(points), min(_SAMPLE, len(points)), replace=False)
    hdbscan.fit(grid, 0.02, 0.002)  # compiled
    label = hdbscan.fit(grid, 0.01, 0.001).labels(grid).ravel()[chosen]
    least, core = round(0.01 * len(chosen)), round(0.001 * len(chosen))
    peer, of_peer = timed(
        lambda: HDBSCAN(min_cluster_size=least, min_samples=core, copy=True).fit(points[chosen])
    )
    both = (label >= 0) & (peer.labels_ >= 0)
    index = adjusted_rand_score(peer.labels_[both], label[both])
    met &= verdict(
        f"HDBSCAN against the peer on {len(chosen):,} pixels ({of_peer:.1f} s)",
        "adjusted Rand index above 0.9",
        f"{index:.3f}; {label.max() + 1} clusters against {peer.labels_.max() + 1}",
        index > 0.9,
    )

    for method, name in clustering.METHODS.items():
        setting = "least_share" if method == "hdbscan" else "n_phases"
        values = (0.02, 0.03, 0.005, 0.015) if method == "hdbscan" else (6, 9, 12, 15)
        spent = [
            timed(lambda v=v: clustering.cluster(grid, MixtureChoices(method=method, **{setting: v})))[1]  # noqa: B023
            for v in values
        ]
        met &= verdict(
            f"another setting of {name}",
            "at most 1 s",
            f"{1000 * float(np.median(spent[1:])):.0f} ms (the first {1000 * spent[0]:.0f} ms)",
            float(np.median(spent[1:])) <= 1,
        )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
