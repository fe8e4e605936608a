"""Training by other libraries, for comparison: stable-baselines3 in this process, JAX in one of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

SB3_ENVS = 8


def sb3_a2c(task: str, steps: int) -> float:
    """Environment steps a second of stable-baselines3's A2C at its own defaults on 8 environments x 5 steps."""
    from stable_baselines3 import A2C
    from stable_baselines3.common.env_util import make_vec_env

    env: Any = make_vec_env(task, n_envs=SB3_ENVS, seed=0)
    model = A2C("MlpPolicy", env, seed=0, device="cpu", policy_kwargs={"net_arch": {"pi": [64, 64], "vf": [64, 64]}})
    start = time.perf_counter()
    model.learn(steps)
    done = time.perf_counter() - start
    env.close()
    return float(model.num_timesteps / done)


def jax_a2c_seconds(seeds: int, env_steps: int, learning_rate: float) -> tuple[float, float]:
    """(seconds of compilation, seconds of training) of A2C in JAX (benchmarks.speed.jax_a2c) on this process's cores."""
    flags = {"--seeds": seeds, "--env-steps": env_steps, "--learning-rate": learning_rate}
    words = [str(word) for pair in flags.items() for word in pair]
    command = [sys.executable, "-m", "benchmarks.speed.jax_a2c", *words]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found["compilation_s"], found["training_s"]
