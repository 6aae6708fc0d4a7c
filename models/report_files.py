"""The report of a finished run as a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from models.phases_result import PhasesResult
from models.report import report_html
from models.report_content import content_of, program_version


def write_report(result: PhasesResult, source: str, folder: Path) -> None:
    """Write ``report.html``; a result in which no pixel bears a phase has none.

    Parameters
    ----------
    source : the file as a person knows it
    """
    if not result.assigned.pixels().any():
        return
    made = datetime.now().strftime("%Y-%m-%d %H:%M")
    html = report_html(content_of(result, source, made, program_version()))
    (folder / "report.html").write_text(html, encoding="utf-8")
