"""Scales that change what is ascended: rewards of a group, gates, exponential weights."""
