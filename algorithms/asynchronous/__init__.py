"""Actors and a learner in separate processes. Such runs do not repeat."""
