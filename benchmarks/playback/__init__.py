"""Saved policies: their files, their episodes, and GIFs of these."""
