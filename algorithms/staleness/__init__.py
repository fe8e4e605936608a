"""Simulated asynchrony: who plays with which parameters, and the parameters that they need."""
