"""Figures of measured and enumerated gradients."""
