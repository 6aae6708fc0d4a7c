"""The tab "Clusters": how the latent space is clustered, into how many, and how probable each phase is."""

from dashboard.phases.clusters.tab import ClustersTab

__all__ = ["ClustersTab"]
