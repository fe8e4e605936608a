"""Figures of tuning studies, a figure a module."""
