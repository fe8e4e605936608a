"""Learning curves of others, read into an experiment."""
