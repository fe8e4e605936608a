"""The figures: one file draws one figure, or a few that share their data."""
