"""Natural texts: what is paid and measured, by hand; cut texts; padding; members; bad input."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from envs.api import Bools, Doubles, Floats, Ints, measures_of
from envs.custom.faults import CheckedVecEnv, EnvironmentFault
from envs.delayed import Delayed
from envs.language.data.naive_bayes import HeldOutJudge, NaiveBayes, save_naive_bayes
from envs.language.data.rewards import OwnReward
from envs.language.judged_mdp import JudgedEnv
from envs.language.models.reward_model import rewards
from envs.language.tasks.review import Review, review_task
from envs.seeding import Role, stream
from envs.text_mdp import PAD
from envs.validation import UsageError
from tests.envs.language.tiny_phrases import tiny
from tests.envs.language.tiny_reviews import (
    READ,
    SEEDS,
    StubGold,
    adapters,
    ids,
    review,
    reward_model,
    samples,
)
from tests.language_models import WORDS


def count_words(texts: list[str]) -> list[int]:
    """A user's reward."""
    return [len(text.split()) for text in texts]


def constant(texts: list[str]) -> list[int]:
    return [1 for _ in texts]


OWN = OwnReward("tests.envs.language.test_review:count_words")
TEXTS = ("good fine <end>", "bad good . good", "<end>")  # the second is cut after 4 tokens


def played(mdp: Review, texts: tuple[str, ...] = TEXTS, seeds: tuple[int, ...] = SEEDS) -> tuple[Any, Ints, Floats]:
    """(environment, last observation, summed rewards [P, N]) when every member writes these texts."""
    env = mdp.make([stream(n, Role.ENVIRONMENT, 0) for n in seeds], len(texts))
    env.reset()
    alive = np.ones((len(seeds), len(texts)), np.bool_)
    total = np.zeros(alive.shape, np.float32)
    rows = [[mdp.action_tokens.index(WORDS.index(word)) for word in text.split()] for text in texts]
    for t in range(mdp.horizon):
        action = np.array([[row[t] if t < len(row) else 5 for row in rows]] * len(seeds))
        step = env.step(action, alive)
        total += step.reward * alive
        alive &= ~step.terminated
        if not alive.any():
            break
    return env, step.obs.astype(np.int64), total


def prompt_words(obs: Ints) -> Ints:
    """[P, N] the length of each text's prompt."""
    return (obs[..., :3] != PAD).sum(-1)


def test_every_token_but_those_without_text_is_an_action() -> None:
    mdp = review()
    assert [WORDS[i] for i in mdp.action_tokens] == [word for word in WORDS if word != "<unk>"]
    assert mdp.end_action == 0
    assert mdp.spec.horizon == 4
    assert mdp.actions == len(WORDS) - 1


def test_texts_are_paid_at_their_end_by_the_members_reward_model() -> None:
    _, obs, paid = played(review())
    length = np.array([3, 4, 1])  # with the end token
    last = [WORDS.index(word) for word in ("<end>", "good", "<end>")]
    expected = np.array(SEEDS)[:, None] * (prompt_words(obs) + length) + 0.1 * np.array(last)
    np.testing.assert_allclose(paid, expected, rtol=1e-6)
    assert set(prompt_words(obs).ravel()) == {2, 3}


def test_a_cut_text_is_paid_what_the_knob_says() -> None:
    _, _, plain = played(review())
    _, _, found = played(review(cut_reward=-7.0))
    np.testing.assert_array_equal(found[:, [0, 2]], plain[:, [0, 2]])
    assert (found[:, 1] == -7).all()
    assert (plain[:, 1] > 0).all()


def test_gold_pays_too_and_is_read_once() -> None:
    READ.texts = 0
    env, obs, paid = played(review(judge="gold"))
    np.testing.assert_allclose(paid, [[1.5, 0.5, 0.0]] * 2)  # the cut one: 1 - 1/2
    found = measures_of(env, obs, "cpu")
    np.testing.assert_array_equal(found["gold"], paid)
    np.testing.assert_array_equal(found["sentiment"], [[1.5, 1.0, 0.0]] * 2)
    assert READ.texts == 6
    assert "reward" in found  # the reward model that does not pay is a measure


def test_a_users_function_pays() -> None:
    env, obs, paid = played(review(judge="own", own=OWN))
    np.testing.assert_allclose(paid, prompt_words(obs) + np.array([2, 4, 0]))
    np.testing.assert_array_equal(measures_of(env, obs, "cpu")["own"], paid)


def test_measures_of_the_same_texts(tmp_path: Path) -> None:
    READ.texts = 0
    judge = save_naive_bayes(tmp_path / "bayes.json", NaiveBayes({"good": 2.0, "bad": -1.0}, 0.5))
    gold = [[[1.5, 0.0], [9.0, 1.0]], [[1.5, 9.0], [-1.0, 1.0]]]  # [seed, prompt, sample]
    env, obs, paid = played(review(held_out=judge, samples=samples(gold, tmp_path)))
    found = measures_of(env, obs, "cpu")
    assert READ.texts == 6
    np.testing.assert_allclose(found["reward"], paid, rtol=1e-6)
    np.testing.assert_array_equal(found["gold"], [[1.5, 0.5, 0.0]] * 2)
    np.testing.assert_array_equal(found["cut"], [[0, 1, 0]] * 2)
    odds = np.array([0.5 + 2, 0.5 + 3, 0.5])
    np.testing.assert_allclose(found["held_out"], [1 / (1 + np.exp(-odds))] * 2)
    # bigrams of answers: good fine, fine <end>; bad good, good ., . good; none
    np.testing.assert_allclose(found["distinct_2"], 1)
    prompt = np.where(prompt_words(obs) == 3, 0, 1)
    for p in range(2):
        for n, own in enumerate([1.5, 0.5, 0.0]):
            others = gold[p][prompt[p, n]]
            expected = sum(1.0 if other < own else 0.5 if other == own else 0.0 for other in others) / 2
            assert found["win_rate"][p, n] == expected
    assert 0 < found["win_rate"].mean() < 1


def test_without_a_gold_judge_there_is_no_gold(tmp_path: Path) -> None:
    mdp = review(gold_judge=None, samples=samples(np.zeros((2, 2, 2)).tolist(), tmp_path))
    rows = mdp.reference_rows()
    found = mdp.measures(mdp.paid(rows), 4)
    assert found.keys() == {"reward", "cut", "distinct_2"}
    with pytest.raises(UsageError, match="judge 'gold' pays by gold_judge, and there is none"):
        review(gold_judge=None, judge="gold")


def test_distinct_2_is_of_each_members_texts() -> None:
    env, obs, _ = played(review(), ("good good good good", "good good <end>", "<end>"))
    # good good x 4, good <end>: 2 of 5
    np.testing.assert_allclose(measures_of(env, obs, "cpu")["distinct_2"], 0.4)


def test_wrappers_pass_measures_on_and_a_nan_is_a_fault() -> None:
    mdp, seeds = review(), [stream(4, Role.ENVIRONMENT, 0)]
    env, obs, _ = played(mdp, seeds=(4,))
    wrapped = CheckedVecEnv(Delayed(mdp, 1e-6, "waits").make(seeds, 3), "review", seeds, 3)
    wrapped.reset()
    assert measures_of(wrapped, obs, "cpu").keys() == measures_of(env, obs, "cpu").keys()

    class Broken(JudgedEnv):
        def measures_of(self, transcripts: Ints, device: str) -> dict[str, Doubles]:
            return {"gold": np.array([[0.0, np.nan, 0.0]])}

    broken = CheckedVecEnv(Broken(mdp, seeds, 3, 1), "review", seeds, 3)
    broken.reset()
    with pytest.raises(EnvironmentFault, match=r"a measure 'gold' of nan \(environment 1 of seed 4"):
        measures_of(broken, obs, "cpu")


def test_reward_models_never_read_padding() -> None:
    """The rewards in an episode are those of the bare texts alone, whatever stands in the columns of padding."""
    mdp = review(reward_model=reward_model())
    _, obs, paid = played(mdp)
    file = reward_model().file
    model, adapter, head = tiny().load(), file.load(SEEDS, tiny()), file.head(SEEDS)

    def alone(p: int, n: int, padded: bool) -> float:
        tokens = mdp.model_tokens(obs[p, n]) if not padded else mdp._model_tokens[obs[p, n]].tolist()
        every = torch.tensor([[tokens]] * 2)  # both members' rows
        whole = torch.ones_like(every, dtype=torch.bool)
        return float(
            rewards(model, every, whole, adapter, head["reward"], head["reward_bias"], head["reward_words"])[p, 0]
        )

    for p in range(2):
        for n in range(3):
            assert paid[p, n] == pytest.approx(alone(p, n, False), abs=1e-5)
    assert any(abs(paid[p, n] - alone(p, n, True)) > 0.01 for p in range(2) for n in range(3))
    assert np.abs(paid[0] - paid[1]).min() > 0.01  # each member has its own reward model


def test_a_member_depends_on_its_seed_alone() -> None:
    mdp = review(reward_model=reward_model(), reference_adapters=adapters(1))
    seeds = [stream(n, Role.ENVIRONMENT, 0) for n in (9, 4)]
    many, one = mdp.make(seeds, 6, 2), mdp.make(seeds[1:], 4, 2)
    rng = np.random.default_rng(0)
    for _ in range(2):
        np.testing.assert_array_equal(many.reset()[0][1:, :4], one.reset()[0])
        for _ in range(mdp.horizon):
            action, on = rng.integers(mdp.actions, size=(2, 6)), np.ones((2, 6), np.bool_)
            a, b = many.step(action, on), one.step(action[1:, :4], on[1:, :4])
            np.testing.assert_array_equal(a.obs[1:, :4], b.obs)
            np.testing.assert_allclose(a.reward[1:, :4], b.reward, atol=1e-5)
        both, alone = (env.reference_of(env._observation(), "cpu") for env in (many, one))
        assert both is not None
        assert alone is not None
        np.testing.assert_allclose(both[:, 1:, :4], alone, atol=1e-5)


def test_the_floor_is_the_return_of_the_samples(tmp_path: Path) -> None:
    file = samples(np.zeros((2, 2, 2)).tolist(), tmp_path)
    knobs: dict[str, Any] = {"longest": 4, "samples": file, "judge": "gold"}
    prompts = review().openings

    def floor(**more: Any) -> float | None:
        return review_task("review", tiny(), StubGold(tiny(1)), prompts, **(knobs | more)).floor

    assert floor() == pytest.approx((1.0 + (-2.0 - 0.5)) / 2)  # "good <end>", and "bad bad", which is cut
    assert floor(cut_reward=-1.0) == pytest.approx(0)
    assert floor(floor=0.25) == 0.25
    real = [ids("the", "film", "was"), ids("it", "is")]
    expected = np.mean([s * (len(p) + 2) + 0.1 * last for s in SEEDS for p in real for last in (0, WORDS.index("bad"))])
    assert floor(judge="reward", reward_model=review().reward_model) == pytest.approx(float(expected))
    task = review_task("review", tiny(), StubGold(tiny(1)), prompts, beta=0.1, **knobs)
    assert (task.ceiling, task.threshold, task.beta) == (None, None, 0.1)


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"judge": "god"}, "unknown judge 'god'; nearest: gold"),
        ({"reward_model": None}, "judge 'reward' pays by reward_model, and there is none"),
        ({"judge": "own"}, "judge 'own' pays by own, and there is none"),
        ({"openings": ((2, 3), ())}, "every prompt needs a token"),
        ({"openings": ((2, 3), (2, 3))}, "of 2 prompts only 1 differ"),
        ({"longest": 0}, "longest must be at least 1, not 0"),
        ({"cut_reward": float("nan")}, "cut_reward must be a finite number, not nan"),
        ({"gold_judge": StubGold(tiny())}, "the base cannot be its own judge"),
    ],
)
def test_wrong_knobs_are_named(knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        review(**knobs)


def test_parts_that_do_not_belong_together_are_named(tmp_path: Path) -> None:
    def made(openings: tuple[tuple[int, ...], ...], **knobs: Any) -> None:
        review_task("review", tiny(), StubGold(tiny(1)), openings, **({"judge": "gold"} | knobs))

    prompts = review().openings
    file = samples(np.zeros((2, 2, 2)).tolist(), tmp_path)
    with pytest.raises(UsageError, match="unknown knob of review 'longst'; nearest: longest"):
        made(prompts, longst=3)
    with pytest.raises(UsageError, match="a prompt has the token 99, and the model's are 0 to 15"):
        made(((99,),))
    with pytest.raises(UsageError, match="prompt has 3 tokens and an answer 62, but the model reads at most 64"):
        made(prompts, longest=62)
    with pytest.raises(UsageError, match="1 prompts have no samples of the reference, such as 'a film'"):
        made((*prompts, ids("a", "film")), samples=file)
    with pytest.raises(UsageError, match="has no samples of seed 5; it has 4, 9"):
        file.of(np.array([5]), [prompts[0]])
    with pytest.raises(UsageError, match="the samples have up to 2 tokens, and texts of this task 1"):
        made(prompts, samples=file, longest=1)
    with pytest.raises(UsageError, match="constant gave 1 to all of 4 different texts"):
        made(prompts, samples=file, own=OwnReward("tests.envs.language.test_review:constant"))
    with pytest.raises(UsageError, match="has no member of seed 5"):
        played(review(reference_adapters=adapters(1)), seeds=(5,))[0].reference_of(np.ones((1, 3, 7), np.int64), "cpu")
    with pytest.raises(UsageError, match="has no reward model of seed 5; it has 4, 9"):
        played(review(reward_model=reward_model()), seeds=(5,))
    with pytest.raises(UsageError, match="the hash of the held-out judge"):
        HeldOutJudge("0", save_naive_bayes(tmp_path / "b", NaiveBayes({"good": 1.0}, 0.0)).path).load()
    with pytest.raises(UsageError, match="the hash of the samples"):
        replace(file, digest="0").load()
    with pytest.raises(UsageError, match="best return of a review is unknown"):
        review().optimal_return()


def ended_by_hand(obs: Ints) -> Bools:
    found: Bools = (obs[..., 3:] == 1).any(-1)
    return found


def test_a_text_has_ended_where_the_end_token_stands() -> None:
    mdp = review()
    _, obs, _ = played(mdp)
    np.testing.assert_array_equal(mdp.ended(obs.reshape(6, -1)), ended_by_hand(obs).ravel())
    assert ended_by_hand(obs).tolist() == [[True, False, True]] * 2
