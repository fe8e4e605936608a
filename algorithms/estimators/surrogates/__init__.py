"""Surrogates beside the clipped ratio: masks, soft weights, ratios of whole texts, penalties."""
