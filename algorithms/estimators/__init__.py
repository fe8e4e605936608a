"""The formulas between a rollout and a step."""
