"""Environments: text-generation MDPs with a known optimum, and control tasks. `TASKS` holds every named task."""

from __future__ import annotations

from envs.gymnasium_env import register_all
from envs.tasks import PRESETS, TASKS

register_all(sorted({type(preset.mdp).__name__ for preset in PRESETS.values()}))

__all__ = ["TASKS"]
