"""Texts for language models and what judges them: corpus, words, prompts, judges, and a user's own files."""
