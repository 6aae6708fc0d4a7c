"""k-factors of Cliff and Lorimer: mass of an element per count of its line, relative to a reference line.

C_a / C_ref = k_a I_a / I_ref (G. Cliff & G. W. Lorimer, J. Microsc. 103, 203, 1975). The defaults are
computed for the beam energy and the detector; a person's own values, measured on standards, take their place.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from data.chemical_formula import mass_fractions
from data.line_sensitivity import bulk_sensitivity, instrument, thin_sensitivity
from data.silicon_detector import Instrument
from data.xray_lines import line
from models.composition_choices import QuantificationChoices

#: without a beam energy in the file and in the recipe
ASSUMED_BEAM_KEV = 20.0
#: above, samples are foils that let the electrons through
_LEAST_FOIL_KEV = 60.0
_COLUMNS = ("line", "k_factor", "source")


@dataclass(frozen=True, eq=False)
class KFactors:
    """The k-factors of some lines.

    Attributes
    ----------
    lines : names, in the order asked for
    reference : the line whose k-factor is 1
    values : line -> k-factor in use; a line without any is absent
    computed : line -> default for this beam and detector
    given : lines whose value a person gave
    missing : line -> why it has none
    detector : beam and detector of the defaults
    bulk : whether the sample is taken as thick, and matrix effects are estimated
    assumed_beam : whether the beam energy is an assumption
    """

    lines: tuple[str, ...]
    reference: str
    values: Mapping[str, float]
    computed: Mapping[str, float]
    given: frozenset[str]
    missing: Mapping[str, str]
    detector: Instrument = field(repr=False)
    bulk: bool = False
    assumed_beam: bool = False

    @property
    def assumptions(self) -> str:
        """What the defaults assume, in plain words."""
        window = "behind a polymer window" if self.detector.window_polymer_nm else "without a window"
        beam = f"{self.detector.beam_kev:g} kV" + (
            " (assumed: the file does not say)" if self.assumed_beam else ""
        )
        return (
            f"Computed for {beam} and a silicon drift detector {window}: ionisation cross-sections of "
            "Casnati et al. (1982), fluorescence yields and line weights of Elam et al. (2002); expect 10 % "
            "for K lines and 20 % for L and M lines. Values measured on standards of your own are better."
        )

    @property
    def caveat(self) -> str:
        """How far a composition made with them can be trusted, for the kind of sample."""
        if self.bulk:
            return (
                "Taken as a thick, flat, polished sample: stopping, backscattering and absorption are "
                "estimated, secondary fluorescence is not, and no standard was measured. Edges, particles "
                "and rough surfaces are off by more. Results are indicative."
            )
        if self.detector.beam_kev < _LEAST_FOIL_KEV:
            return (
                "Taken as a thin foil, without correction for atomic number, absorption or fluorescence "
                "(ZAF). A bulk sample in an SEM is none: soft lines (O, Na, Mg) come out low. Results are "
                "indicative."
            )
        return "Taken as a thin foil: no absorption and no fluorescence in the sample."


def k_factors(lines: Sequence[str], choices: QuantificationChoices, file_beam_kev: float | None) -> KFactors:
    """The k-factors of lines: a person's own where given, else computed.

    Parameters
    ----------
    lines : names such as "Fe_Ka"
    file_beam_kev : beam energy of the file; ``choices.beam_kev`` goes before it

    Raises
    ------
    ValueError
        A given k-factor is no positive number or stands for no line, or the reference line cannot be used.
    """
    beam_kev = choices.beam_kev or file_beam_kev or ASSUMED_BEAM_KEV
    detector = instrument(beam_kev, choices.window, choices.take_off_deg)
    reference = line(choices.reference).name
    try:
        at_reference = thin_sensitivity(reference, detector)
    except ValueError as error:
        raise ValueError(f"The reference line of the k-factors cannot be used: {error}") from error
    own = parsed(choices.k_factors)
    values: dict[str, float] = {}
    computed: dict[str, float] = {}
    missing: dict[str, str] = {}
    for name in lines:
        try:
            computed[name] = at_reference / thin_sensitivity(name, detector)
        except ValueError as error:
            missing[name] = str(error)
        if name in own:
            values[name] = own[name]
            missing.pop(name, None)
        elif name in computed:
            values[name] = computed[name]
    sample = choices.sample
    return KFactors(
        lines=tuple(lines),
        reference=reference,
        values=values,
        computed=computed,
        given=frozenset(own) & set(lines),
        missing=missing,
        detector=detector,
        bulk=beam_kev < _LEAST_FOIL_KEV if sample == "auto" else sample == "bulk",
        assumed_beam=not (choices.beam_kev or file_beam_kev),
    )


def parsed(texts: Iterable[str]) -> dict[str, float]:
    """k-factors from a recipe, "Fe_Ka=1.2": line -> value.

    Raises
    ------
    ValueError
        A text has another form, names no line, or its value is not above zero; or a line comes twice.
    """
    found: dict[str, float] = {}
    for text in texts:
        name, equals, number = (part.strip() for part in text.partition("="))
        if not equals:
            raise ValueError(
                f"The k-factor {text!r} has no '='; write a line and a number, such as Fe_Ka=1.2."
            )
        name = line(name).name
        if name in found:
            raise ValueError(f"There are two k-factors of {name}; keep one of them.")
        found[name] = checked(name, number)
    return found


def checked(name: str, value: object) -> float:
    """A k-factor as a number above zero; ValueError says what was found and what to do."""
    try:
        number = float(str(value).strip().replace(",", "."))
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        shown = f"{value}".strip() or "empty"
        raise ValueError(
            f"The k-factor of {name} is {shown}; it must be a number above zero. "
            f"Leave the line out, or reset it to the computed value."
        )
    return number


def as_texts(values: Mapping[str, float]) -> tuple[str, ...]:
    """k-factors as they stand in a recipe, by line."""
    return tuple(f"{name}={value:.6g}" for name, value in sorted(values.items()))


def rescaled(values: Mapping[str, float], new_reference: float) -> dict[str, float]:
    """A person's k-factors relative to another line, whose k-factor was ``new_reference``."""
    return {name: value / new_reference for name, value in values.items()}


def from_standard(
    counts: Mapping[str, float], formula: str, factors: KFactors, least_counts: float = 100.0
) -> dict[str, float]:
    """k-factors that make the composition of a phase that of a known mineral: it serves as the standard.

    Parameters
    ----------
    counts : line -> net counts of the phase, of lines of different elements
    formula : of the mineral, as found by another method
    factors : the present k-factors; they give the scale where the reference line is not in the mineral
    least_counts : lines of fewer counts give no k-factor

    Returns
    -------
    line -> k-factor, relative to the reference line, for the lines of the mineral that were counted

    Raises
    ------
    ValueError
        Fewer than two lines of the mineral were counted, or the formula cannot be read.
    """
    fractions = mass_fractions(formula)
    per_count: dict[str, float] = {}
    for name, found in counts.items():
        share = fractions.get(name.partition("_")[0], 0.0)
        if share > 0 and found >= least_counts and name in factors.computed:
            matrix = 1.0
            if factors.bulk:
                bulk = bulk_sensitivity(name, fractions, factors.detector)
                matrix = bulk / thin_sensitivity(name, factors.detector)
            per_count[name] = share * matrix / found
    if len(per_count) < 2:
        raise ValueError(
            f"A standard needs two counted elements of {formula} at least; there is "
            f"{', '.join(per_count) or 'none'}. Choose a phase with more counts, or another mineral."
        )
    if factors.reference in per_count:
        scale = 1.0 / per_count[factors.reference]
    else:
        # the mean factor stays: what the standard says is how its lines compare
        scale = math.exp(
            sum(math.log(factors.values.get(name, factors.computed[name]) / one)
                for name, one in per_count.items()) / len(per_count)
        )  # fmt: skip
    return {name: scale * one for name, one in per_count.items()}


def to_csv(factors: KFactors) -> bytes:
    """A table of k-factors: line, k_factor, source (given or computed), as text."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for name, value in factors.values.items():
        writer.writerow([name, f"{value:.6g}", "given" if name in factors.given else "computed"])
    return lines.getvalue().encode()


def from_csv(content: bytes) -> dict[str, float]:
    """k-factors of a table: line -> value.

    The first column holds lines, the column "k_factor" (else the second) the values; rows whose source is
    "computed" are left to be computed for the beam at hand. Commas, semicolons and tabs separate.

    Raises
    ------
    ValueError
        It is no such table, names an unknown line, or a value is not above zero.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError("The k-factors are not a text file. Save them as CSV, with UTF-8.") from error
    first = text.partition("\n")[0]
    rows = list(csv.reader(io.StringIO(text), delimiter=max(";\t,", key=first.count)))
    rows = [[cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)]
    if not rows or len(rows[0]) < 2:
        raise ValueError(
            "The file holds no table of k-factors: two columns, line and k_factor, are expected."
        )
    column, source = 1, None
    head = [cell.lower().replace(" ", "_").replace("-", "_") for cell in rows[0]]
    if not _is_number(rows[0][1]):
        column = head.index("k_factor") if "k_factor" in head else 1
        source = head.index("source") if "source" in head else None
        rows = rows[1:]
    kept = [row for row in rows if source is None or len(row) <= source or row[source] != "computed"]
    short = next((row for row in kept if len(row) <= column), None)
    if short is not None:
        raise ValueError(f"The row {', '.join(short)!r} has no k-factor; write one, or delete the row.")
    return parsed(f"{row[0]}={row[column]}" for row in kept)


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True
