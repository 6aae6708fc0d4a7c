"""Claim: training is at least 20 times faster per epoch than the published loop, with no worse a final loss.

The peer is the loop of the published code (emsigma): a Dataset that makes one tensor per pixel, a DataLoader
that stacks 64 of them, Adam at 1e-4, every pixel in every epoch. Network, loss and pixels are the same, the
map has the size of the tutorial's. An epoch of ours is 100 batches of 64, whatever the size of the map; the
same number of batches per epoch is timed too, and the time until our loss on all pixels is that of the peer.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from data.line_maps import default_lines, line_maps  # noqa: E402
from data.synthetic import demo  # noqa: E402
from models.autoencoder import Autoencoder, initialised  # noqa: E402
from models.normalisation import normalise  # noqa: E402
from models.recipe import AutoencoderChoices  # noqa: E402
from models.trained_autoencoder import limit_threads  # noqa: E402
from models.training import train  # noqa: E402

BATCH_SIZE = 64


class Pixels(Dataset):
    """One pixel at a time, as the published code has it."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values.astype(np.float64)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> torch.Tensor:
        return torch.Tensor(self.values[index])


def published_epochs(values: np.ndarray, n_epochs: int) -> tuple[float, float]:
    """Seconds per epoch of the published loop, and its loss on all pixels at the end."""
    network = initialised(values.shape[1], AutoencoderChoices(), simplex=True)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-4)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimiser, factor=0.5, patience=5, threshold=1e-2, min_lr=1e-7
    )
    loader = DataLoader(Pixels(values), batch_size=BATCH_SIZE, shuffle=True)
    start = time.perf_counter()
    for _ in range(n_epochs):
        losses = []
        for batch in loader:
            optimiser.zero_grad()
            loss = torch.nn.functional.mse_loss(network(batch), batch)
            loss.backward()
            optimiser.step()
            losses.append(loss.detach().item())
        schedule.step(sum(losses) / len(losses))
    return (time.perf_counter() - start) / n_epochs, loss_of(network, values)


def loss_of(network: Autoencoder, values: np.ndarray) -> float:
    """Mean squared error over all pixels."""
    with torch.inference_mode():
        blocks = torch.from_numpy(values).split(8192)
        return sum(float((network(block) - block).square().sum()) for block in blocks) / values.size


def our_epochs(values: np.ndarray, choices: AutoencoderChoices) -> tuple[list[float], Autoencoder]:
    """Seconds of every epoch, validation included, and the trained network."""
    epochs, seconds = train(values, choices, simplex=True), []
    while True:
        start = time.perf_counter()
        try:
            while next(epochs).share < 1:
                pass
        except StopIteration as end:
            return seconds, end.value.network()
        seconds.append(time.perf_counter() - start)


def verdict(what: str, wanted: str, measured: str, met: bool) -> bool:
    """Print one line per claim."""
    print(f"{'ok ' if met else 'NOT'} {what}: wanted {wanted}, measured {measured}", flush=True)
    return met


def main() -> int:
    """Measure and print; 1 where a claim does not hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", type=int, nargs=2, default=[279, 514], help="pixels of the map, y and x")
    parser.add_argument("--epochs", type=int, default=6, help="epochs of the peer")
    options = parser.parse_args()
    image, _ = demo(n_y=options.shape[0], n_x=options.shape[1])
    maps = line_maps(image, default_lines(image))
    values = normalise(maps.intensity, ("neighbour_mean", "zscore", "softmax")).reshape(image.n_pixels, -1)
    del image
    limit_threads()
    n_batches = -(-len(values) // BATCH_SIZE)
    print(f"{len(values)} pixels, {values.shape[1]} lines, {torch.get_num_threads()} threads", flush=True)

    published, published_loss = published_epochs(values, options.epochs)
    print(f"published loop: {published:.2f} s per epoch of {n_batches} batches of {BATCH_SIZE}", flush=True)
    choices = AutoencoderChoices(batch_size=BATCH_SIZE)
    same, _ = our_epochs(values, replace(choices, steps_per_epoch=n_batches, max_epochs=1))
    seconds, network = our_epochs(values, choices)
    loss = loss_of(network, values)
    met = verdict(
        f"an epoch by default, {choices.steps_per_epoch} batches of {BATCH_SIZE}",
        "at least 20 times faster than the published epoch",
        f"{published / np.median(seconds):.1f} times ({np.median(seconds):.2f} s)",
        published >= 20 * np.median(seconds),
    )
    met &= verdict(
        f"an epoch of the same {n_batches} batches of {BATCH_SIZE}",
        "at least 20 times faster than the published epoch",
        f"{published / same[0]:.1f} times ({same[0]:.2f} s)",
        published >= 20 * same[0],
    )
    met &= verdict(
        f"loss of all pixels after {len(seconds)} epochs by default",
        f"no worse than {published_loss:.3e} after {options.epochs} published epochs",
        f"{loss:.3e}",
        loss <= published_loss,
    )
    total, of_published = sum(seconds), options.epochs * published
    print(f"    all of it: {total:.0f} s by default, {of_published:.0f} s for the published loop")
    for share in (0.1, 0.2, 0.4):
        shorter = replace(choices, max_epochs=max(2, int(share * choices.max_epochs)))
        seconds, network = our_epochs(values, shorter)
        if loss_of(network, values) <= published_loss:
            break
    met &= verdict(
        "time to the loss of the published loop",
        "at least 20 times less",
        f"{of_published / sum(seconds):.1f} times less ({sum(seconds):.1f} s, {len(seconds)} epochs)",
        loss_of(network, values) <= published_loss and of_published >= 20 * sum(seconds),
    )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
