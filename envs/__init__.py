"""Environments: text-generation MDPs with a known optimum, and control tasks. `TASKS` holds every named task."""

from __future__ import annotations

from envs.gymnasium_env import register_all
from envs.tasks import TASKS
from envs.text_mdp import TextMDP

register_all(sorted({type(task.factory).__name__ for task in TASKS.values() if isinstance(task.factory, TextMDP)}))

__all__ = ["TASKS"]
