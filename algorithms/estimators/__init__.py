"""From a rollout to a step: each part of an estimator is a formula."""
