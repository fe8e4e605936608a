"""Training by stable-baselines3: one model for each seed, scored by this project's evaluation."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from algorithms.algorithm import Methods, TrainingPlan, reason_wrong_count
from algorithms.references.reference import Reference
from algorithms.references.sb3_policy import Sb3Policy, make_reader
from algorithms.training.observation_normaliser import Identity
from algorithms.training.records import Members, Progress, Record, TrainingEvent
from algorithms.training.returns.exact_return import ExactReturn, enumerable, text_mdp
from algorithms.training.returns.sampled_return import SAMPLES_AT, PolicyEvaluation, Scores, TextSamples
from algorithms.training.state import RunState
from algorithms.training_config import TrainingConfig
from envs.api import Box, Factory, Image, Task
from envs.custom.faults import InvalidOutput
from envs.delayed import delay_s
from envs.seeding import Role, stream

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.vec_env import VecNormalize


Settings = tuple[tuple[str, Any], ...]
STEPS_PER_S = {"a2c": 4_000, "ppo": 450, "dqn": 700}  # environment steps, one seed after another; for estimates only


@dataclass(frozen=True, kw_only=True)
class Sb3(Reference):
    """An algorithm of stable-baselines3 (2.9), with its MlpPolicy.

    learning_rate  the default of its constructor, which the settings may replace
    envs           number of environments of a model
    normalise      whether observations and rewards are normalised (VecNormalize), as in its tuned settings
    settings       arguments of its constructor that are not the defaults; "policy.NAME" belongs to policy_kwargs, and
                   "lin_0.001" falls linearly to 0 over the budget, in the notation of rl-baselines3-zoo
    """

    model_class: Literal["a2c", "ppo", "dqn"]
    learning_rate: float
    envs: int = 1
    normalise: bool = False
    settings: Settings = ()

    learns = True
    unsettable = "stable-baselines3 does not read our fields"
    unsaved = "is trained by stable-baselines3, whose policies are not ours to rebuild"

    @property
    def methods(self) -> Methods:
        """A2C takes one step a rollout, and DQN counts steps; PPO does not count its epochs and minibatches."""
        return Methods("stable-baselines3", steps_per_update=None if self.model_class == "ppo" else 1)

    def reason_unsupported(self, task: Task) -> str | None:
        """Why it cannot learn this task; None if it can."""
        if importlib.util.find_spec("stable_baselines3") is None:
            return "needs the package stable-baselines3"
        if isinstance(task.spec.observation, Image):
            return "reads vectors and texts, and this task observes images"
        if self.model_class == "dqn" and isinstance(task.spec.action, Box):
            return "takes the best of listed actions, and continuous ones are not listed"
        if delay_s(task.factory):
            return "plays its own copies of the environment, and this one's slowness would be lost"
        if task.beta:
            return "learns from rewards alone, and J of this task counts a KL"
        if has_illegal_actions(task.factory):
            return "chooses among all actions, and this task forbids some"
        return None

    def configure(self, training: TrainingConfig, task: Task) -> TrainingConfig:
        """The settings with its own learning rate; it reads no other field."""
        rate = dict(self.settings).get("learning_rate", self.learning_rate)
        return replace(training, learning_rate=float(str(rate).removeprefix("lin_")))

    def device(self, requested: str) -> str:
        """Always the CPU."""
        return "cpu"

    def expected_seconds(self, plan: TrainingPlan) -> float:
        return plan.env_steps * len(plan.members.seeds) / STEPS_PER_S[self.model_class]

    def reason_unusable(self, plan: TrainingPlan, state: RunState, records: int, device: str) -> str | None:
        done, members = int(state.meta["done"]), len(plan.members.seeds)
        if reason := reason_wrong_count(records, done * len(plan.evaluation.fractions)):
            return reason
        return None if 0 < done < members else f"it has finished {done} of {members} members"

    def train(self, plan: TrainingPlan, device: str = "cpu", state: RunState | None = None) -> Iterator[TrainingEvent]:
        """The Records of one seed after another, and a RunState after each; finished seeds are not trained again.

        A checkpoint is the first update past its fraction. Evaluation time is not counted. Seconds are multiplied by
        the number of seeds, since a population trains all seeds at once. Runs repeat bit for bit.
        """
        if reason := self.reason_unsupported(plan.task):
            raise ValueError(f"{self.name} {reason}")
        seeds = len(plan.members.seeds)
        for place in range(0 if state is None else int(state.meta["done"]), seeds):
            yield from _SeedRun(self, plan, place).records()
            yield Progress((place + 1) * plan.env_steps, seeds * plan.env_steps)
            if place + 1 < seeds:
                yield RunState({"done": torch.tensor(place + 1)}, {"done": place + 1})

    def model(self, task: Task, seed: int, members: Members) -> tuple[BaseAlgorithm, VecNormalize | None]:
        """An untrained model, and the normaliser of its environments or None."""
        import stable_baselines3
        from stable_baselines3.common.vec_env import VecNormalize

        from algorithms.references.sb3_env import vec_env

        given = {name: _schedule(value) for name, value in self.settings}
        policy = {name.removeprefix("policy."): given.pop(name) for name in [*given] if name.startswith("policy.")}
        given.setdefault("gamma", task.gamma if text_mdp(task) is not None else 0.99)
        env = vec_env(task, stream(seed, Role.ENVIRONMENT, 0, purpose=members.purpose), self.envs)
        normaliser = VecNormalize(env, gamma=given["gamma"]) if self.normalise else None
        number = stream(seed, Role.INITIALISATION, purpose=members.purpose).generate_state(1, np.uint32)[0] >> 1
        make = getattr(stable_baselines3, self.model_class.upper())
        made = make("MlpPolicy", normaliser or env, policy_kwargs=policy, seed=int(number), device="cpu", **given)
        return made, normaliser


def has_illegal_actions(factory: Factory) -> bool:
    """Whether some actions are illegal at the start of an episode."""
    env = factory.make([np.random.SeedSequence(0)], 1)
    try:
        return env.reset()[1] is not None
    except InvalidOutput:  # training reports it
        return False
    finally:
        env.close()


def _schedule(value: Any) -> Any:
    """ "lin_0.001" as a function of the remaining share of the budget."""
    if not (isinstance(value, str) and value.startswith("lin_")):
        return list(value) if isinstance(value, tuple) else value
    first = float(value.removeprefix("lin_"))
    return lambda remaining: remaining * first


class _SeedRun:
    """The training of one seed: its model, and the Records of the checkpoints that it has passed."""

    def __init__(self, algorithm: Sb3, plan: TrainingPlan, place: int) -> None:
        self.task, self.members, self.evaluation, self.budget = plan.task, plan.members, plan.evaluation, plan.env_steps
        self.place = place
        self.model, normaliser = algorithm.model(plan.task, plan.members.seeds[place], plan.members)
        self.close = self.model.get_env().close  # type: ignore[union-attr]
        normalise = None if normaliser is None else normaliser.normalize_obs
        self.policy = Sb3Policy(plan.task.spec, make_reader(self.model, normalise))
        self.exact = ExactReturn(plan.task) if enumerable(plan.task) else None
        self.recorded: list[Record] = []
        # DQN counts gradient steps; the others count the rollouts that they have learned from
        self.counts_steps = algorithm.model_class == "dqn"
        self.rollouts, self.evaluation_s, self.began = -1, 0.0, time.perf_counter()

    def records(self) -> list[Record]:
        """Train to the end of the budget. A model whose parameters are not finite has diverged."""
        try:
            self.model.learn(self.budget, callback=_callback(self.look))
        except ValueError:  # raised by its distributions for NaN
            if self._finite():
                raise
            spent = time.perf_counter() - self.began - self.evaluation_s
            while len(self.recorded) < len(self.evaluation.fractions):
                self.recorded.append(self._record(spent, diverged=True))
        finally:
            self.close()
        return self.recorded

    def look(self) -> None:
        """Record passed checkpoints; called before each rollout and after the last update."""
        self.rollouts += 1
        fractions = self.evaluation.fractions
        start = time.perf_counter()
        spent = start - self.began - self.evaluation_s  # the same for all checkpoints passed in one rollout
        while (
            len(self.recorded) < len(fractions)
            and self.model.num_timesteps >= fractions[len(self.recorded)] * self.budget
        ):
            self.recorded.append(self._record(spent, not self._finite()))
        self.evaluation_s += time.perf_counter() - start

    def _finite(self) -> bool:
        return all(bool(torch.isfinite(p).all()) for p in self.model.policy.parameters())

    def _record(self, spent: float, diverged: bool) -> Record:
        """spent: seconds of training."""
        k, fractions = len(self.recorded), self.evaluation.fractions
        value = greedy = float("nan")
        measures: dict[str, float] = {}
        written = TextSamples()
        if not diverged:
            sampled = self._scores(k, greedy=False)
            value, measures = float(sampled.value[0]), {name: float(x[0]) for name, x in sampled.measures.items()}
            if k == len(fractions) - 1 and self.evaluation.greedy:
                greedy = float(self._scores(k, greedy=True).value[0])
            if self.place == 0 and k in (0, len(fractions) - 1):
                written = self._policy_evaluation(SAMPLES_AT).sample_texts(self.task)
        return Record(
            seed=self.members.seeds[self.place],
            learning_rate=self.members.rates[self.place],
            checkpoint=k,
            fraction=fractions[k],
            env_steps=self.model.num_timesteps,
            updates=self.model._n_updates if self.counts_steps else self.rollouts,
            wall_s=spent * len(self.members.seeds) if k else 0.0,
            eval_return=value,
            eval_return_greedy=greedy,
            diverged=diverged,
            measures=measures,
            texts=written.texts,
            text_scores=written.scores,
            member=self.place,
        )

    def _scores(self, checkpoint: int, greedy: bool) -> Scores:
        if self.exact is not None and not greedy:
            return self.exact.scores(self.policy)
        return self._policy_evaluation(checkpoint).scores(self.task, self.evaluation.episodes, greedy)

    def _policy_evaluation(self, checkpoint: int) -> PolicyEvaluation:
        seeds = (self.members.seeds[self.place],)
        return PolicyEvaluation(self.policy, Identity(), seeds, self.members.purpose, (checkpoint,))


def _callback(look: Callable[[], None]) -> Any:
    """A callback of stable-baselines3 that calls `look` before each rollout and at the end."""
    from stable_baselines3.common.callbacks import BaseCallback

    class Callback(BaseCallback):
        def _on_step(self) -> bool:
            return True

        def _on_rollout_start(self) -> None:
            look()

        def _on_training_end(self) -> None:
            look()

    return Callback()
