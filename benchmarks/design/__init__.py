"""Declarations: experiments, cells, their settings, and the blocks of a report."""
