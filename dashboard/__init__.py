"""What is shown and kept: states, plots, views, jobs."""
