"""Updates that are neither an optimiser's step nor a natural gradient."""
