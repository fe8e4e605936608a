"""The stages of a language model on disk: base models, adapters, preferences and reward models."""
