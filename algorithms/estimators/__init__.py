"""From a rollout to a step: each part is a formula."""
