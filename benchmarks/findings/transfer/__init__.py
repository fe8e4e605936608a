"""Whether a ranking of variants under one kind of policy holds under another."""
