"""How a selection was made, in the names that a person gave."""

from __future__ import annotations

from collections.abc import Callable

from dashboard.named_selections import Kept
from dashboard.origins import Combined, Origin, PhaseMembers


def described(origin: Origin, name_of: Callable[[int], str], kept: Kept = ()) -> str:
    """What a selection is, with the names of phases and of kept selections.

    Parameters
    ----------
    origin : how it was made
    name_of : phase -> its name
    kept : selections whose names stand for what they are
    """
    named = next((one.name for one in kept if one.origin == origin), None)
    if named is not None:
        return named
    if isinstance(origin, PhaseMembers):
        above = f" above {origin.threshold:.0%}" if origin.threshold > 0 else ""
        return f"{name_of(origin.phase)}{above}"
    if not isinstance(origin, Combined):
        return origin.text
    parts = [_in_brackets(part, name_of, kept) for part in origin.parts]
    if origin.operation == "not":
        return f"not {parts[0]}"
    return f" {origin.operation.replace('_', ' ')} ".join(parts)


def _in_brackets(part: Origin, name_of: Callable[[int], str], kept: Kept) -> str:
    text = described(part, name_of, kept)
    whole = isinstance(part, Combined) and part.operation != "not" and all(one.name != text for one in kept)
    return f"({text})" if whole else text
