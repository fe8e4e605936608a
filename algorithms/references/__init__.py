"""References with which variants are compared: scripted policies, tabular Q-learning, stable-baselines3."""
