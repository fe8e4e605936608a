"""`run` and `report` for each class of experiments."""
