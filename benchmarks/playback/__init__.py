"""Saved policies: their files, an episode of one, and its film."""
