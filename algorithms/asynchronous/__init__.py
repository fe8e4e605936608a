"""Actors and a learner in processes of their own, whose runs do not repeat."""
