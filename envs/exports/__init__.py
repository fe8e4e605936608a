"""The text tasks for trainers of language models: as conversations, as OpenEnv and as verifiers environments."""
