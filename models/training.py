"""Training of the autoencoder, as a generator of reports.

An epoch is a fixed number of small batches, not one pass over the map: a map of a million pixels repeats
itself, and the same number of steps on small batches reaches the same loss in a fraction of the time.
Batches are consecutive pieces of one random order of all pixels, so no pixel comes twice before every pixel
came once. The learning rate warms up, stays, and falls linearly to zero at the end (Haegele et al. 2024,
arXiv 2405.18392); when the validation loss stops falling, that end begins at once.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator

import numpy as np
import torch

from models.autoencoder import Autoencoder, initialised
from models.recipe import AutoencoderChoices
from models.trained_autoencoder import (
    BLOCK,
    Device,
    EpochReport,
    TrainedAutoencoder,
    device_of,
    limit_threads,
    on_device,
)

_WARM_UP_STEPS = 100
_FINAL_SHARE = 0.3  # of max_epochs: the end in which the learning rate falls to zero
_MOST_VALIDATION_PIXELS = 2048  # more would take as long as the training itself
_MOST_AT_ONCE = 1 << 22  # pixels
_NOTABLE = 0.01  # a loss falls if it falls by this share
_SECONDS_WITHOUT_REPORT = 1.0


def train(
    values: np.ndarray,
    choices: AutoencoderChoices,
    *,
    simplex: bool,
    valid: np.ndarray | None = None,
    kl_weight: float | None = None,
    device: Device = "auto",
) -> Generator[EpochReport, None, TrainedAutoencoder]:
    """Train the autoencoder on the pixels of a map.

    Parameters
    ----------
    values : (n_pixels, n_inputs) array, normalised element maps
    choices : network, optimiser, seed; the result depends on these and the values alone
    simplex : whether the inputs of every pixel are non-negative and sum to 1
    valid : (n_pixels,) bool, or None where every pixel counts
    kl_weight : makes it a variational autoencoder, see there; its losses too are mean squared errors
    device : auto takes CUDA where there is one

    Yields
    ------
    EpochReport
        One per epoch, and about one per second within longer ones; closing the generator between two
        ends the training.

    Returns
    -------
    TrainedAutoencoder
        The value of the generator (of ``yield from``, or of the ``StopIteration``).

    Raises
    ------
    ValueError
        Fewer than two pixels are valid, or the loss is no finite number.
    """
    used = _used_pixels(values, valid)
    offset, scale = _centring(values, used, simplex)
    place = device_of(device)
    data = _Inputs(values, used, offset, scale, place)
    generator = torch.Generator().manual_seed(choices.seed)
    order = torch.randperm(len(data), generator=generator)
    n_validation = min(int(choices.validation_fraction * len(data)), _MOST_VALIDATION_PIXELS)
    # a map too small to spare pixels is validated on what it is trained on
    validation = data.of(order[: n_validation or _MOST_VALIDATION_PIXELS])
    batches = _batches(data, order[n_validation:], choices.batch_size, generator)

    network = initialised(values.shape[1], choices, simplex, kl_weight).to(place)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=choices.learning_rate, weight_decay=choices.weight_decay, fused=True
    )
    schedule = _Schedule(choices)
    reports: list[EpochReport] = []
    validation_loss, best_loss, best_state = np.nan, np.inf, {}
    while len(reports) < schedule.n_epochs:
        epoch, n_steps = len(reports), choices.steps_per_epoch
        limit_threads()
        network.train()
        total, reported = torch.zeros((), device=place), time.monotonic()
        for step in range(n_steps):
            rate = schedule.rate(epoch, step)
            for group in optimiser.param_groups:
                group["lr"] = rate
            batch = next(batches)
            loss, error = network.loss(batch, generator)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += error.detach()
            if time.monotonic() - reported > _SECONDS_WITHOUT_REPORT and step + 1 < n_steps:
                running = float(total) / (step + 1) * scale**2
                yield EpochReport(
                    epoch, schedule.n_epochs, running, validation_loss, rate, (step + 1) / n_steps
                )
                limit_threads()
                reported = time.monotonic()
        train_loss = float(total) / n_steps * scale**2
        validation_loss = _loss(network, validation) * scale**2
        if not np.isfinite(train_loss + validation_loss):
            raise ValueError(
                f"The training did not settle: the loss of epoch {epoch + 1} is no finite number. Lower the "
                f"learning rate ({choices.learning_rate:g}) or normalise the element maps."
            )
        if validation_loss < best_loss:
            best_loss = validation_loss
            best_state = {name: weight.cpu().numpy().copy() for name, weight in network.state_dict().items()}
        schedule.look_at(epoch, validation_loss)
        reports.append(EpochReport(epoch, schedule.n_epochs, train_loss, validation_loss, rate))
        yield reports[-1]
    return TrainedAutoencoder(
        best_state, choices, values.shape[1], simplex, offset, scale, tuple(reports), kl_weight
    )


class _Schedule:
    """The learning rate of every step, and when to end: warm up, stay, fall to zero."""

    def __init__(self, choices: AutoencoderChoices) -> None:
        self._choices = choices
        self._n_final = int(np.ceil(_FINAL_SHARE * choices.max_epochs))
        self.n_epochs = choices.max_epochs
        self._notable_loss, self._notable_epoch = np.inf, 0

    def rate(self, epoch: int, step: int) -> float:
        done = epoch * self._choices.steps_per_epoch + step + 1
        left = (self.n_epochs - epoch - step / self._choices.steps_per_epoch) / self._n_final
        return self._choices.learning_rate * min(1.0, done / _WARM_UP_STEPS, left)

    def look_at(self, epoch: int, validation_loss: float) -> None:
        """Begin the end where the loss has not fallen notably for as long as patience lasts."""
        if validation_loss < (1 - _NOTABLE) * self._notable_loss:
            self._notable_loss, self._notable_epoch = validation_loss, epoch
        elif epoch - self._notable_epoch >= self._choices.patience:
            self.n_epochs = min(self.n_epochs, epoch + 1 + self._n_final)


class _Inputs:
    """The inputs of the pixels that are trained on, centred and scaled.

    A graphics card holds them all. In main memory they are there already: a batch is made when it is needed,
    for a second copy of the maps of a large image would be gigabytes.
    """

    def __init__(
        self, values: np.ndarray, used: np.ndarray, offset: np.ndarray, scale: float, place: torch.device
    ) -> None:
        self._values, self._used, self._offset, self._scale, self._place = values, used, offset, scale, place
        self._held = None if place.type == "cpu" else on_device(values, used, offset, scale, place)

    def __len__(self) -> int:
        return self._used.size

    def of(self, number: torch.Tensor) -> torch.Tensor:
        """(n, n_inputs) of some of them, by their numbers."""
        if self._held is not None:
            return self._held[number.to(self._place)]
        chosen = np.asarray(self._values[self._used[number.numpy()]], np.float32)
        return torch.from_numpy((chosen - self._offset) / np.float32(self._scale))


def _used_pixels(values: np.ndarray, valid: np.ndarray | None) -> np.ndarray:
    used = np.arange(len(values)) if valid is None else np.flatnonzero(valid)
    if used.size < 2:
        raise ValueError(
            f"An autoencoder needs at least 2 valid pixels to learn from; this map has {used.size}."
        )
    return used


def _centring(values: np.ndarray, used: np.ndarray, simplex: bool) -> tuple[np.ndarray, float]:
    """Offset per input and one scale, so that a linear output starts near the data, whatever its units."""
    if simplex:
        return np.zeros(values.shape[1], np.float32), 1.0
    if used.size <= _MOST_AT_ONCE:
        inputs = values[used]
        offset, variance = inputs.mean(axis=0, dtype=np.float64), inputs.var(axis=0, dtype=np.float64)
    else:
        # one input after the other: all of them in double precision would be the largest array of the run
        columns = (values[used, number].astype(np.float64) for number in range(values.shape[1]))
        offset, variance = np.array([(column.mean(), column.var()) for column in columns]).T
    scale = float(np.sqrt(np.mean(variance)))
    return offset.astype(np.float32), scale or 1.0


def _batches(
    data: _Inputs, pixel: torch.Tensor, batch_size: int, generator: torch.Generator
) -> Iterator[torch.Tensor]:
    """Endless batches; every pixel comes once before any comes again."""
    batch_size = min(batch_size, len(pixel))
    while True:
        shuffled = pixel[torch.randperm(len(pixel), generator=generator)]
        for start in range(0, len(pixel) - batch_size + 1, batch_size):
            yield data.of(shuffled[start : start + batch_size])


def _loss(network: Autoencoder, data: torch.Tensor) -> float:
    network.eval()
    with torch.inference_mode():
        squared = sum(
            (network(block) - block).square().sum(dtype=torch.float64) for block in data.split(BLOCK)
        )
    return float(squared) / data.numel()
