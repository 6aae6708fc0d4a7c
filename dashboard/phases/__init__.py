"""The Phases workspace: element maps, phase map, latent space and spectra, linked."""
