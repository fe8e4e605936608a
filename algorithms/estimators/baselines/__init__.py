"""Baselines that look beyond the group: across prompts, and at a prompt's past."""
