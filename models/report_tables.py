"""Tables of a report: modal shares, line intensities, compositions, end-members."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.live_phases import line_intensities, main_lines
from models.quantification import Quantification
from models.report_content import ReportContent

_MOST_COLUMNS = 12
_LEAST_SHARE = 0.002  # of a composition: less than 0.2 % of an element in every phase is not listed


@dataclass(frozen=True)
class Table:
    """A table: heads and rows of text, the first column names; a colour for each row, or none."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    colours: tuple[str, ...] = ()
    note: str = ""


def tables(content: ReportContent) -> Iterator[Table]:
    """All tables of a report, in their order; those that a result has nothing for are left out."""
    yield _modal(content)
    yield _lines(content)
    found = content.composition
    if isinstance(found, Quantification):
        yield _composition(content, found)
    if content.stability is not None:
        yield _stability(content)
    if content.unmixing is not None:
        yield _endmembers(content)


def _modal(content: ReportContent) -> Table:
    shown, prepared = content.shown, content.result.prepared
    area = None if prepared.pixel_size_um is None else prepared.pixel_size_um**2
    unit, factor = ("", 1.0) if area is None else _area_unit(area * shown.n_valid)
    lines = main_lines(shown.spectra, shown.pixels, content.result)
    probability = np.bincount(
        shown.phase_map.label.ravel().astype(np.intp) + 1,
        weights=shown.phase_map.probability.ravel(),
        minlength=shown.n_phases + 1,
    )[1:]
    rows = []
    for one in content.order:
        pixels = int(shown.pixels[one])
        row = [content.names[one], f"{pixels:,}", f"{100 * pixels / max(shown.n_valid, 1):.2f}"]
        row += [f"{pixels * area * factor:,.4g}"] if area is not None else []
        row += [f"{probability[one] / pixels:.2f}", ", ".join(lines[one])]
        rows.append((*row, *([_mineral(content, one)] if content.minerals else [])))
    rest = shown.n_valid - int(shown.pixels.sum())
    if rest > 0:
        row = ["Unassigned", f"{rest:,}", f"{100 * rest / shown.n_valid:.2f}"]
        row += [f"{rest * area * factor:,.4g}"] if area is not None else []
        rows.append((*row, "", "", *([""] if content.minerals else [])))
    heads = ["Phase", "Pixels", "Area (%)", *([f"Area ({unit})"] if area is not None else [])]
    colours = tuple(content.colours[one] for one in content.order)
    left_out = sum(pixels for _, pixels in shown.excluded)
    note = f"{left_out:,} pixels of excluded phases count in no total." if left_out else ""
    heads += ["Mean probability", "Main lines"]
    if content.minerals:
        heads.append("Nearest mineral")
        note += " In brackets: deviation of the lines from those of the mineral, in standard errors."
    return Table("Modal table", tuple(heads), tuple(rows), colours, note.strip())


def _lines(content: ReportContent) -> Table:
    shown, names = content.shown, content.result.maps.lines
    mean = line_intensities(shown.spectra, content.result) / np.maximum(shown.pixels, 1)[:, None]
    total = shown.pixels @ mean / max(int(shown.pixels.sum()), 1)
    columns = np.arange(len(names))
    note = ""
    if len(names) > _MOST_COLUMNS:
        if content.result.maps.axis is not None:
            columns = np.unique(np.linspace(0, len(names) - 1, _MOST_COLUMNS).astype(int))
        else:
            contrast = mean[list(content.order)].std(axis=0) / np.sqrt(np.maximum(np.abs(total), 1e-9))
            columns = np.sort(np.argsort(-contrast, kind="stable")[:_MOST_COLUMNS])
        note = f"{columns.size} of {len(names)} are listed."
    rows = [(content.names[one], *(f"{mean[one, i]:.3g}" for i in columns)) for one in content.order]
    rows.append(("All phases", *(f"{total[i]:.3g}" for i in columns)))
    quantity = "counts" if content.result.has_spectra else content.result.maps.quantity.lower()
    colours = tuple(content.colours[one] for one in content.order)
    heads = ("Phase", *(names[i] for i in columns))
    return Table(f"Mean intensities, {quantity} per pixel", heads, tuple(rows), colours, note)


def _composition(content: ReportContent, found: Quantification) -> Table:
    share, sigma = found.weight.share, found.weight.sigma
    listed = [
        i
        for i in range(len(found.weight.names))
        if np.nanmax(np.where(np.isfinite(share[:, i]), share[:, i], 0), initial=0) >= _LEAST_SHARE
    ]
    rows = []
    for one in content.order:
        if found.masked[one]:
            cells = ["–"] * len(listed)
        else:
            cells = [_with_error(100 * share[one, i], 100 * sigma[one, i], found.net.counted) for i in listed]
        rows.append((content.names[one], *cells))
    masked = [f"{content.names[one]}: {found.masked[one]}" for one in content.order if found.masked[one]]
    note = "± is one standard deviation of counting alone. " + " ".join([found.factors.caveat, *masked])
    heads = ["Phase", *(found.weight.names[i] for i in listed)]
    colours = tuple(content.colours[one] for one in content.order)
    return Table("Composition, wt.%", tuple(heads), tuple(rows), colours, note.strip())


def _stability(content: ReportContent) -> Table:
    found = content.stability
    rows = []
    for one in content.order:
        phase = content.shown.ids[one]
        if phase not in found.ids:
            continue
        place = found.ids.index(phase)
        known = found.jaccard[:, place][np.isfinite(found.jaccard[:, place])]
        score = f"{known.mean():.2f}" if known.size else "–"
        rows.append((content.names[one], score, found.verdict(place)))
    note = f"Over {found.n_runs} runs; adjusted Rand index of all phases {np.nanmean(found.overall):.2f}."
    colours = tuple(content.colours[one] for one in content.order if content.shown.ids[one] in found.ids)
    heads = ("Phase", "Mean Jaccard index", "Verdict")
    return Table("Are the phases found again?", heads, tuple(rows), colours, note)


def _endmembers(content: ReportContent) -> Table:
    unmixing, result = content.unmixing, content.result
    mean = unmixing.abundances.mean(axis=(0, 1))
    share = mean / max(float(mean.sum()), 1e-12)
    # as many pixels for each: lines then stand out against the mean of the end-members
    scale = result.prepared.n_pixels * (
        float(content.shown.spectra.sum()) / max(int(content.shown.pixels.sum()), 1)
    )
    pixels = np.full(len(unmixing.endmembers), result.prepared.n_pixels)
    lines = main_lines(unmixing.endmembers * scale, pixels, result)
    rows = tuple(
        (f"End-member {number + 1}", f"{100 * share[number]:.1f}", ", ".join(lines[number]))
        for number in range(len(unmixing.endmembers))
    )
    return Table("End-members", ("End-member", "Share (%)", "Main lines"), rows, note=unmixing.why)


def _mineral(content: ReportContent, label: int) -> str:
    name = content.minerals["nearest_mineral"][label]
    return f"{name} ({content.minerals['mineral_distance_sigma'][label]:.2g} σ)" if name else "–"


def _with_error(value: float, sigma: float, counted: bool) -> str:
    if not np.isfinite(value):
        return "–"
    if not counted or not np.isfinite(sigma):
        return f"{value:.1f}"
    digits = 2 if sigma < 0.1 else 1 if sigma < 10 else 0
    return f"{value:.{digits}f} ± {sigma:.{digits}f}"


def _area_unit(um2: float) -> tuple[str, float]:
    """A unit for areas of the size of a map, and how many of it are one um2."""
    for unit, factor in (("km²", 1e-18), ("mm²", 1e-6)):
        if um2 * factor >= 0.05:
            return unit, factor
    return "µm²", 1.0
