"""Returns of policies: exact ones over all texts, and estimates from played episodes."""
