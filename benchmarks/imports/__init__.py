"""Imports of learning curves into an experiment."""
