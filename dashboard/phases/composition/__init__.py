"""The tab "Composition": what the phases are made of, and which minerals they could be."""
