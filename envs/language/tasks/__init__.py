"""Language tasks, one file a task; `envs.language.named` finds them by name."""
