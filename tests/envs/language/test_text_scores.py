"""What tasks say of single texts is what they pay for them, and what their judges say; by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from envs.language.env import LanguageMDP
from envs.language.family import scores_of
from envs.language.tasks.phrase import Phrase, phrase_task
from tests.envs.language.test_review import played
from tests.envs.language.tiny_claims import tasks
from tests.envs.language.tiny_phrases import StubJudge, tiny
from tests.envs.language.tiny_reviews import SEEDS, review, samples


@pytest.mark.parametrize("judge", ["reward", "gold"])
def test_reviews_are_scored_as_they_are_paid(judge: str, tmp_path: Path) -> None:
    gold = [[[1.5, 0.0], [1.5, 0.0]]] * 2
    known = ((SEEDS[0], 0.75), (SEEDS[1], 0.5))
    mdp = review(judge=judge, cut_reward=-7.0, samples=samples(gold, tmp_path), accuracy=known)
    _, obs, paid = played(mdp)  # good fine <end>; bad good . good, which is cut; <end>
    for member, seed in enumerate(SEEDS):
        found = mdp.text_scores(obs[member], seed)
        np.testing.assert_allclose(found["reward"], paid[member], rtol=1e-6)
        assert found["reward"][1] == -7
        np.testing.assert_array_equal(found["gold"], [1.5, 0.5, 0.0])
        np.testing.assert_array_equal(found["win_rate"], [0.75, 0.5, 0.25])
        assert not {"distinct_2", "reward_accuracy"} & found.keys()  # of no single text
        assert ("reward_model" in found) == (judge == "gold")
    own = mdp.text_scores(obs[0], SEEDS[1])
    assert ("reward_model" not in own) or own["reward_model"][0] == pytest.approx(paid_by_model(SEEDS[1], obs[0, 0]))


def paid_by_model(seed: int, transcript: np.ndarray) -> float:
    """StubReward: the seed times the real tokens, plus a tenth of the last one, which is <end>, token 0."""
    return float(seed * (transcript != 0).sum())


def test_the_accuracy_of_reward_models_is_a_measure_and_no_part_of_the_task() -> None:
    known = ((SEEDS[0], 0.75), (SEEDS[1], 0.5))
    env, obs, _ = played(review(accuracy=known))
    np.testing.assert_array_equal(env.measures_of(obs, "cpu")["reward_accuracy"], [[0.75] * 3, [0.5] * 3])
    assert review(accuracy=known) == review()


def test_listed_texts_are_scored_by_the_views_of_the_same_texts() -> None:
    words = ("good", "bad", "the")
    task = phrase_task("phrase/test", tiny(), StubJudge(tiny(1)), words, length=2, beta=0.2, reward_shift=1.0)
    mdp = task.factory
    assert isinstance(mdp, Phrase)
    texts = mdp.transcripts[1, [0, 5, 8]]  # good good, bad the, the the
    found = scores_of(task, texts, 3)
    assert list(found) == ["reward", "gold"]
    np.testing.assert_allclose(found["gold"], [2.0, 0.0, 1.0])  # the shift is of every judge
    np.testing.assert_allclose(found["reward"], mdp.proxy[1, [0, 5, 8]] + 1)


def test_views_on_other_prompts_say_nothing_of_a_text() -> None:
    found = {}
    for name, task in tasks().items():
        mdp = task.factory
        assert isinstance(mdp, LanguageMDP)
        prompts = mdp.prompts().tokens
        texts = np.pad(prompts, ((0, 0), (0, mdp.horizon)), constant_values=mdp.first_action)
        found[name] = tuple(scores_of(task, texts, 0))
    assert found == {
        "detox": ("reward", "flagged", "nll"),
        "fairness": ("reward", "sentiment", "gap"),
        "truth": ("reward", "answered", "true"),
        "cue": (),
        "domain": ("reward", "gold"),  # the gold of unseen prompts is of other texts
    }
