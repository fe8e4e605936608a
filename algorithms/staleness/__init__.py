"""Simulated asynchrony: which parameters play each rollout, and the history of parameters."""
