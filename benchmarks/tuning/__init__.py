"""Optuna studies: whole batches of configurations trained as populations, chosen on fresh seeds, tested once."""
