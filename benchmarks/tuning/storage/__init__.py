"""A study in Optuna's storage that several processes share."""
