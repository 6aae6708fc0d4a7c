"""What a change of the line maps leaves as it was: the maps, the pixels, or nothing."""

from __future__ import annotations

from dataclasses import replace

from models.recipe import LineMapChoices


def of_another_sample(choices: LineMapChoices) -> LineMapChoices:
    """The choices that are a matter of taste; lines, crop and energies belong to one file."""
    return replace(choices, lines=(), crop=(), energy_offset_kev=None, energy_scale_kev=None)


def same_maps(one: LineMapChoices, other: LineMapChoices) -> bool:
    """Do two choices make the same line maps? The normalisation comes after them."""
    return replace(one, normalisation=()) == replace(other, normalisation=())


def same_pixels(one: LineMapChoices, other: LineMapChoices) -> bool:
    """Are the pixels of one those of the other?"""
    return (one.crop, one.rebin) == (other.crop, other.rebin)
