"""TrainedAutoencoder: a trained network as plain arrays, and the place of every pixel in its latent space."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from data import block_cluster
from data.block_work import in_order
from models.autoencoder import Autoencoder, without_weights
from models.latent_space import LatentSpace
from models.recipe import AutoencoderChoices

Device = Literal["auto", "cpu", "cuda"]

_SENT_TOGETHER = 2**18  # pixels that a worker of a cluster gets
BLOCK = 8192  # pixels at once: 16 MB in the widest layer of the published network


@dataclass(frozen=True)
class EpochReport:
    """One epoch of training, or a part of a long one.

    Attributes
    ----------
    epoch : number of the epoch, from 0
    n_epochs : number of epochs that are planned; falls when the validation loss has stopped falling
    train_loss : mean squared error over the batches of the epoch, in squared units of the input
    validation_loss : the same over pixels that are never trained on, after the last complete epoch; NaN
        before the first
    learning_rate : of the last step
    share : of the epoch that is done; 1 where it is complete
    """

    epoch: int
    n_epochs: int
    train_loss: float
    validation_loss: float
    learning_rate: float
    share: float = 1.0

    @property
    def fraction(self) -> float:
        """Of the whole training, 0 to 1."""
        return min(1.0, (self.epoch + self.share) / self.n_epochs)


@dataclass(frozen=True, eq=False)
class TrainedAutoencoder:
    """A trained network, as plain arrays.

    Attributes
    ----------
    state : name -> weights, float32, of the epoch with the lowest validation loss
    choices : what it was trained with
    n_inputs : number of element maps
    simplex : whether the inputs of every pixel are non-negative and sum to 1
    offset : (n_inputs,) float32, subtracted from the input and added to the output
    scale : the input is divided by it, the output multiplied
    reports : every complete epoch
    kl_weight : of a variational autoencoder; None for a plain one
    """

    state: dict[str, np.ndarray]
    choices: AutoencoderChoices
    n_inputs: int
    simplex: bool
    offset: np.ndarray
    scale: float
    reports: tuple[EpochReport, ...]
    kl_weight: float | None = None

    @property
    def best(self) -> EpochReport:
        """The epoch whose weights were kept."""
        return min(self.reports, key=lambda report: report.validation_loss)

    def network(self, device: Device | torch.device = "cpu") -> Autoencoder:
        """The network with its weights, for inputs that are centred and scaled."""
        network = without_weights(self.n_inputs, self.choices, self.simplex, self.kl_weight)
        network.load_state_dict({name: torch.from_numpy(values) for name, values in self.state.items()})
        return network.to(device_of(device)).eval()


def encode(
    trained: TrainedAutoencoder,
    values: np.ndarray,
    map_shape: tuple[int, int],
    valid: np.ndarray | None = None,
    *,
    device: Device = "auto",
) -> LatentSpace:
    """Latent coordinates of all pixels of a map; see :func:`encode_blocks`."""
    blocks = encode_blocks(trained, values, map_shape, valid, device=device)
    while True:
        try:
            next(blocks)
        except StopIteration as end:
            return end.value


def encode_blocks(
    trained: TrainedAutoencoder,
    values: np.ndarray,
    map_shape: tuple[int, int],
    valid: np.ndarray | None = None,
    *,
    device: Device = "auto",
) -> Generator[float, None, LatentSpace]:
    """Latent coordinates and reconstruction errors of all pixels of a map, block by block.

    Parameters
    ----------
    trained : the network
    values : (n_pixels, n_inputs) array, normalised as those that it was trained on
    map_shape : (n_y, n_x)
    valid : (n_pixels,) bool, or None; the others get NaN

    Yields
    ------
    float
        Share of the pixels that is done.

    Returns
    -------
    LatentSpace

    Raises
    ------
    ValueError
        The number of element maps is not that of the training.
    """
    if values.shape[1] != trained.n_inputs:
        raise ValueError(
            f"The network was trained on {trained.n_inputs} element maps; there are {values.shape[1]}. "
            "Train it again on these maps."
        )
    used = np.arange(len(values)) if valid is None else np.flatnonzero(valid)
    coordinates = np.full((len(values), trained.choices.n_latent), np.nan, np.float32)
    error = np.full(len(values), np.nan, np.float32)
    if used.size > _SENT_TOGETHER and block_cluster.client() is not None:
        starts = range(0, used.size, _SENT_TOGETHER)
        calls = ((trained, values[used[start : start + _SENT_TOGETHER]]) for start in starts)
        found = in_order(_placed_there, calls, len(starts))
        step = _SENT_TOGETHER
    else:
        network, step = trained.network(device_of(device)), BLOCK
        starts = range(0, used.size, BLOCK)
        found = (_placed(network, trained, values, used[start : start + BLOCK]) for start in starts)
    for start, (latent, squared) in zip(starts, found, strict=True):
        pixel = used[start : start + step]
        coordinates[pixel], error[pixel] = latent, squared
        yield min(1.0, (start + step) / used.size)
    kind = "autoencoder" if trained.kl_weight is None else "variational autoencoder"
    made_by = f"{kind}, seed {trained.choices.seed}"
    return LatentSpace(coordinates, error, map_shape, made_by, valid)


def _placed(
    network: Autoencoder, trained: TrainedAutoencoder, values: np.ndarray, pixel: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates and reconstruction errors of some pixels."""
    limit_threads()
    place = next(network.parameters()).device
    block = on_device(values, pixel, trained.offset, trained.scale, place)
    with torch.inference_mode():
        latent = network.encode(block)
        squared = (network.decode(latent) - block).square().mean(dim=1) * trained.scale**2
    return latent.cpu().numpy(), squared.cpu().numpy()


def _placed_there(trained: TrainedAutoencoder, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`_placed` for all pixels given; runs on a worker of a cluster."""
    network, pixels = trained.network(), np.arange(len(values))
    found = [
        _placed(network, trained, values, pixels[at : at + BLOCK]) for at in range(0, len(values), BLOCK)
    ]
    latent, squared = zip(*found, strict=True)
    return np.concatenate(latent), np.concatenate(squared)


def on_device(
    values: np.ndarray, pixel: np.ndarray, offset: np.ndarray, scale: float, place: torch.device
) -> torch.Tensor:
    chosen = values if pixel.size == len(values) else values[pixel]
    return torch.from_numpy((np.asarray(chosen, np.float32) - offset) / np.float32(scale)).to(place)


def device_of(device: Device | torch.device) -> torch.device:
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(device)


def limit_threads() -> None:
    """Let PyTorch use all cores but one, at most four, in this thread.

    One core is left to those who watch; two threads that wait for each other on busy cores are slower than
    one, by far. It has to be said again after other parallel code ran in the same thread: numba's threads
    and PyTorch's are both OpenMP's, and each sets the number for the other.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    torch.set_num_threads(max(1, min(4, cores - 1)))
