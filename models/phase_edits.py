"""What a person changes of the phases found, as commands that a recipe can hold and a person can read.

::

    merge 2 5            phase 5 becomes part of phase 2
    split 3 into 2       phase 3 is clustered anew; the largest part keeps the number
    split 3 into 2 as 9  ... and the other part is phase 9
    exclude 7            the pixels of phase 7 belong to no phase and leave all totals
    name 2 Olivine       a name
    colour 2 #3fa34d     a colour
    lock 3 with {refinement.n_phases: 6}    phase 3 has the pixels that it has among 6 phases, whatever the
                                            recipe asks for

Phases are called by their lasting numbers, counted from one as on the page. Here, ``phase`` is counted from
zero as in ``LivePhases.ids``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import yaml

MOST_PARTS = 12
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_GRAMMAR = (
    "Commands are 'merge 2 5', 'split 3 into 2', 'exclude 7', 'name 2 Olivine', 'colour 2 #3fa34d' and "
    "'lock 3 with {refinement.n_phases: 6}'"
)


@dataclass(frozen=True)
class Merge:
    """The phases become one, which is called as the first of them."""

    phases: tuple[int, ...]

    @property
    def text(self) -> str:
        """As a command."""
        return "merge " + _numbers(self.phases)


@dataclass(frozen=True)
class Split:
    """The pixels of one phase are clustered anew into parts; ``new`` are the numbers of the smaller parts."""

    phase: int
    parts: int
    new: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """As a command."""
        named = f" as {_numbers(self.new)}" if self.new else ""
        return f"split {self.phase + 1} into {self.parts}{named}"


@dataclass(frozen=True)
class Exclude:
    """The pixels of the phase belong to no phase and leave the totals."""

    phase: int

    @property
    def text(self) -> str:
        """As a command."""
        return f"exclude {self.phase + 1}"


@dataclass(frozen=True)
class Lock:
    """The phase keeps the pixels that it has in the map of other choices.

    ``choices`` are those choices: dotted name of the recipe and YAML text of the value. They may hold the
    edits that made the phase.
    """

    phase: int
    choices: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """As a command."""
        plain = {name: yaml.safe_load(value) for name, value in self.choices}
        return f"lock {self.phase + 1} with {yaml_text(plain)}"


@dataclass(frozen=True)
class Name:
    """A name; an empty one takes the name away."""

    phase: int
    name: str

    @property
    def text(self) -> str:
        """As a command."""
        return f"name {self.phase + 1} {self.name}".rstrip()


@dataclass(frozen=True)
class Colour:
    """A colour, #rrggbb."""

    phase: int
    colour: str

    @property
    def text(self) -> str:
        """As a command."""
        return f"colour {self.phase + 1} {self.colour}"


Edit = Merge | Split | Exclude | Lock | Name | Colour


def parse(command: str) -> Edit:
    """The edit that a command says.

    Raises
    ------
    ValueError
        The command is none; the message says what commands there are.
    """
    verb, _, rest = command.strip().partition(" ")
    try:
        if verb == "merge":
            phases = tuple(dict.fromkeys(_phase(word) for word in rest.split()))
            if len(phases) < 2:
                raise ValueError("a merge needs at least two different phases")
            return Merge(phases)
        if verb == "split":
            return _split(rest)
        if verb == "exclude":
            return Exclude(_phase(rest))
        if verb == "lock":
            return _lock(rest)
        number, _, text = rest.strip().partition(" ")
        if verb == "name":
            return Name(_phase(number), " ".join(text.split())[:60])
        if verb == "colour":
            if not _COLOUR.fullmatch(text.strip()):
                raise ValueError(f"a colour is written #rrggbb, not {text.strip()!r}")
            return Colour(_phase(number), text.strip().lower())
    except ValueError as error:
        raise ValueError(f"The edit {command!r} cannot be read: {error}. {_GRAMMAR}.") from error
    raise ValueError(f"There is no edit {command!r}. {_GRAMMAR}.")


def parse_all(commands: Iterable[str]) -> tuple[Edit, ...]:
    """The edits of a recipe."""
    return tuple(parse(command) for command in commands)


def names_of(edits: Iterable[Edit]) -> dict[int, str]:
    """Phase -> the name that a person gave it; of several, the last."""
    names = {edit.phase: edit.name for edit in edits if isinstance(edit, Name)}
    return {phase: name for phase, name in names.items() if name}


def colours_of(edits: Iterable[Edit]) -> dict[int, str]:
    """Phase -> the colour that a person gave it."""
    return {edit.phase: edit.colour for edit in edits if isinstance(edit, Colour)}


def of_the_map(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """The edits that change which pixel belongs to which phase."""
    return tuple(edit for edit in edits if not isinstance(edit, Name | Colour))


def edits_in(lock: Lock) -> tuple[str, ...]:
    """The commands that made a locked phase before it was locked."""
    return tuple(yaml.safe_load(dict(lock.choices).get("edits", "[]")))


def yaml_text(value: object) -> str:
    """Plain values on one line of YAML."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**9)
    return text.removesuffix("\n").removesuffix("\n...")


def _split(rest: str) -> Split:
    found = re.fullmatch(r"\s*(\d+)\s+into\s+(\d+)(?:\s+as((?:\s+\d+)+))?\s*", rest)
    if found is None:
        raise ValueError("a split says which phase and into how many parts")
    phase, parts = _phase(found[1]), int(found[2])
    new = tuple(dict.fromkeys(_phase(word) for word in (found[3] or "").split()))
    if not 2 <= parts <= MOST_PARTS:
        raise ValueError(f"a phase is split into 2 to {MOST_PARTS} parts, not {parts}")
    if new and (len(new) != parts - 1 or phase in new):
        raise ValueError(f"{parts} parts need {parts - 1} other numbers after 'as'")
    return Split(phase, parts, new)


def _lock(rest: str) -> Lock:
    number, with_, text = rest.partition(" with ")
    try:
        choices = yaml.safe_load(text) if with_ else None
    except yaml.YAMLError as error:
        raise ValueError("the choices after 'with' are not valid YAML") from error
    if not isinstance(choices, dict) or not all(isinstance(name, str) for name in choices):
        raise ValueError("a lock says of which choices the map is that holds the phase")
    return Lock(_phase(number), tuple((name, yaml_text(value)) for name, value in choices.items()))


def _phase(word: str) -> int:
    word = word.strip()
    if not word.isascii() or not word.isdecimal() or not 1 <= int(word) <= 9999:
        raise ValueError(f"{word!r} is no number of a phase; phases are numbered from 1")
    return int(word) - 1


def _numbers(phases: Iterable[int]) -> str:
    return " ".join(str(phase + 1) for phase in phases)
