"""The tab "Lines": which X-ray lines a map shows, at which energies, and how their maps are prepared."""

from dashboard.phases.lines.tab import LinesTab

__all__ = ["LinesTab"]
