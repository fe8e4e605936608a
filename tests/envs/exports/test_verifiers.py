"""The true verifiers, in an environment that PG_LADDER_VERIFIERS names: the optimal policy's rollouts have the mean J*."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from envs.exports.text_game import TextGame
from tests.other_python import ROOT, run_there

ROLLOUTS = (ROOT / "tests" / "envs" / "exports" / "verifiers_rollouts.py").read_text()


def seeds_of_all_starts(game: TextGame) -> list[int]:
    """For each prompt and hidden state, the first seed whose episode begins there; the starts are equally likely."""
    prompts = game.mdp.prompts()
    hidden = prompts.tokens if prompts.hidden is None else prompts.hidden
    wanted = {(*tokens, *secret) for tokens, secret in zip(prompts.tokens.tolist(), hidden.tolist(), strict=True)}
    found: dict[tuple[int, ...], int] = {}
    seed = 0
    while len(found) < len(wanted):
        episodes = game.begin(seed)._env._episodes
        tokens = episodes.transcript[0, : game.mdp.prompt_length].tolist()
        found.setdefault((*tokens, *(tokens if prompts.hidden is None else episodes.hidden[0].tolist())), seed)
        seed += 1
    return sorted(found.values())


def rollouts(name: str, policy: str, folder: Path) -> list[tuple[float, dict[str, float]]]:
    seeds = [str(seed) for seed in seeds_of_all_starts(TextGame(name))]
    found: tuple[Any, str] = run_there("PG_LADDER_VERIFIERS", "verifiers", ROLLOUTS, folder, name, policy, *seeds)
    assert len(found[0]) == len(seeds)
    return [(reward, metrics) for reward, metrics in found[0]]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["guessnumber/small", "lock/small"])
def test_the_optimal_policy_has_the_mean_return(name: str, tmp_path: Path) -> None:
    """Over all starts, of which each is as likely as the others: the mean is J*, and the mean score is 1."""
    found = rollouts(name, "optimal", tmp_path)
    known = TextGame(name).optimal_return
    assert sum(reward for reward, _ in found) / len(found) == pytest.approx(known, abs=1e-6)
    assert sum(metrics["score"] for _, metrics in found) / len(found) == pytest.approx(1, abs=1e-6)
    assert {metrics["unreadable"] for _, metrics in found} == {0}


@pytest.mark.slow
def test_an_answer_that_cannot_be_read_is_counted(tmp_path: Path) -> None:
    found = rollouts("guessnumber/small", "nonsense", tmp_path)
    assert {(reward, metrics["unreadable"]) for reward, metrics in found} == {(-5, 1)}
