"""A2C in JAX, compiled as a whole, as PureJaxRL does it: the fastest way known to train many seeds, for comparison.

    python -m benchmarks.speed.jax_a2c --seeds 10 --env-steps 250000

Environments (gymnax), networks (flax, distrax), optimiser (optax), windows and seeds are those of `a2c` on CartPole-v1. All
updates of all seeds are one compiled function (Lu et al. 2022, Discovered policy optimisation, which presents PureJaxRL).
Prints one JSON object: seconds of compilation and of training. It evaluates no checkpoint and reads no diagnostics.

jax, gymnax, flax, distrax and optax are no requirements of this package. Where one is missing, the script says which.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import time
from typing import Any

PACKAGES = ("jax", "gymnax", "flax", "distrax", "optax")
DISCOUNT, VALUE_COEFFICIENT = 0.99, 0.5


def missing() -> list[str]:
    """The packages that are not installed."""
    return [name for name in PACKAGES if importlib.util.find_spec(name) is None]


def measure(seeds: int, env_steps: int, envs: int, steps: int, learning_rate: float) -> dict[str, float]:
    """Compile and train once. `env_steps` of each seed, in windows of `steps` rows of `envs` environments."""
    import distrax
    import flax.linen as nn
    import gymnax
    import jax
    import jax.numpy as jnp
    import optax

    env, env_params = gymnax.make("CartPole-v1")

    class ActorAndCritic(nn.Module):
        """Two separate networks of two hidden layers, orthogonally initialised."""

        @nn.compact  # type: ignore[untyped-decorator]
        def __call__(self, obs: Any) -> Any:
            outputs = []
            for size, gain in ((2, 0.01), (1, 1.0)):
                x = obs
                for _ in range(2):
                    x = nn.tanh(nn.Dense(64, kernel_init=nn.initializers.orthogonal(2**0.5))(x))
                outputs.append(nn.Dense(size, kernel_init=nn.initializers.orthogonal(gain))(x))
            return distrax.Categorical(logits=outputs[0]), outputs[1][..., 0]

    network, optimiser = ActorAndCritic(), optax.adam(learning_rate)

    def loss(parameters: Any, obs: Any, action: Any, target: Any, advantage: Any) -> Any:
        policy, value = network.apply(parameters, obs)
        return -(advantage * policy.log_prob(action)).mean() + VALUE_COEFFICIENT * ((value - target) ** 2).mean()

    def train(key: Any) -> Any:
        key, of_network, of_reset = jax.random.split(key, 3)
        obs, state = jax.vmap(env.reset, (0, None))(jax.random.split(of_reset, envs), env_params)
        parameters = network.init(of_network, obs)

        def step(carry: Any, _: None) -> Any:
            parameters, obs, state, key = carry
            key, of_action, of_step = jax.random.split(key, 3)
            policy, value = network.apply(parameters, obs)
            action = policy.sample(seed=of_action)
            keys = jax.random.split(of_step, envs)
            # terminated and truncated; gymnax before 1.0 has one of both
            after, state, reward, *ends, _ = jax.vmap(env.step, (0, 0, 0, None))(keys, state, action, env_params)
            return (parameters, after, state, key), (obs, action, reward, ends[0] | ends[-1], value)

        def update(carry: Any, _: None) -> Any:
            parameters, moments, obs, state, key = carry
            (_, obs, state, key), rows = jax.lax.scan(step, (parameters, obs, state, key), None, steps)
            seen, action, reward, done, value = rows
            _, last = network.apply(parameters, obs)

            def backward(ahead: Any, row: Any) -> Any:
                paid, ended = row
                total = paid + DISCOUNT * (1 - ended) * ahead
                return total, total

            _, target = jax.lax.scan(backward, last, (reward, done.astype(jnp.float32)), reverse=True)
            gradient = jax.grad(loss)(parameters, seen, action, target, target - value)
            changes, moments = optimiser.update(gradient, moments)
            return (optax.apply_updates(parameters, changes), moments, obs, state, key), (done.sum(), reward.sum())

        carry = (parameters, optimiser.init(parameters), obs, state, key)
        _, (ends, paid) = jax.lax.scan(update, carry, None, -(-env_steps // (envs * steps)))
        tenth = len(ends) // 10
        return paid[-tenth:].sum() / ends[-tenth:].sum().clip(1)  # steps an episode in the last tenth

    keys = jax.random.split(jax.random.key(0), seeds)
    start = time.perf_counter()
    compiled = jax.jit(jax.vmap(train)).lower(keys).compile()
    middle = time.perf_counter()
    lengths = jax.block_until_ready(compiled(keys))
    return {
        "compilation_s": middle - start,
        "training_s": time.perf_counter() - middle,
        "env_steps": -(-env_steps // (envs * steps)) * envs * steps * seeds,
        "episode_length": float(lengths.mean()),
    }


def main() -> int:
    """Measure as the command line says; exit with 3 where a package is missing."""
    parser = argparse.ArgumentParser(description="A2C on CartPole-v1 in JAX")
    for name, default in (("seeds", 10), ("env-steps", 250_000), ("envs", 64), ("steps", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    flags = parser.parse_args()
    if gone := missing():
        print(f"no comparison with JAX: pip install {' '.join(gone)}", file=sys.stderr)
        return 3
    print(json.dumps(measure(flags.seeds, flags.env_steps, flags.envs, flags.steps, flags.learning_rate)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
