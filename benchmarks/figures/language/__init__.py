"""Figures of language models: what judges say of their texts."""
