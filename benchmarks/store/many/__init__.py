"""Thousands of cells at once: their footers, their rows as frames, packing them in one file."""
