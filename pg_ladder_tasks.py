"""The taskset `pg-ladder-tasks` of verifiers, which finds tasksets by the name of an installed module."""

from envs.exports.verifiers_taskset import ChatHarness, TextTaskEnv, TextTaskset

__all__ = ["ChatHarness", "TextTaskEnv", "TextTaskset"]
