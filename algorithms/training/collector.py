"""The environments and actors of a population, which collect one Rollout for each update."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from algorithms.estimators.advantage_scale import reads_parts
from algorithms.estimators.baselines.prefixes import prefix_numbers
from algorithms.estimators.credit import EpisodeReturn
from algorithms.estimators.diagnostics import SAME
from algorithms.estimators.estimator import Estimator
from algorithms.estimators.loss import subtract_kl
from algorithms.estimators.rollout import Rollout, select
from algorithms.policies.actor_critic import ActorCritic
from algorithms.policies.nucleus import Nucleus
from algorithms.training.actor import Actor, BeforeStep
from algorithms.training.groups.adaptive import adaptive_groups
from algorithms.training.observation_normaliser import Normaliser
from algorithms.training.records import Members
from algorithms.training.returns.expected_return import expected_return
from algorithms.training.returns.teacher import teacher_of
from algorithms.training_config import TrainingConfig, Unroll
from envs.api import Bools, Task, Transcript
from envs.custom.faults import CheckedVecEnv
from envs.delayed import part_weights
from envs.seeding import Role, generator, stream


class Collector:
    """Environments and actors of a population for one segment. `close` releases the environments."""

    def __init__(
        self,
        task: Task,
        policy: ActorCritic,
        estimator: Estimator,
        training: TrainingConfig,
        normaliser: Normaliser,
        members: Members,
        position: tuple[int, ...],
        device: str = "cpu",
        tries: int = 1,
        nucleus: Nucleus | None = None,
        rounds: int = 1,
    ) -> None:
        """position: where each member's random streams start (the segment); tries, rounds: see Schedule."""
        streams = [stream(s, Role.ENVIRONMENT, *position, purpose=members.purpose) for s in members.seeds]
        acting = [generator(s, Role.ACTION, *position, purpose=members.purpose) for s in members.seeds]
        self.task, self.estimator, self.training, self.tries = task, estimator, training, tries
        self._policy = policy
        collection = training.collection
        group = 1 if isinstance(collection, Unroll) else collection.group
        # adaptive sampling: the rounds are independent given the prompt, so all are played at once, and those after the
        # last that is needed are neither read nor charged
        self._rounds, envs = rounds, collection.envs * rounds
        self._envs = [CheckedVecEnv(task.factory.make(streams, envs, group * rounds), task.name, streams, envs)]
        self._actor = Actor(self._envs[0], policy, normaliser, acting, device, nucleus)
        self._greedy_actor: Actor | None = None  # plays one greedy text per prompt
        if estimator.baseline.needs_greedy_return:
            # the same streams and as many prompts give the same prompts, episode by episode
            prompts = collection.envs // group
            self._envs.append(CheckedVecEnv(task.factory.make(streams, prompts, 1), task.name, streams, prompts))
            self._greedy_actor = Actor(self._envs[1], policy, normaliser, None, device)
        self.group = group
        if group == 1 and not isinstance(task.spec.observation, Transcript) and not isinstance(collection, Unroll):
            # starts of control tasks are much alike, so without groups all environments of a member are compared
            self.group = collection.envs

    def collect(self, playing: Bools, before_step: BeforeStep | None = None) -> tuple[Rollout, Tensor]:
        """(the rollout of the members `playing` [P], the environment steps that each of them spent [P]).

        before_step  may change the parameters of the acting policy
        """
        rollout, spent = self._collect_once(playing, before_step)
        if self.tries == 1:
            return rollout, spent
        rollouts, useful = [rollout], [informative_groups(rollout)]
        while len(rollouts) < self.tries:
            short = playing & (torch.cat(useful, 1).sum(1) < useful[0].shape[1]).cpu().numpy()
            if not short.any():
                break
            rollout, more = self._collect_once(short, before_step)
            spent = spent + more
            rollouts.append(rollout)
            useful.append(informative_groups(rollout))
        return first_informative_groups(rollouts, useful), spent

    def _collect_once(self, playing: Bools, before_step: BeforeStep | None) -> tuple[Rollout, Tensor]:
        training, estimator = self.training, self.estimator
        if isinstance(training.collection, Unroll):
            tape = self._actor.unroll(playing, training.collection.steps, before_step)
        else:
            tape = self._actor.play(playing, before_step)
        score_norms = estimator.baseline.needs_score_norms
        group = self.group * self._rounds
        rollout = self._actor.rollout(tape, training.discount, training.reward_scale, group, score_norms)
        spent = rollout.valid.sum((0, 2))
        if reads_parts(estimator.scale) and (parts := tape.stack_any("parts")) is not None:
            paid = torch.from_numpy(parts).to(rollout.reward) * rollout.valid[..., None] * training.reward_scale
            weights = torch.tensor(part_weights(self.task.factory)).to(paid).expand_as(paid)
            rollout = replace(rollout, parts=paid, part_weights=weights)
        if estimator.reads_prefixes:
            observation = self.task.spec.observation
            assert isinstance(observation, Transcript)
            positions = observation.action_position[: len(rollout.valid)]
            rollout = replace(rollout, prefix=prefix_numbers(rollout.obs, positions))
        if estimator.reads_expected_return:
            assert rollout.prefix is not None
            expected = expected_return(self.task)(self._policy, rollout.prefix, rollout.valid)
            rollout = replace(rollout, expected_return=expected * training.reward_scale)
        if estimator.teacher is not None:
            rollout = replace(rollout, teacher=teacher_of(self.task, estimator.teacher.temperature)(rollout))
        if self._greedy_actor is not None:
            tape = self._greedy_actor.play(playing)
            greedy = self._greedy_actor.rollout(tape, training.discount, training.reward_scale, 1)
            spent = spent + greedy.valid.sum((0, 2))
            beta = estimator.kl.coefficient(self.task.beta) * training.reward_scale
            returns = EpisodeReturn()(subtract_kl(estimator.kl, greedy, beta), None)[:1]
            rollout = replace(rollout, greedy_return=returns.repeat_interleave(group, 2).expand_as(rollout.valid))
        if self._rounds > 1:
            beta = estimator.kl.coefficient(self.task.beta) * training.reward_scale
            returns = EpisodeReturn()(subtract_kl(estimator.kl, rollout, beta), None)[0]
            middle = self.task.scale.middle * training.reward_scale
            rollout, spent = adaptive_groups(rollout, returns, self.group, middle)
        return rollout, spent

    def close(self) -> None:
        """Release the environments."""
        for env in self._envs:
            env.close()


def informative_groups(rollout: Rollout) -> Tensor:
    """1 for played groups whose returns differ, else 0: [P, N/G]."""
    returns = (rollout.reward * rollout.valid).sum(0)
    grouped = returns.reshape(len(returns), -1, rollout.group)
    return ((grouped.amax(-1) - grouped.amin(-1) > SAME) & (rollout.valid[0, :, :: rollout.group] > 0)).long()


def first_informative_groups(rollouts: list[Rollout], useful: list[Tensor]) -> Rollout:
    """Each member's first N/G informative groups, in order of play; places without a group are not valid."""
    parts = [rollout.tensors() for rollout in rollouts]
    whole = {name: _concatenated([part[name] for part in parts]) for name in parts[0]}
    found, group = torch.cat(useful, 1), rollouts[0].group  # [P, all groups]
    # a stable sort keeps the order of play among informative groups
    groups = (1 - found).argsort(dim=1, stable=True)[:, : useful[0].shape[1]]
    columns = (groups[..., None] * group + torch.arange(group, device=found.device)).flatten(1)  # [P, N]
    picked = replace(rollouts[0], **{name: select(x, columns) for name, x in whole.items()})  # type: ignore[arg-type]
    return replace(picked, valid=picked.valid * found.gather(1, groups).repeat_interleave(group, 1))


def _concatenated(rows: list[Tensor]) -> Tensor:
    """[T_i, P, N, ...] of several rollouts -> [max T, P, sum N, ...], zeros after a rollout's end."""
    longest = max(len(x) for x in rows)
    return torch.cat([torch.cat([x, x.new_zeros(longest - len(x), *x.shape[1:])]) for x in rows], 2)
