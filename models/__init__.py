"""What can be inferred: arrays in, frozen results out; no widget, no thread."""
