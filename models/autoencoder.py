"""The autoencoder of Tung et al. 2023 (doi 10.1029/2022GC010530): element maps to two numbers and back."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import nn

from models.recipe import AutoencoderChoices

_LEAK = 0.02


class Autoencoder(nn.Module):
    """Encoder n_inputs-512-256-128-2, mirrored decoder; every hidden layer is normalised and leaky.

    Parameters
    ----------
    n_inputs : number of element maps
    choices : hidden layers, number of latent coordinates, kind of output
    simplex : whether the input of every pixel is non-negative and sums to 1; the output then does too,
        unless the choices ask otherwise
    """

    def __init__(self, n_inputs: int, choices: AutoencoderChoices, simplex: bool) -> None:
        super().__init__()
        self.n_inputs = n_inputs
        widths = (n_inputs, *choices.hidden, choices.n_latent)
        self.encoder = nn.Sequential(*_layers(widths))
        self.decoder = nn.Sequential(*_layers(widths[::-1]))
        if choices.output == "softmax" or (choices.output == "auto" and simplex):
            self.decoder.append(nn.Softmax(dim=1))

    def encode(self, values: torch.Tensor) -> torch.Tensor:
        """(n, n_inputs) -> latent coordinates (n, n_latent)."""
        return self.encoder(values)

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        """(n, n_latent) -> reconstruction (n, n_inputs)."""
        return self.decoder(latent)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Reconstruction of the input, (n, n_inputs)."""
        return self.decode(self.encode(values))


def initialised(n_inputs: int, choices: AutoencoderChoices, simplex: bool) -> Autoencoder:
    """A network with random weights of PyTorch's usual distribution, from the seed of the choices alone.

    PyTorch's own initialisation draws from its global generator, which other work shares.
    """
    network = without_weights(n_inputs, choices, simplex)
    generator = torch.Generator().manual_seed(choices.seed)
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.Linear):
                bound = layer.in_features**-0.5
                layer.weight.uniform_(-bound, bound, generator=generator)
                layer.bias.uniform_(-bound, bound, generator=generator)
            elif isinstance(layer, nn.LayerNorm):
                layer.reset_parameters()
    return network


def without_weights(n_inputs: int, choices: AutoencoderChoices, simplex: bool) -> Autoencoder:
    """A network whose weights are yet to be filled."""
    with torch.device("meta"):
        network = Autoencoder(n_inputs, choices, simplex)
    return network.to_empty(device="cpu")


def _layers(widths: Sequence[int]) -> list[nn.Module]:
    """Linear layers from width to width; all but the last are normalised and activated."""
    layers: list[nn.Module] = []
    for n_in, n_out in itertools.pairwise(widths[:-1]):
        layers += [nn.Linear(n_in, n_out), nn.LayerNorm(n_out), nn.LeakyReLU(_LEAK)]
    return [*layers, nn.Linear(widths[-2], widths[-1])]
