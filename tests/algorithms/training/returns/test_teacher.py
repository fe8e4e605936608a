"""The optimal policy as a teacher: by hand, and the mean gradients of its students over all texts of a task."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from algorithms import VARIANTS
from algorithms.conformance.coefficients import coefficients
from algorithms.estimators.baselines.prefixes import prefix_numbers
from algorithms.estimators.kl_penalty import Teacher
from algorithms.estimators.rollout import Rollout
from algorithms.policies.actor_critic import ActorCritic
from algorithms.training.returns.exact_return import ExactReturn, enumerable
from algorithms.training.returns.teacher import OptimalTeacher, reason_no_teacher, teacher_of
from envs import TASKS, solver
from envs.api import Task, Transcript
from envs.language.models.adapter_file import save_adapters
from envs.language.models.decoder import Decoder
from envs.language.tasks.phrase import Phrase, phrase_task
from envs.text_env import text_task
from tests.builders import double_copy, make_policy, small_training
from tests.envs.language.tiny_phrases import StubJudge, tiny
from tests.envs.small_mdps import Toll
from tests.language_models import random_adapter
from tests.rollouts import make_rollout

STUDENT = VARIANTS["distil_token"]
TOLL = text_task("toll", Toll())
SOFT = 0.5  # a temperature at which no probability is nearly 0


def phrases() -> Task:
    return phrase_task("phrase/own", tiny(), StubJudge(tiny(1)), ("good", "bad", "the"), length=2, beta=0.3)


def all_texts(task: Task, exact: ExactReturn, temperature: float) -> Rollout:
    """Every episode as a column of one member, with the teacher's log-probabilities."""
    episodes, observation = exact.enumeration, task.spec.observation
    assert isinstance(observation, Transcript)
    valid = torch.from_numpy(episodes.valid).double()[:, None]
    going_on = torch.cat([valid[1:], torch.zeros_like(valid[:1])])
    tokens = torch.from_numpy(episodes.transcript).T[:, None]
    rollout = Rollout(
        obs=tokens,
        action=torch.from_numpy(episodes.action)[:, None],
        logp=torch.zeros_like(valid),
        reward=torch.from_numpy(episodes.reward)[:, None],
        discount=going_on,
        continues=going_on,
        valid=valid,
        action_mask=None,
        group=1,
        prefix=prefix_numbers(tokens, observation.action_position[: len(valid)]),
    )
    return replace(rollout, teacher=OptimalTeacher(task, temperature)(rollout))


def student(task: Task) -> ActorCritic:
    """A policy in float64 that is not uniform."""
    policy = double_copy(make_policy(task, STUDENT, small_training(task, STUDENT)))
    with torch.no_grad():
        noise = torch.randn(policy.flat.values.shape, generator=torch.Generator().manual_seed(0))
        policy.flat.values += 0.3 * noise.double()
    return policy


def gradient(value: Tensor, policy: ActorCritic) -> Tensor:
    """Of a number, with respect to all parameters [D]."""
    parameters = list(policy.parameters())
    policy.flat.set_gradient(torch.autograd.grad(value, parameters, allow_unused=True, retain_graph=True))
    return policy.flat.gradient[0].clone()


class Listed:
    """All texts of a task: log pi and log teacher [T, S] of a student, and the chance of each text [S]."""

    def __init__(self, task: Task, temperature: float = SOFT) -> None:
        self.policy, exact = student(task), ExactReturn(task)
        self.texts = all_texts(task, exact, temperature)
        self.logp = exact.log_probabilities(self.policy)[:, 0]
        self.chance = torch.from_numpy(exact.enumeration.probability) * self.logp.sum(0).exp()
        assert self.texts.teacher is not None
        self.teacher = self.texts.teacher[:, 0]
        self.exact = exact

    def mean_gradient(self, discount: float) -> Tensor:
        """E[g] of rewards-to-go from this teacher, from the coefficients of the estimator's own code."""
        paid = Teacher(discount=discount).pay(replace(self.texts, logp=self.logp.detach()[:, None]))
        columns = paid.valid.shape[2]
        c = columns * coefficients(VARIANTS["reward_to_go"].estimator, paid, paid.reward)[:, 0]
        return gradient((self.chance.detach() * c * self.logp).sum(), self.policy)


def test_the_teacher_of_a_toll_by_hand() -> None:
    """At a temperature of 2: after "go" stopping is worth 3 (in B 5) and going on 1, so the log-odds are 1 (in B 2). Before,
    V = 2 log((e^1.5 + e^.5) / 2) in A, so going on is worth 1 + V to stopping's 3."""
    exact = ExactReturn(TOLL)
    texts = all_texts(TOLL, exact, 2.0)
    assert texts.teacher is not None
    made = {
        tuple(row): logp.tolist()
        for row, logp in zip(exact.enumeration.transcript.tolist(), texts.teacher[:, 0].T, strict=True)
    }
    ahead = 1 + 2 * math.log((math.exp(1.5) + math.exp(0.5)) / 2)
    go = 1 / (1 + math.exp((3 - ahead) / 2))
    assert made[3, 1, 0] == pytest.approx([math.log(1 - go), 0.0])
    assert made[3, 2, 1] == pytest.approx([math.log(go), -math.log(1 + math.exp(-1))])
    assert made[3, 2, 2] == pytest.approx([math.log(go), -math.log(1 + math.exp(1))])
    assert made[4, 2, 1][1] == pytest.approx(-math.log(1 + math.exp(-2)))


@pytest.mark.parametrize("name", ["lock/small", "dyck/masked-small", "infogame/noisy-small"])
def test_to_the_end_of_the_text_it_is_the_gradient_of_the_kl(name: str) -> None:
    """Three tasks: keys, legal actions, chance. KL(pi || teacher) = sum_s p(s) pi(s) log(pi(s) / teacher(s))."""
    listed = Listed(TASKS[name])
    kl = (listed.chance * (listed.logp - listed.teacher).sum(0)).sum()
    expected = -gradient(kl, listed.policy)
    torch.testing.assert_close(listed.mean_gradient(1.0), expected, rtol=0, atol=1e-10)
    assert float((listed.mean_gradient(0.0) - expected).norm() / expected.norm()) > 0.1


def test_token_by_token_it_leaves_out_what_becomes_of_later_tokens() -> None:
    """The gradient of sum_t E[KL(pi(.|s_t) || teacher(.|s_t))] with the chances of the states s_t held fixed."""
    listed = Listed(TASKS["lock/small"])
    reached = listed.chance.detach()  # of a text; the chance of a state is the sum over the texts that pass it
    ratio = listed.logp - listed.teacher
    own = (listed.logp - listed.logp.detach()).exp()  # d/dtheta of the action's chance alone, at its present value
    kl = (reached * own * ratio * listed.texts.valid[:, 0]).sum()
    torch.testing.assert_close(listed.mean_gradient(0.0), -gradient(kl, listed.policy), rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    ("make", "close"),
    [(lambda: TASKS["lexicon/small"], 1e-10), (phrases, 1e-5)],  # the language model computes in float32
    ids=["lexicon", "language model"],
)
def test_with_a_beta_the_teacher_is_the_optimum_of_j(make: Callable[[], Task], close: float) -> None:
    """Then -KL(pi || teacher) = (J(pi) - J*) / beta: a student climbs J itself, on a language model too."""
    task = make()
    listed = Listed(task)
    kl = float((listed.chance * (listed.logp - listed.teacher).sum(0)).sum().detach())
    assert task.ceiling is not None
    assert -kl == pytest.approx((float(listed.exact.value(listed.policy)) - task.ceiling) / task.beta, abs=close)
    expected = listed.exact.gradient(listed.policy)[0] / task.beta
    assert float(expected.norm()) > 0.05
    torch.testing.assert_close(listed.mean_gradient(1.0), expected, rtol=0, atol=close)


def test_a_rollout_is_told_what_the_teacher_thinks_of_it() -> None:
    """Of sampled texts, the same numbers as of the listed ones; 0 after their end."""
    task = TASKS["dyck/small"]
    _, rollout = make_rollout(task, STUDENT, small_training(task, STUDENT), (0, 1))
    exact = ExactReturn(task)
    texts = all_texts(task, exact, Teacher().temperature)
    assert texts.teacher is not None
    assert rollout.teacher is not None
    listed = {
        tuple(row): logp for row, logp in zip(exact.enumeration.transcript.tolist(), texts.teacher[:, 0].T, strict=True)
    }
    steps = len(rollout.valid)
    for p in (0, 1):
        for n in range(rollout.valid.shape[2]):
            expected = listed[tuple(rollout.obs[:, p, n].tolist())][:steps]
            torch.testing.assert_close(rollout.teacher[:, p, n].double(), expected, rtol=0, atol=1e-5)


def test_no_logarithm_is_infinite_and_a_teacher_is_listed_once() -> None:
    texts = all_texts(TASKS["lock/small"], ExactReturn(TASKS["lock/small"]), 1e-4)
    assert texts.teacher is not None
    assert -710 < float(texts.teacher.min()) < -700
    assert teacher_of(TASKS["lock/small"], 0.02) is teacher_of(TASKS["lock/small"], 0.02)


def test_members_with_references_of_their_own_have_no_teacher_for_all(tmp_path: Path) -> None:
    """The optimum is reckoned from the reference, which is the adapters of one seed; those of two are no one reference."""
    task, decoder = phrases(), tiny().load()
    mdp = task.factory
    assert isinstance(mdp, Phrase)
    assert isinstance(decoder, Decoder)
    file = save_adapters(tmp_path / "two.safetensors", random_adapter(decoder, 2), (0, 1), tiny())
    two = replace(task, factory=replace(mdp, reference_adapters=file))
    why = "each member of this task has a reference policy of its own"
    assert STUDENT.reason_unsupported(two) == f"learns from the optimal policy after every text, and {why}"
    assert VARIANTS["exact_pg"].reason_unsupported(two) == f"needs a listing of all texts, and {why}"
    assert VARIANTS["vineppo"].reason_unsupported(two) == f"needs a listing of all texts, and {why}"
    assert VARIANTS["rloo"].reason_unsupported(two) is None
    assert not enumerable(two)
    one = save_adapters(tmp_path / "one.safetensors", random_adapter(decoder, 1), (0,), tiny())
    tuned = replace(task, factory=replace(mdp, reference_adapters=one))
    assert STUDENT.reason_unsupported(tuned) is None
    listed, plain = Listed(tuned), Listed(phrases())
    kl = float((listed.chance * (listed.logp - listed.teacher).sum(0)).sum().detach())
    best = solver.optimal_return(tuned.factory)  # type: ignore[arg-type]
    assert -kl == pytest.approx((float(listed.exact.value(listed.policy)) - best) / 0.3, abs=1e-5)
    assert float((listed.teacher - plain.teacher).abs().max()) > 0.1


def test_a_task_without_a_known_optimum_is_refused_by_name() -> None:
    assert STUDENT.reason_unsupported(TASKS["CartPole-v1"]) == (
        "learns from the task's optimal policy, and that of this task is not known"
    )
    assert STUDENT.reason_unsupported(TASKS["padanswer/medium"]) == (
        "learns from the optimal policy after every text, and this task has more than 5,000 episodes"
    )
    assert reason_no_teacher(TASKS["lock/small"]) is None
    with pytest.raises(ValueError, match="CartPole-v1: a student learns from the task's optimal policy"):
        OptimalTeacher(TASKS["CartPole-v1"], 1.0)
