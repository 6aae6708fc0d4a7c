"""The autoencoder of Tung et al. 2023 (doi 10.1029/2022GC010530): element maps to two numbers and back."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import nn

from models.recipe import AutoencoderChoices

_LEAK = 0.02
_LEAST_ERROR = 1e-12  # inputs that are reconstructed exactly have a logarithm too


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

    def loss(self, values: torch.Tensor, random: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """What training makes small, and the mean squared error of the reconstruction: here the same."""
        error = nn.functional.mse_loss(self(values), values)
        return error, error


class VariationalAutoencoder(Autoencoder):
    """An autoencoder whose latent points are drawn from Gaussians (Kingma & Welling 2014, arXiv 1312.6114).

    The encoder gives the mean of every Gaussian, which is the place of the pixel, and a further layer its
    variance. The noise of the decoder is the error that it has, so that reconstruction and divergence are
    in proportion whatever the units of the maps (Rybkin et al. 2021, arXiv 2006.13202).

    Parameters
    ----------
    kl_weight : of the divergence from a standard normal distribution; 1 is the variational bound
    """

    def __init__(self, n_inputs: int, choices: AutoencoderChoices, simplex: bool, kl_weight: float) -> None:
        super().__init__(n_inputs, choices, simplex)
        self.kl_weight = kl_weight
        self.log_variance = nn.Linear((n_inputs, *choices.hidden)[-1], choices.n_latent)

    def loss(self, values: torch.Tensor, random: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """The negative variational bound of a pixel in nats, and the mean squared error."""
        hidden = self.encoder[:-1](values)
        mean, log_variance = self.encoder[-1](hidden), self.log_variance(hidden)
        noise = torch.randn(mean.shape, generator=random).to(mean.device)
        latent = mean + torch.exp(0.5 * log_variance) * noise
        error = nn.functional.mse_loss(self.decode(latent), values)
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1).mean()
        fit = 0.5 * self.n_inputs * torch.log(error + _LEAST_ERROR)
        return fit + self.kl_weight * divergence, error


def initialised(
    n_inputs: int, choices: AutoencoderChoices, simplex: bool, kl_weight: float | None = None
) -> Autoencoder:
    """A network with random weights of PyTorch's usual distribution, from the seed of the choices alone.

    PyTorch's own initialisation draws from its global generator, which other work shares. With a
    ``kl_weight`` the network is a variational one.
    """
    network = without_weights(n_inputs, choices, simplex, kl_weight)
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


def without_weights(
    n_inputs: int, choices: AutoencoderChoices, simplex: bool, kl_weight: float | None = None
) -> Autoencoder:
    """A network whose weights are yet to be filled; a variational one with a ``kl_weight``."""
    with torch.device("meta"):
        if kl_weight is None:
            network = Autoencoder(n_inputs, choices, simplex)
        else:
            network = VariationalAutoencoder(n_inputs, choices, simplex, kl_weight)
    return network.to_empty(device="cpu")


def _layers(widths: Sequence[int]) -> list[nn.Module]:
    """Linear layers from width to width; all but the last are normalised and activated."""
    layers: list[nn.Module] = []
    for n_in, n_out in itertools.pairwise(widths[:-1]):
        layers += [nn.Linear(n_in, n_out), nn.LayerNorm(n_out), nn.LeakyReLU(_LEAK)]
    return [*layers, nn.Linear(widths[-2], widths[-1])]
