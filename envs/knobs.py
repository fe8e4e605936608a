"""Knobs in their ranges: the errors that text tasks share."""

from __future__ import annotations


def check_least(**least: tuple[float, float]) -> None:
    """ValueError naming the knob where name=(value, smallest allowed) is violated."""
    for name, (value, smallest) in least.items():
        if not value >= smallest:
            raise ValueError(f"{name} must be at least {smallest}, not {value}")


def check_between(**between: tuple[float, float, float]) -> None:
    """ValueError naming the knob where name=(value, low, high) lies outside [low, high]."""
    for name, (value, low, high) in between.items():
        if not low <= value <= high:
            raise ValueError(f"{name} must lie in [{low}, {high}], not {value}")
