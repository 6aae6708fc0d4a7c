"""What a run without a browser needs besides the models: a bar, a folder, a look at the memory, workers."""
