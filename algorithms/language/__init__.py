"""How a language model comes to be a policy: pretraining, supervised fine-tuning, preferences, reward models, DPO."""
