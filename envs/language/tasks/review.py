"""Go on with a review so that a reward model, learned from comparisons, likes it: RLHF on natural text.

state    s_t = (the prompt's tokens, the tokens so far), read by a pretrained language model
action   a_t in {0..V-1}: all tokens of the model but those that stand for no text; the END token ends the text
dynamics the token is appended; deterministic; prompts are uniform
reward   paid at the end. judge "reward": the reward model of the row's member; "gold": the gold judge; "own": a user's
         function. A text that is cut after `longest` tokens is paid `cut_reward`, or what its judge says of it
end      terminated after END or `longest` tokens
optimum  unknown, so scores are returns; the floor is J of the reference policy, where training begins
isolates what policy gradients do to texts beyond the reward they are paid: gold, fluency, diversity, likeness to SFT
source   Ouyang et al. 2022, "Training language models to follow instructions"; Stiennon et al. 2020, "Learning to
         summarize from human feedback"
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from envs.api import Doubles, Task
from envs.language.family import TextJudge
from envs.language.judged_mdp import KEPT, JudgedMDP
from envs.language.models.base import BaseModel
from envs.language.samples import ABSENT
from envs.text_mdp import PAD, Rows
from envs.validation import UnknownName, UsageError

PROBED = 256  # samples on which a user's function is tried


@dataclass(frozen=True, kw_only=True)
class Review(JudgedMDP):
    """Go on with these prompts; see JudgedMDP for the knobs."""

    def examine(self) -> None:
        """UsageError, before training, where model, prompts, reward model and samples do not belong together."""
        vocabulary, tokenizer = self.model.load().vocabulary, self.model.tokenizer()
        if wrong := [token for prompt in self.openings for token in prompt if not 0 <= token < vocabulary]:
            raise UsageError(f"a prompt has the token {wrong[0]}, and the model's are 0 to {vocabulary - 1}")
        _ = self.end_action
        self.check_context()
        if self.reward_model is not None:
            other = self.reward_model.base
            if other.tokenizer().digest != tokenizer.digest:
                raise UsageError(
                    f"the tokenizers of the reward model's base {other.path} and of {self.model.path} differ"
                )
            if self.transcript_length > (context := other.load().context):
                raise UsageError(
                    f"texts have up to {self.transcript_length} tokens, but the reward model reads {context}"
                )
        if self.samples is not None:
            known = self.samples.load().places
            if missing := [self.model.tokenizer().decode(p) for p in self.openings if p not in known]:
                raise UsageError(f"{len(missing)} prompts have no samples of the reference, such as {missing[0]!r}")
        if self.own is not None and self.samples is None:
            self.own([tokenizer.decode(prompt) for prompt in self.openings])
        elif self.own is not None:
            rows = self.reference_rows()
            self.own.examine(sorted({self.decode(row) for row in rows.transcript[:PROBED]}))

    def reference_rows(self) -> Rows:
        """The samples of the reference [S X n] on this task's prompts, as transcripts with their seeds."""
        assert self.samples is not None
        samples = self.samples.load()
        place = {token: i + 1 for i, token in enumerate(self.table or ())} | {ABSENT: PAD}
        at = [samples.places[prompt] for prompt in self.openings]
        completions = samples.completions[:, at]  # [S, X, n, T]
        _, _, n, longest = completions.shape
        if longest > self.longest:
            raise UsageError(f"the samples have up to {longest} tokens, and texts of this task {self.longest}")
        transcript = np.full((*completions.shape[:3], self.transcript_length), PAD, np.int64)
        transcript[..., : self.prompt_length] = self._starts[0].tokens[:, None]
        answer = np.vectorize(place.__getitem__, otypes=[np.int64])(completions)
        transcript[..., self.prompt_length : self.prompt_length + longest] = answer
        hidden = np.zeros((transcript[..., 0].size, KEPT + 1), np.int64)
        hidden[:, -1] = samples.seeds.repeat(len(at) * n)
        return Rows(transcript.reshape(len(hidden), -1), hidden)

    @property
    def samples_each(self) -> int:
        return 0 if self.samples is None else self.samples.load().gold.shape[2]

    def judged_samples(self, seed: int, device: str = "cpu") -> dict[str, Doubles]:
        """See HasSamples."""
        assert self.samples is not None
        every, count = self.reference_rows(), len(self.openings) * self.samples_each
        first = self.samples.load().seeds.tolist().index(seed) * count
        rows = Rows(every.transcript[first : first + count], every.hidden[first : first + count])
        found = dict(self.measures(self.paid(rows, device), count, device))
        found["length"] = (self.answers(rows.transcript) > 0).sum(1).astype(np.float64)
        return found

    def reference_return(self) -> float:
        """J of the reference policy: the mean reward of its samples, each member's by its own judge; their KL is 0."""
        rows = self.reference_rows()
        ended = self.ended(rows.transcript)
        paid = self._scores(rows, self.judge, ended, self.device)[self.judge]
        if self.cut_reward is not None:
            paid = np.where(ended, paid, self.cut_reward)
        return float(self.final_reward(paid).mean())


def review_task(
    name: str,
    model: BaseModel,
    gold_judge: TextJudge | None,
    openings: Sequence[Sequence[int]],
    *,
    floor: float | None = None,
    **knobs: Any,
) -> Task:
    """The Task of a model on these prompts, in the model's tokens; its floor, if not given, is from the samples.

    knobs  fields of Review
    UsageError before anything is trained: unknown knobs, and parts that do not belong together
    """
    own = {f.name for f in fields(Review)}
    for knob in knobs:
        if knob not in own:
            raise UnknownName("knob of review", knob, own)
    prompts = tuple(tuple(int(token) for token in opening) for opening in openings)
    mdp = Review(model=model, gold_judge=gold_judge, openings=prompts, **knobs)
    mdp.examine()
    if floor is None and mdp.samples is not None:
        floor = mdp.reference_return()
    return Task(
        name=name,
        factory=mdp,
        floor=floor,
        field="language",
        source="samples of the reference policy",
        gamma=mdp.gamma,
        beta=mdp.beta,
    )
