"""The tab "Trust": are phases found again, what is not explained, do the two ways to phases agree?"""

from dashboard.phases.trust.tab import TrustTab

__all__ = ["TrustTab"]
