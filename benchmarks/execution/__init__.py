"""Running experiments: engines, jobs, their cost and their progress."""
