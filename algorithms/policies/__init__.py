"""Policies on the population axis: networks for vectors, images and transcripts, and the actor-critic made of them."""
