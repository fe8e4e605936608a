"""Optuna studies: batches of configurations trained as populations, selected on fresh seeds, tested once."""
