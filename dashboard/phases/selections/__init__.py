"""The tab "Selections": pixels kept under a name, combined, measured, and taken to files and other maps."""

from dashboard.phases.selections.tab import SelectionsTab

__all__ = ["SelectionsTab"]
