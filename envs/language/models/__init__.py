"""Frozen causal language models, and what a population adds to them."""
