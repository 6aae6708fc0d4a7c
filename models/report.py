"""The report: one HTML file with figures, tables, recipe and methods, that needs nothing beside it.

No part of it is asked for over the network: pictures are embedded, there is no script, and a policy in the
head forbids both. Everything that comes from files and people is escaped.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html import escape

from models.recipe import PhasesRecipe, to_yaml
from models.report_content import ReportContent
from models.report_figures import Figure, figures
from models.report_methods import methods
from models.report_tables import Table, tables

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 "Helvetica Neue", Arial, sans-serif; color: #1c2630; background: #fff;
       margin: 0 auto; max-width: 1000px; padding: 28px 32px 60px; }
h1 { font-size: 25px; margin: 0 0 4px; }
h2 { font-size: 19px; margin: 34px 0 8px; border-bottom: 1px solid #ccd3d9; padding-bottom: 3px; }
p.facts, p.note, figcaption { color: #4a5661; font-size: 13.5px; } p.note { margin: 4px 0 0; }
figure { margin: 14px 0 26px; } figure img { max-width: 100%; display: block; }
figcaption b { color: #1c2630; }
div.table { overflow-x: auto; } table { border-collapse: collapse; font-size: 12.5px; margin-top: 6px; }
caption { text-align: left; font-weight: 600; padding: 12px 0 5px; font-size: 14px; }
th, td { padding: 3px 8px; border-bottom: 1px solid #dfe4e8; text-align: right; white-space: nowrap; }
th { border-bottom: 2px solid #8b97a1; }
th:first-child, td:first-child, td.text, th.text { text-align: left; }
i.chip { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 7px; }
pre { background: #f3f5f7; padding: 12px 14px; font-size: 12px; overflow-x: auto; line-height: 1.4; }
ol.references { font-size: 13.5px; padding-left: 26px; } p.methods { text-align: justify; }
@media print { body { max-width: none; padding: 0; } figure, table { break-inside: avoid; }
               pre { white-space: pre-wrap; } }
"""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@dataclass(frozen=True)
class ReportProgress:
    """How far a report is: fraction 0 ... 1, a message, the HTML with the last one."""

    fraction: float
    message: str
    html: str = field(default="", repr=False)


def make_report(content: ReportContent) -> Iterator[ReportProgress]:
    """Make the report; the last progress carries it.

    Yields
    ------
    ReportProgress
        One for every figure, at least.
    """
    drawn: list[Figure] = []
    n_figures = 4 if content.unmixing is None else 6
    yield ReportProgress(0.0, "Drawing the figures of the report")
    for figure in figures(content):
        drawn.append(figure)
        yield ReportProgress(0.9 * len(drawn) / n_figures, f"Figure {len(drawn)} of {n_figures}")
    yield ReportProgress(1.0, "Report", "\n".join(_document(content, drawn)) + "\n")


def report_html(content: ReportContent) -> str:
    """The whole report as HTML text."""
    for progress in make_report(content):
        html = progress.html
    return html


def _document(content: ReportContent, drawn: list[Figure]) -> Iterator[str]:
    title = f"Phases of {content.source}"
    paragraphs, references = methods(content)
    yield "<!DOCTYPE html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>{escape(title)}</h1>"
    yield f'<p class="facts">Lodestone {escape(content.version)} · {escape(content.made)}</p>'
    yield f"<p>{escape(_summary(content))}</p>"
    yield "<h2>Figures</h2>"
    for number, figure in enumerate(drawn, 1):
        address = base64.b64encode(figure.png).decode()
        yield f'<figure><img alt="{escape(figure.alt)}" src="data:image/png;base64,{address}">'
        yield f"<figcaption><b>Figure {number}.</b> {escape(figure.caption)}</figcaption></figure>"
    yield "<h2>Tables</h2>"
    for number, table in enumerate(tables(content), 1):
        yield from _table(number, table)
    if isinstance(content.composition, str) and content.composition:
        yield f'<p class="note">No compositions: {escape(content.composition)}</p>'
    yield "<h2>Methods</h2>"
    for paragraph in paragraphs:
        yield f'<p class="methods">{escape(paragraph)}</p>'
    yield "<h2>References</h2>"
    yield '<ol class="references">'
    for reference in references:
        yield f"<li>{escape(reference)}</li>"
    yield "</ol>"
    notes = (*content.result.notes, *content.shown.notes)
    if notes:
        yield "<h2>Notes on the data</h2><ul>"
        for note in dict.fromkeys(notes):
            yield f"<li>{escape(note)}</li>"
        yield "</ul>"
    yield "<h2>Recipe</h2>"
    yield "<p>Saved as recipe.yaml, this repeats the analysis: "
    yield "<code>python batch.py phases FILE --recipe recipe.yaml --out FOLDER</code></p>"
    yield f"<pre>{escape(to_yaml(_resolved(content)))}</pre>"
    yield "</body></html>"


def _summary(content: ReportContent) -> str:
    """The result in a sentence or two."""
    order, shown = content.order, content.shown
    shares = 100.0 * shown.pixels / max(shown.n_valid, 1)
    largest = ", ".join(f"{content.names[one]} {shares[one]:.1f} %" for one in order[:5])
    rest = f" and {len(order) - 5} smaller ones" if len(order) > 5 else ""
    phases = "1 phase was found" if len(order) == 1 else f"{len(order)} phases were found"
    return f"{phases} in {content.source}: {largest}{rest} (shares of the area)."


def _resolved(content: ReportContent) -> PhasesRecipe:
    """The recipe with the lines that were used: it means the same without the metadata of the file."""
    return replace(
        content.recipe, line_maps=replace(content.recipe.line_maps, lines=content.result.maps.lines)
    )


def _table(number: int, table: Table) -> Iterator[str]:
    text = {i for i, head in enumerate(table.heads) if head in ("Main lines", "Nearest mineral", "Verdict")}
    yield f'<div class="table"><table><caption>Table {number}. {escape(table.title)}</caption><thead><tr>'
    yield "".join(f"<th{_class(i in text)}>{escape(head)}</th>" for i, head in enumerate(table.heads))
    yield "</tr></thead><tbody>"
    for place, row in enumerate(table.rows):
        chip = ""
        if place < len(table.colours):
            chip = f'<i class="chip" style="background:{escape(table.colours[place])}"></i>'
        cells = [f"<td>{chip}{escape(row[0])}</td>"]
        cells += [f"<td{_class(i in text)}>{escape(cell)}</td>" for i, cell in enumerate(row[1:], 1)]
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"
    if table.note:
        yield f'<p class="note">{escape(table.note)}</p>'


def _class(is_text: bool) -> str:
    return ' class="text"' if is_text else ""
