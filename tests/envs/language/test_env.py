"""Texts over a frozen model: their reference policy, their padding, and the members that rows belong to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from algorithms.policies.distributions import head_for
from envs.api import Doubles, Ints, Step, Transcript, reference_of
from envs.custom.faults import CheckedVecEnv, EnvironmentFault
from envs.delayed import Delayed
from envs.enumeration import enumerate_episodes
from envs.language.env import LanguageEnv
from envs.language.models.adapter_file import merged, save_adapters
from envs.language.models.decoder import Decoder
from envs.language.models.transcript import ModelTranscript
from envs.language.reference import NO_MEMBER
from envs.seeding import Role, stream
from envs.text_env import TextEnv
from envs.text_mdp import PAD, Rows
from envs.validation import UsageError
from tests.envs.language.tiny_phrases import phrase, tiny
from tests.language_models import random_adapter


def seeds(*numbers: int) -> list[np.random.SeedSequence]:
    return [stream(n, Role.ENVIRONMENT, 0) for n in numbers]


def by_hand(text: str, words: tuple[str, ...]) -> Doubles:
    """Log-probabilities of the words after a text: the model's softmax over all its tokens, restricted to these."""
    tokenizer, model = tiny().tokenizer(), tiny().load()
    tokens = torch.tensor([tokenizer.encode(text)])
    hidden, _ = model.hidden(tokens, torch.ones_like(tokens, dtype=torch.bool))
    p = model.logits(hidden)[0, -1].softmax(-1)[list(tokenizer.single_tokens(words))].double().numpy()
    return np.log(p / p.sum())


def test_the_reference_is_the_models_softmax_over_the_words() -> None:
    mdp = phrase()
    prompts = mdp.prompts()
    assert prompts.hidden is not None
    rows = Rows(np.pad(prompts.tokens, ((0, 0), (0, 2))), prompts.hidden)
    found = mdp.reference(rows, 0)
    np.testing.assert_allclose(np.exp(found).sum(1), 1)
    np.testing.assert_allclose(found[0], by_hand("the film was", mdp.words), atol=1e-5)
    np.testing.assert_allclose(found[1], by_hand("it is", mdp.words), atol=1e-5)  # padded on the left
    rows.transcript[:, mdp.position(0)] = 2  # "bad"
    np.testing.assert_allclose(mdp.reference(rows, 1)[1], by_hand("it is bad", mdp.words), atol=1e-5)
    assert found.std() > 0.1


def test_whole_texts_are_read_at_once_as_word_by_word() -> None:
    mdp = phrase()
    episodes = enumerate_episodes(mdp)
    assert episodes.reference is not None
    hidden = np.full((len(episodes.start), 1), NO_MEMBER)
    np.testing.assert_allclose(mdp.reference_of(Rows(episodes.transcript, hidden)), episodes.reference.T, atol=1e-6)
    assert len(episodes.start) == 18
    assert np.exp(episodes.reference.sum(0)).sum() == pytest.approx(2)  # one for each prompt


def test_a_padded_prompt_changes_nothing_and_the_wrong_side_does() -> None:
    short, both = phrase(openings=("it is",)), phrase()
    alone = short.log_reference[0]
    np.testing.assert_allclose(both.log_reference[1], alone, atol=1e-6)
    row = both.transcripts[1].copy()
    assert (row[:, 0] == PAD).all()
    right = np.concatenate([row[:, 1:3], np.full((len(row), 1), PAD), row[:, 3:]], axis=1)
    assert (right[:, :2] == row[:, 1:3]).all()
    hidden = np.full((len(row), 1), NO_MEMBER)
    left_sum = both.reference_of(Rows(row, hidden)).sum(1)
    np.testing.assert_allclose(left_sum, alone, atol=1e-6)
    misread = both.reference_of(Rows(right, hidden)).sum(1)  # the first word is read off a token of padding
    assert np.abs(misread - alone).max() > 0.01


def played(env: TextEnv, actions: Ints) -> tuple[Ints, list[Step]]:
    """The last observation and the steps of an episode with these actions [T, P, N]."""
    env.reset()
    steps = [env.step(a, np.ones(a.shape, np.bool_)) for a in actions]
    return steps[-1].obs.astype(np.int64), steps


def test_an_environment_gives_its_reference_after_the_last_step() -> None:
    mdp = phrase()
    actions = np.random.default_rng(0).integers(3, size=(2, 3, 5))
    env = mdp.make(seeds(4, 9, 2), 5)
    assert isinstance(env, LanguageEnv)
    obs, steps = played(env, actions)
    assert all(step.reference is None for step in steps)
    found = reference_of(env, obs, "cpu")
    assert found is not None
    assert found.shape == (2, 3, 5)
    for t, p, n in ((0, 0, 0), (1, 1, 3), (1, 2, 4)):
        text = mdp.decode(obs[p, n, : mdp.position(t)])
        assert found[t, p, n] == pytest.approx(by_hand(text, mdp.words)[actions[t, p, n]], abs=1e-5)
    other = reference_of(phrase(model=tiny(2)).make(seeds(4, 9, 2), 5), obs, "cpu")
    assert other is not None
    assert np.abs(other - found).max() > 0.1  # another model is another reference


def test_wrappers_pass_the_reference_on_and_a_nan_is_a_fault() -> None:
    mdp = phrase()
    obs, _ = played(mdp.make(seeds(4), 2), np.zeros((2, 1, 2), np.int64))
    plain = reference_of(mdp.make(seeds(4), 2), obs, "cpu")
    wrapped = CheckedVecEnv(Delayed(mdp, 1e-6, "waits").make(seeds(4), 2), "phrase", seeds(4), 2)
    np.testing.assert_array_equal(reference_of(wrapped, obs, "cpu"), plain)

    class Broken(LanguageEnv):
        def reference_of(self, transcripts: Ints, device: str) -> np.ndarray:
            return np.where(np.arange(2) == 1, np.nan, np.zeros((2, 1, 2)))

    env = CheckedVecEnv(Broken(mdp, seeds(4), 2, 1), "phrase", seeds(4), 2)
    env.reset()
    with pytest.raises(EnvironmentFault, match=r"a reference log-probability of nan \(environment 1 of seed 4"):
        reference_of(env, obs, "cpu")


def test_each_member_has_its_own_frozen_adapters(tmp_path: Path) -> None:
    mdp = phrase(judge="gold")
    decoder = tiny().load()
    assert isinstance(decoder, Decoder)
    adapters = random_adapter(decoder, 2)
    file = save_adapters(tmp_path / "sft.safetensors", adapters, (9, 4), tiny())
    own = replace(mdp, reference_adapters=file)
    obs, _ = played(own.make(seeds(4, 9), 5), np.random.default_rng(0).integers(3, size=(2, 2, 5)))
    found = reference_of(own.make(seeds(4, 9), 5), obs, "cpu")
    assert found is not None
    for p, place in ((0, 1), (1, 0)):  # seed 4 is the file's second member
        text = torch.tensor([[mdp.model_tokens(row) for row in obs[p] if row[0] != PAD]])[0]
        hidden, _ = merged(decoder, adapters, place).hidden(text, torch.ones_like(text, dtype=torch.bool))
        logp = decoder.logits(hidden, torch.tensor(mdp.action_tokens)).log_softmax(-1)[:, 2:4]
        chosen = torch.from_numpy(obs[p][obs[p][:, 0] != PAD][:, 3:] - 1)
        expected = logp.gather(-1, chosen[..., None])[..., 0].numpy()
        np.testing.assert_allclose(found[:, p, obs[p][:, 0] != PAD].T, expected, atol=1e-5)
    plain = reference_of(mdp.make(seeds(4, 9), 5), obs, "cpu")
    assert plain is not None
    assert np.abs(plain - found).max() > 0.1
    with pytest.raises(UsageError, match="the reference policy of seeds 9, 4 is each one's own"):
        _ = own.log_reference
    with pytest.raises(UsageError, match="no member of seed 5"):
        reference_of(own.make(seeds(5, 9), 5), obs, "cpu")
    one = save_adapters(tmp_path / "one.safetensors", random_adapter(decoder, 1, seed=3), (4,), tiny())
    shared = replace(mdp, reference_adapters=one)
    assert np.abs(shared.log_reference - mdp.log_reference).max() > 0.1


def test_rows_carry_the_seed_of_their_member() -> None:
    env = phrase().make(seeds(4, 9), 3)
    env.reset()
    assert env.rows.hidden[:, -1].tolist() == [4, 4, 4, 9, 9, 9]
    env.step(np.zeros((2, 3), np.int64), np.ones((2, 3), np.bool_))
    assert env.rows.hidden[:, -1].tolist() == [4, 4, 4, 9, 9, 9]
    env.reset()
    assert env.rows.hidden[:, -1].tolist() == [4, 4, 4, 9, 9, 9]
    with pytest.raises(UsageError, match="a member's seed must be a number"):
        phrase().make([np.random.SeedSequence(2**70)], 3)


def test_an_episode_depends_on_its_seed_alone() -> None:
    mdp, rng = replace(phrase(), reward_noise=0.5), np.random.default_rng(3)
    many, one = mdp.make(seeds(4, 5, 6), 8, 2), mdp.make(seeds(5), 4, 2)
    for _ in range(2):
        np.testing.assert_array_equal(many.reset()[0][1:2, :4], one.reset()[0])
        for _ in range(mdp.horizon):
            action = rng.integers(mdp.actions, size=(3, 8))
            on = np.ones((3, 8), np.bool_)
            a, b = many.step(action, on), one.step(action[1:2, :4], on[1:2, :4])
            np.testing.assert_array_equal(a.obs[1:2, :4], b.obs)
            np.testing.assert_array_equal(a.reward[1:2, :4], b.reward)


def test_the_spec_names_the_model_and_its_tokens() -> None:
    mdp = phrase()
    observation = mdp.spec.observation
    assert isinstance(observation, ModelTranscript)
    assert isinstance(observation, Transcript)
    assert observation.model == tiny()
    words = mdp.model.tokenizer().words
    assert [words[i] for i in observation.tokens or ()] == ["good", "bad", "the", "film", "was", "is", "it"]
    assert observation.vocabulary == len(mdp.tokens) == 8
    assert observation.action_position == (2, 3, 4)
    assert head_for(mdp.spec.action, "raw").outputs == 3
    assert mdp.decode(mdp.transcripts[1, 1]) == "it is good bad"


def test_a_prompt_and_an_answer_must_fit_the_context() -> None:
    with pytest.raises(UsageError, match="prompt has 63 tokens and an answer 2, but the model reads at most 64"):
        phrase(openings=("the " * 62 + "film",)).check_context()
    with pytest.raises(UsageError, match="a prompt has no tokens"):
        phrase(openings=("",)).check_context()
