"""The base class of tasks whose whole texts are paid by a judge, and measured by others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, Self, get_args

import numpy as np
import torch

from envs.api import Bools, Doubles, Ints
from envs.language.data.naive_bayes import HeldOutJudge
from envs.language.data.rewards import OwnReward
from envs.language.env import LanguageEnv, LanguageMDP
from envs.language.family import TextJudge, check_judge, judge_measures, measure_names
from envs.language.models.reward_model import RewardModel
from envs.language.reference import NO_MEMBER
from envs.language.samples import ReferenceSamples
from envs.language.text_measures import distinct_bigrams, win_rate
from envs.text_mdp import PAD, Prompts, Response, Rows
from envs.validation import UnknownName, UsageError, check_least

Judge = Literal["reward", "gold", "own"]
PAYS: Mapping[str, str] = {"reward": "reward_model", "gold": "gold_judge", "own": "own"}  # the field that a judge needs
KEPT = 3  # numbers of a judge that a row keeps: gold has the most
OF_MEMBERS = ("distinct_2", "reward_accuracy")  # measures that are not of single texts


@dataclass(frozen=True, kw_only=True)
class JudgedMDP(LanguageMDP):
    """Texts of a language model, paid at their end.

    openings      the prompts, in the model's tokens           longest       the most tokens of an answer
    judge         what pays                                    cut_reward    what a text without END is paid; None: what its
                                                                             judge says (TRL's missing_eos_penalty)
    reward_model  of each member's seed                        own           a user's function
    gold_judge, held_out, samples   for measures: judges that do not pay, and samples of the reference for the win rate;
                                    without a gold judge there is neither gold nor a win rate
    accuracy      (seed, that of its reward model on unseen pairs), as it was measured when the model was fitted
    device        where judges compute; no number depends on it but for rounding

    The hidden state holds the numbers of the judge that pays, as bits, once a text has ended, and the member's seed.
    """

    openings: tuple[tuple[int, ...], ...]
    gold_judge: TextJudge | None = None
    judge: Judge = "reward"
    reward_model: RewardModel | None = None
    own: OwnReward | None = None
    longest: int = 24
    cut_reward: float | None = None
    held_out: HeldOutJudge | None = None
    samples: ReferenceSamples | None = None
    accuracy: tuple[tuple[int, float], ...] = field(default=(), metadata={"hashed": False}, compare=False)
    device: str = field(default="cpu", metadata={"hashed": False}, compare=False)

    def check(self) -> None:
        if self.judge not in get_args(Judge):
            raise UnknownName("judge", self.judge, get_args(Judge))
        check_least(longest=(self.longest, 1))
        if getattr(self, PAYS[self.judge]) is None:
            raise UsageError(f"judge {self.judge!r} pays by {PAYS[self.judge]}, and there is none")
        if not self.openings or not all(self.openings):
            raise UsageError("every prompt needs a token, and there must be a prompt")
        if len(set(self.openings)) < len(self.openings):
            raise UsageError(f"of {len(self.openings)} prompts only {len(set(self.openings))} differ")
        if self.gold_judge is not None:
            check_judge(self.gold_judge.model, self.model)
        if self.cut_reward is not None and not np.isfinite(self.cut_reward):
            raise UsageError(f"cut_reward must be a finite number, not {self.cut_reward}")

    # ---- what the policy reads and writes

    @property
    def beginnings(self) -> tuple[tuple[int, ...], ...]:
        return self.openings

    @cached_property
    def action_tokens(self) -> tuple[int, ...]:
        """All tokens but those that stand for no text, such as padding; END stands for the end. UsageError without END."""
        return self.model.tokenizer().writable

    @cached_property
    def end_action(self) -> int:
        """The action that ends a text."""
        end = self.model.tokenizer().end
        assert end is not None or not self.action_tokens
        return self.action_tokens.index(end)

    @property
    def horizon(self) -> int:
        return self.longest

    def prompts(self) -> Prompts:
        every = super().prompts()
        hidden = np.zeros((len(every.tokens), KEPT + 1), np.int64)
        hidden[:, -1] = NO_MEMBER
        return every._replace(hidden=hidden)

    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        written = rows.transcript[:, self.position(t)]
        ended = written == self.first_action + self.end_action
        last = t == self.horizon - 1
        due = np.flatnonzero(ended | (last & (written != PAD)))
        reward, hidden = np.zeros(len(written)), rows.hidden
        if len(due):
            hidden = hidden.copy()
            found = self._scores(Rows(rows.transcript[due], hidden[due]), self.judge, ended[due], self.device)
            _keep(hidden, due, found)
            paid = found[self.judge]
            reward[due] = paid if self.cut_reward is None else np.where(ended[due], paid, self.cut_reward)
        return Response(reward, ended | last, hidden=hidden)

    def paid_by_gold(self) -> Self:
        """The same task, paid by gold and without a KL."""
        return replace(self, judge="gold", beta=0.0)

    # ---- what judges say

    def paid(self, rows: Rows, device: str = "cpu") -> Rows:
        """Whole texts [M] with the numbers of the judge that pays in their hidden state, as after their last action."""
        hidden = rows.hidden.copy()
        found = self._scores(rows, self.judge, self.ended(rows.transcript), device)
        _keep(hidden, np.arange(len(hidden)), found)
        return rows._replace(hidden=hidden)

    def _scores(self, rows: Rows, judge: Judge, ended: Bools, device: str) -> Mapping[str, Doubles]:
        """The score [M] of whole texts under its judge's name, and the parts of gold by their names."""
        if judge == "reward":
            assert self.reward_model is not None
            tokens = torch.from_numpy(self._model_tokens[rows.transcript]).to(device)
            real = torch.from_numpy(rows.transcript != PAD).to(device)
            found = self.reward_model.of_rows(self.seeds(rows).tolist(), tokens, real)
            return {"reward": found.double().cpu().numpy()}
        texts = [self.decode(transcript) for transcript in rows.transcript]
        if judge == "gold":
            assert self.gold_judge is not None
            return judge_measures(self.gold_judge, texts, ended, device)
        assert self.own is not None
        return {"own": self.own(texts)}

    @cached_property
    def _model_tokens(self) -> Ints:
        """The model's token of each token of the task; that of PAD is not read."""
        assert self.table is not None
        return np.array((0, *self.table), np.int64)

    def ended(self, transcripts: Ints) -> Bools:
        """[M] which transcripts have an end, rather than being cut."""
        found: Bools = (self.answers(transcripts) == self.first_action + self.end_action).any(1)
        return found

    def answers(self, transcripts: Ints) -> Ints:
        """The policy's tokens [M, T]."""
        return transcripts[:, self.prompt_length :]

    def measures(self, rows: Rows, texts: int, device: str = "cpu") -> dict[str, Doubles]:
        """What is measured of whole texts, of which so many belong to each member: [M] each.

        reward, gold, own     scores of the judges that there are       sentiment, nll   parts of gold
        held_out              probability of praise by naive Bayes      cut              1 for a text without END
        distinct_2            of all texts of the member                win_rate         by gold, against the samples
        reward_accuracy       of the member's reward model, if known
        A judge that pays has read the texts already: its numbers are in the hidden state.
        """
        ended, found = self.ended(rows.transcript), dict[str, Doubles]()
        for judge in get_args(Judge):
            if judge == self.judge:
                gold = self.gold_judge if judge == "gold" else None
                names = (judge,) if gold is None else measure_names(gold)
                bits = np.ascontiguousarray(rows.hidden[:, : len(names)].T)
                found |= dict(zip(names, bits.view(np.float64), strict=True))
            elif getattr(self, PAYS[judge]) is not None:
                found |= self._scores(rows, judge, ended, device)
        if self.held_out is not None:
            found["held_out"] = self.held_out.load().probability([self.decode(row) for row in rows.transcript])
        if self.samples is not None and "gold" in found:
            prompts = [tuple(self.model_tokens(row[: self.prompt_length])) for row in rows.transcript]
            found["win_rate"] = win_rate(found["gold"], self.samples.of(self.seeds(rows), prompts))
        answers = self.answers(rows.transcript)
        members = answers.reshape(-1, texts, answers.shape[1])
        found["distinct_2"] = np.repeat([distinct_bigrams(own) for own in members], texts)
        if known := dict(self.accuracy):
            found["reward_accuracy"] = np.array([known[seed] for seed in self.seeds(rows).tolist()])
        return found | {"cut": (~ended).astype(np.float64)}

    def text_scores(self, transcripts: Ints, seed: int, device: str = "cpu") -> Mapping[str, Doubles]:
        """What is paid, as "reward", and the measures of single texts; "reward_model" is one that does not pay."""
        hidden = np.full((len(transcripts), KEPT + 1), seed, np.int64)
        rows = self.paid(Rows(transcripts, hidden), device)
        found = {name: x for name, x in self.measures(rows, len(hidden), device).items() if name not in OF_MEMBERS}
        paid = found[self.judge]
        if self.cut_reward is not None:
            paid = np.where(self.ended(transcripts), paid, self.cut_reward)
        if self.judge != "gold":
            del found[self.judge]
        others = {"reward_model" if name == "reward" else name: x for name, x in found.items()}
        return {"reward": self.final_reward(paid)} | others

    def make(self, seeds: Sequence[np.random.SeedSequence], envs: int, group: int = 1) -> JudgedEnv:
        return JudgedEnv(self, seeds, envs, group)

    def optimal_return(self) -> float:
        raise UsageError("the best return of a review is unknown")

    def random_return(self) -> float:
        raise UsageError("the uniform policy writes nonsense: the floor of a review is J of the reference policy")

    def optimal_policy(self, rows: Rows, t: int) -> Doubles:
        raise UsageError("the best policy of a review is unknown")


def _keep(hidden: Ints, rows: Ints, scores: Mapping[str, Doubles]) -> None:
    """Write scores into the hidden state of these rows, as bits."""
    for i, x in enumerate(scores.values()):
        hidden[rows, i] = np.ascontiguousarray(x, np.float64).view(np.int64)


class JudgedEnv(LanguageEnv):
    """A LanguageEnv that measures its texts."""

    def __init__(self, mdp: JudgedMDP, seeds: Sequence[np.random.SeedSequence], envs: int, group: int) -> None:
        super().__init__(mdp, seeds, envs, group)
        self._judged = mdp

    def measures_of(self, transcripts: Ints, device: str) -> dict[str, Doubles]:
        """[P, N] of each measure, of the transcripts [P, N, L] of this episode."""
        rows = Rows(transcripts.reshape(len(self._hidden), -1), self._hidden)
        found = self._judged.measures(rows, self.shape[1], device)
        return {name: x.reshape(self.shape) for name, x in found.items()}
