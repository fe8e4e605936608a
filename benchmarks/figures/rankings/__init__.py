"""Figures that compare rankings."""
