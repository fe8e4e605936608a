"""Several drivers on one folder of results: which of them trains which cell."""
