"""Continue a review with a few words so that a reward model likes it: RLHF with a language model, small enough to solve.

state    s_t = (the prompt's tokens, the words so far), read by a pretrained language model
action   a_t in {0..V-1}: words, each one token of the model
dynamics the word is appended; deterministic; prompts are uniform
reward   paid at the end. judge "gold": sentiment of the text, where a second praise counts little, - c max(0, nll a token
         under a judge model - q). judge "proxy", for training: w . (counts of the words) / k, where w is a Bradley-Terry
         model of `pairs` comparisons of texts of the reference, labelled by sigmoid(k (gold_1 - gold_2)), a share `noise`
         of them wrong; the reference's mean proxy is 0 (Ouyang et al. 2022, section 3.5)
end      terminated after H words
optimum  J*_beta = mean over prompts of beta log E_ref exp(R / beta), reached by pi(s) = ref(s) exp(R(s) / beta) / Z
         (Rafailov et al. 2023, equation 4); with beta 0 the best text. The floor is J of the reference, the model itself
figures  they depend on the model: V^H texts a prompt are listed
isolates the policy gradients of RLHF on a real language model, against the exact optimum, gradient and gold-proxy frontier
source   Ouyang et al. 2022, "Training language models to follow instructions"; Gao, Schulman and Hilton 2023, "Scaling laws
         for reward model overoptimization"
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from typing import Any, Literal, get_args

import numpy as np

from envs.api import Doubles, Task
from envs.language import listed_texts as listed
from envs.language.data.judge import Gold
from envs.language.family import Family, TextJudge, check_judge, chosen_words, judged, sized
from envs.language.frontier import Frontier, Point
from envs.language.listed_mdp import ListedMDP, language_task
from envs.language.models.base import BaseModel
from envs.language.preferences import draw_pairs, fit_bradley_terry, label
from envs.validation import UnknownName, check_between, check_least

Judge = Literal["proxy", "gold"]
FRONTIER_BETAS = np.geomspace(100, 0.002, 200).tolist()
LARGEST_N = 64  # of the best of n on the frontier


@dataclass(frozen=True, kw_only=True)
class Phrase(ListedMDP):
    """judge: what pays; gold_judge: scores texts; pairs, sharpness (k), noise: the comparisons; instance: their seed."""

    gold_judge: TextJudge
    judge: Judge = "proxy"
    pairs: int = 1_000
    sharpness: float = 4.0
    noise: float = 0.1
    instance: int = 0

    def check(self) -> None:
        if self.judge not in get_args(Judge):
            raise UnknownName("judge", self.judge, get_args(Judge))
        super().check()
        check_least(pairs=(self.pairs, 1), instance=(self.instance, 0))
        check_between(noise=(self.noise, 0, 0.5))
        if not self.sharpness > 0:
            raise ValueError(f"sharpness must be above 0, not {self.sharpness}: pure chance teaches no reward")
        check_judge(self.gold_judge.model, self.model)

    @cached_property
    def gold(self) -> Doubles:
        """[X, S] the gold score of each text."""
        return self.judged(partial(judged, self.gold_judge))

    @cached_property
    def proxy(self) -> Doubles:
        """[X, S] the fitted reward of each text, in units of gold."""
        rng = np.random.default_rng(self.instance)
        prompt, texts = draw_pairs(self.log_reference, self.pairs, rng)
        won = label(self.gold[prompt, texts], self.sharpness, self.noise, rng)
        counts = (self.choices[..., None] == np.arange(self.actions)).sum(1).astype(np.float64)  # [S, V]
        reward = counts @ fit_bradley_terry(counts[texts], won) / self.sharpness
        centred = reward - (np.exp(self.log_reference) @ reward).mean()
        return np.tile(centred, (len(self.openings), 1))

    @property
    def paid(self) -> Doubles:
        """[X, S] what the judge pays."""
        return self.gold if self.judge == "gold" else self.proxy

    def paid_by_gold(self) -> Phrase:
        """The same task, paid by gold and without a KL."""
        return replace(self, judge="gold", beta=0.0)

    def frontier(self, betas: Sequence[float]) -> list[Point]:
        """KL, proxy and gold of the policy with the best proxy for each beta: no policy has more proxy at this KL."""
        return [self.measure(listed.tilted(self.log_reference, self.proxy, beta)) for beta in betas]

    def exact_frontier(self) -> Frontier:
        """With the best of 1 to 64 texts; see envs.language.frontier."""
        betas = sorted({*FRONTIER_BETAS, *([self.beta] if self.beta else [])}, reverse=True)
        gold = (self.measure(listed.tilted(self.log_reference, self.gold, beta)) for beta in betas)
        best = (self.best_of(n) for n in range(1, LARGEST_N + 1))
        return Frontier(self.beta, tuple(self.frontier(betas)), tuple(gold), tuple(best))

    def best_of(self, n: int) -> Point:
        """The best of n texts of the reference by proxy, with its exact KL."""
        return self.measure(listed.best_of(self.log_reference, self.proxy, n))

    def measure(self, policy: Doubles) -> Point:
        """KL to the reference, proxy and gold of a policy's texts [X, S]."""
        return listed.measure(policy, self.log_reference, self.proxy, self.gold)


OPENINGS = ("the movie was", "i thought the film was", "the story is", "it was")
WORDS = (
    "good", "great", "bad", "and", "best", "not", "very", "love", "fun", "the", "a", "is", "it", "so", "well", "film",
)  # fmt: skip
SIZES: dict[str, dict[str, Any]] = {
    "small": {"openings": OPENINGS[:2], "words": 4, "length": 3, "beta": 0.1},
    "medium": {"openings": OPENINGS, "words": 6, "length": 3, "beta": 0.1},
    "hard": {"openings": OPENINGS[:1], "words": 8, "length": 4, "beta": 0.1},
}


def phrase_task(
    name: str, model: BaseModel, judge: BaseModel | TextJudge, /, words: int | Sequence[str] = 4, **knobs: Any
) -> Task:
    """The Task of a model: floor J of the reference, ceiling J*_beta, gold beside the score.

    judge  the model of the gold judge, or the judge itself
    words  the actions, or how many of the task's own
    knobs  fields of Phrase, and of Gold if the judge is a model
    UsageError before anything is trained: unknown knobs, words of several tokens, too many texts, a constant reward
    """
    own, of_judge = ({f.name for f in fields(kind)} for kind in (Phrase, Gold))
    if isinstance(judge, BaseModel):
        of_judge -= {"model"}
        judge = Gold(judge, **{knob: knobs.pop(knob) for knob in list(knobs) if knob in of_judge})
    for knob in knobs:
        if knob not in own:
            raise UnknownName("knob of phrase", knob, own)
    chosen = chosen_words(model, words, WORDS)
    openings = tuple(knobs.pop("openings", OPENINGS[:2]))
    mdp = Phrase(model=model, words=chosen, openings=openings, gold_judge=judge, **knobs)
    _ = mdp.action_tokens
    views = [("gold", replace(mdp, judge="gold", beta=0.0))]
    return language_task(name, mdp, mdp.reference_return(), mdp.optimal_return(), views)


FAMILY = Family("phrase", "small", "medium", "hard", build=sized(phrase_task, SIZES))
