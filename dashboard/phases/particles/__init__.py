"""The tab "Particles": connected regions of the phases."""
