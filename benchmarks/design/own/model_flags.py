"""The flags of `run` that name a user's language model and data, and what experiments without one say of them."""

OWN_MODEL = ("base", "prompts", "demonstrations", "preferences", "reward")
NO_MODEL = dict.fromkeys(OWN_MODEL, "which trains no language model")
