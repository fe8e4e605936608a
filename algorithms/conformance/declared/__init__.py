"""Conformance rules for parts that declare their form: masks, weights, penalties, gates, and factors of success rates."""
