"""The tab "End-members": spectra of the phases against the whole map, NMF, weights and abundances."""

from dashboard.phases.endmembers.tab import EndmembersTab

__all__ = ["EndmembersTab"]
