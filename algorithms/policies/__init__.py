"""Policies on the population axis: networks for vectors and for transcripts, and the actor-critic made of them."""
