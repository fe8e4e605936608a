"""Findings about pairs of variants."""
