"""`play` on tasks with a reference policy: whose texts, with whose probabilities, paid by whom; errors by name."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest

from algorithms import VARIANTS
from algorithms.policies.networks.adapters import Adapters
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import Members
from algorithms.training_config import Episodes, TrainingConfig
from benchmarks.cli.main import main
from benchmarks.design.cell import Cell
from benchmarks.execution.train_cell import run_cell
from benchmarks.playback import completions
from benchmarks.playback import episode as playing
from benchmarks.playback.policy_files import load_policy, policy_path
from benchmarks.playback.saved_policy import SavedPolicy
from benchmarks.store.cells import read_cell_file
from envs.api import Task
from envs.language.tasks.phrase import phrase_task
from envs.language.tasks.review import Review, review_task
from envs.text_mdp import Rows, TextMDP
from tests.envs.language.tiny_phrases import StubJudge, tiny
from tests.envs.language.tiny_reviews import SEEDS, StubGold, adapters, review, reward_model

WRITERS = ["reference", "rloo", "best of 5 of the reference"]


def trained(task: Task, seeds: tuple[int, ...], start: Adapters) -> tuple[Path, list[Path]]:
    """The file of a cell of short training, and those of its policies."""
    training = TrainingConfig(start, collection=Episodes(envs=8, group=4), learning_rate=3e-2)
    cell = Cell(task, VARIANTS["rloo"], training, Members(seeds, (3e-2,) * len(seeds)), 200, Evaluation(1, 2))
    folder = Path(mkdtemp())
    run_cell(cell, folder / cell.file_name, "cpu", lambda event: None, policies=folder)
    return folder / cell.file_name, [policy_path(folder, cell, place) for place in range(len(seeds))]


@cache
def of_phrase() -> tuple[Path, list[Path]]:
    words = ("good", "bad", "the")
    task = phrase_task("phrase/test", tiny(), StubJudge(tiny(1)), words, length=2, beta=0.2)
    return trained(task, (3,), Adapters(rank=2))


@cache
def of_review() -> tuple[Path, list[Path]]:
    """Two members, each with a reference policy and a reward model of its own."""
    task = review_task("review/test", tiny(), StubGold(tiny(1)), review().openings, reward_model=reward_model(),
                       longest=5, beta=0.1, reference_adapters=adapters(1))  # fmt: skip
    return trained(task, SEEDS, Adapters(rank=2, start=adapters(1)))


def shown(saved: SavedPolicy, seed: int = 0, best_of: int = 5) -> tuple[str, list[completions.Completion]]:
    mdp = saved.task.factory
    assert isinstance(mdp, TextMDP)
    start = completions.start_seed(saved, seed, 0)
    played = playing.play(saved, saved.task.factory.make([start], 1), seed, 0, False, start)
    return completions.complete(saved, mdp, played, seed, 0, best_of)


def test_each_text_has_its_probabilities_and_is_paid_by_hand() -> None:
    saved = load_policy(of_phrase()[1][0], trust=("tests",))
    mdp = saved.task.factory
    prompt, found = shown(saved)
    assert [one.writer for one in found] == WRITERS
    place = [mdp.decode(start) for start in mdp.prompts().tokens].index(prompt)  # type: ignore[attr-defined]
    for one in found:
        actions = [("good", "bad", "the").index(word) for word in one.tokens]
        text = actions[0] * 3 + actions[1]
        reference = mdp.log_reference[place, text]  # type: ignore[attr-defined]
        assert np.log(one.reference).sum() == pytest.approx(reference, abs=1e-5)
        assert one.scores["reward"] == pytest.approx(mdp.proxy[place, text], abs=1e-6)  # type: ignore[attr-defined]
        assert one.scores["gold"] == sum({"good": 1.0, "bad": -1.0}.get(word, 0.0) for word in set(one.tokens))
        assert one.scores["kl"] == pytest.approx(np.log(one.policy).sum() - reference, abs=1e-5)
        assert abs(one.scores["kl"]) > 1e-3  # it has learned
    assert found[2].scores["reward"] >= found[0].scores["reward"]
    every = [shown(saved, best_of=n)[1] for n in (1, 2, 30)]
    assert [len(one) for one in every] == [2, 3, 3]
    best = max(mdp.proxy[place])  # type: ignore[attr-defined]
    assert every[2][2].scores["reward"] == pytest.approx(best, abs=1e-6)  # 30 texts of 9
    assert shown(saved)[1] != shown(saved, seed=1)[1]
    again = shown(saved)[1]
    assert [one.tokens for one in again] == [one.tokens for one in found]


def test_a_member_is_held_against_its_own_reference_and_reward_model() -> None:
    both = [load_policy(path, trust=("tests",)) for path in of_review()[1]]
    for saved, other in (both, both[::-1]):
        mdp = saved.task.factory
        assert isinstance(mdp, Review)
        prompt, found = shown(saved)
        for one in found:
            words = prompt.split() + list(one.tokens)
            assert one.tokens[-1] == "<end>" or len(one.tokens) == 5
            transcript = np.zeros((1, mdp.transcript_length), np.int64)
            ids = [mdp.tokens.index(word) for word in words]
            first = mdp.prompt_length - len(prompt.split())
            transcript[0, first : first + len(ids)] = ids
            paid = mdp.text_scores(transcript, saved.seed)["reward"][0]
            assert one.scores["reward"] == pytest.approx(paid, abs=1e-4)
            own, wrong = (
                mdp.reference_of(Rows(transcript, np.full((1, 4), seed)))[0, : len(one.tokens)]
                for seed in (saved.seed, other.seed)
            )
            np.testing.assert_allclose(np.log(one.reference), own, atol=1e-4)
            assert np.abs(own - wrong).max() > 1e-3


def test_lines_are_aligned_and_no_wider_than_the_terminal() -> None:
    one = completions.Completion(
        "rloo", ("a", "wonderful", "film", "<end>") * 4, np.array([0.5, 0.9999, 0.0001, 0.25] * 4),
        np.array([0.25, 0.9999, 0.0001, 0.5] * 4), {"reward": 1.0, "kl": -0.5},
    )  # fmt: skip
    lines = completions.completion_lines("it is", [one], width=60)
    assert lines[:3] == ["prompt: it is", "", "rloo:   reward 1   kl -0.5"]
    assert max(map(len, lines)) <= 60
    tables = [lines[i : i + 3] for i in range(3, len(lines), 3)]
    assert len(tables) > 1
    assert [word for table in tables for word in table[0].split()] == list(one.tokens)
    assert [word for table in tables for word in table[1].split()[1:]] == [".500", "1", "<.001", ".250"] * 4
    for table in tables:
        assert len({len(line) for line in table}) == 1
    shaded = completions.completion_lines("it is", [one], 60, shaded=True)
    green, red = (f"\x1b[48;5;{colours[1]}m" for colours in (completions.MORE, completions.LESS))  # of log 2 nats
    assert shaded[3].count(green) == shaded[3].count("a" + completions.RESET) > 0
    assert shaded[3].count(red) == shaded[3].count("<end>" + completions.RESET) > 0
    assert completions.shade("film", 0.0) == "film"
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in shaded] == lines


def test_the_command_writes_plain_text_and_names_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = of_phrase()[1][0]
    words = ["play", str(path), "--trust", "tests", "--best-of", "5", "--out", str(tmp_path)]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert said.startswith("phrase/test x rloo, seed 3: ")
    assert "reference policy " in said.splitlines()[0]
    assert [said.count(f"\n{writer}:   ") for writer in WRITERS] == [1, 1, 1]
    assert "\x1b" not in said
    assert "optimal: " in said
    (file,) = tmp_path.iterdir()
    assert file.read_text() in said
    assert main(["play", str(path).replace("seed3", "seed8")]) != 0
    assert f"is not there; the nearest is {path.name}" in capsys.readouterr().err
    assert main([*words, "--best-of", "0"]) != 0
    assert "--best-of must be" in capsys.readouterr().err


def test_a_cell_keeps_the_scores_of_its_samples() -> None:
    meta = read_cell_file(of_phrase()[0])[1]
    assert meta["text_scores"].keys() == meta["texts"].keys() == {"untrained", "trained", "optimal"}
    for writer, scores in meta["text_scores"].items():
        assert len(scores) == len(meta["texts"][writer]) == 3
        assert all({"reward", "gold"} <= of.keys() for of in scores)
    assert all(abs(of["kl"]) < 1e-5 for of in meta["text_scores"]["untrained"])
