"""What variants are read against: scripted policies, tabular Q-learning, stable-baselines3."""
