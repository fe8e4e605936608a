"""`judge`: one variant against the best known ones of its family, on tasks and seeds that its author has not seen."""
